internal import Foundation
internal import Support

/// How a page came about, as rows of a table.
package enum CommandProvenance {
    /// The command that runs, where, when, and which program.
    package static var rows: [(String, String)] {
        [
            ("command", text(CommandLine.arguments)), ("in the folder", FileManager.default.currentDirectoryPath),
            ("written", date(ISO8601DateFormatter().string(from: Date()))), ("version", "mpi-vae \(programVersion)"),
        ]
    }

    /// A command as a shell takes it.
    package static func text(_ command: [String]) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,+@%")
        return command.enumerated().map { index, word in
            if index == 0 { return FilePath.name(of: word) }
            return !word.isEmpty && word.allSatisfy(plain.contains) ? word : "'\(word.replacing("'", with: "'\\''"))'"
        }.joined(separator: " ")
    }

    /// 2026-01-31T12:00:00Z as it is read.
    package static func date(_ text: String) -> String { text.replacing("T", with: " ").replacing("Z", with: " UTC") }
}
