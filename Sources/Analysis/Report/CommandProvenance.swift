internal import Distributed
internal import Foundation
internal import Support
internal import Training

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
    static func text(_ command: [String]) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,+@%")
        return command.enumerated().map { index, word in
            if index == 0 { return FilePath.name(of: word) }
            return !word.isEmpty && word.allSatisfy(plain.contains) ? word : "'\(word.replacing("'", with: "'\\''"))'"
        }.joined(separator: " ")
    }

    /// 2026-01-31T12:00:00Z as it is read.
    static func date(_ text: String) -> String { text.replacing("T", with: " ").replacing("Z", with: " UTC") }
}

extension TrainedModel {
    /// Adds how a page came about: the command, when, by which model, of which data. Used by root alone.
    ///
    /// - Parameter data: as they are called.
    func addProvenance(of data: String, to page: inout HTMLPage) {
        page.section(
            "How it was made",
            HTMLPage.table(
                CommandProvenance.rows + [
                    ("ranks", "\(world.size)"), ("data", data), ("model", "\(place.path), step \(checkpoint.progress.step)"),
                    ("digest", "\(checkpoint.digest ?? "none") of its parameters"),
                ]))
    }
}
