internal import ArgumentParser
internal import Support
internal import Training

/// The words that the program was called with, and what to say of those that are wrong.
struct CommandWords {
    /// As they are parsed.
    let words: [String]
    /// The command that they name, as far as it is known.
    private let command: any ParsableCommand.Type

    /// Throws ``Failure`` (64) for a command that there is not.
    init(_ given: [String]) throws {
        let words = Self.attachingNumbers(given)
        let command = Self.command(words)
        if command == MPIVAE.self, let word = words.first, !word.hasPrefix("-"), word != "help" {
            let names = MPIVAE.configuration.subcommands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
            let hint = GuessedNames.hint(forCommand: word, among: names) ?? "there are \(names.joined(separator: ", "))"
            throw Failure(.usage, "unknown command '\(word)': \(hint)")
        }
        (self.words, self.command) = (words, command)
    }

    /// The command that words begin with.
    private static func command(_ words: [String]) -> any ParsableCommand.Type {
        var command: any ParsableCommand.Type = MPIVAE.self
        for word in words {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == word }) else { break }
            command = next
        }
        return command
    }

    /// A negative number behind a flag is its value, and no other flag.
    private static func attachingNumbers(_ words: [String]) -> [String] {
        var result: [String] = []
        for word in words {
            if let flag = result.last, flag.hasPrefix("-"), flag != "--", !flag.contains("="), isNegative(word),
                !result.contains("--")
            {
                // A flag of one letter and one of more are parted from their values alike.
                result[result.count - 1] = "\(flag)=\(word)"
            } else {
                result.append(word)
            }
        }
        return result
    }

    private static func isNegative(_ word: String) -> Bool {
        guard word.hasPrefix("-"), let next = word.dropFirst().first else { return false }
        return next.isNumber || next == "." || ["-inf", "-infinity", "-nan"].contains(word.lowercased())
    }

    /// One line for an error of the parser, which says what there is instead.
    func line(for error: any Error) -> String {
        let text = command.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
        let help = "see mpi-vae \(command == MPIVAE.self ? "" : "\(command._commandName) ")--help"
        // What is missing may have been given by another name.
        let isMissing = text.hasPrefix("Missing expected argument")
        if let option = Self.quoted(in: text, after: "Unknown option ") ?? (isMissing ? unknownOption : nil) {
            let hint = GuessedNames.hint(for: option, among: options) { "'--\($0)'" }
            return "unknown option '\(option)': \(hint ?? help)"
        }
        if let word = Self.quoted(in: text, after: "Unexpected argument "), options.contains("data"), FilePath.exists(word) {
            return "unexpected argument '\(word)': data are given by --data \(FilePath.shellWord(word))"
        }
        let start = text.prefix(1).lowercased() + text.dropFirst()
        return "\(start)\(start.hasSuffix(".") ? "" : ":") \(help)"
    }

    /// The first flag that was given and that the command has not, with its dashes.
    private var unknownOption: String? {
        let known = Set(options)
        return words.prefix { $0 != "--" }.lazy.filter { $0.hasPrefix("--") }
            .map { String($0.split(separator: "=", omittingEmptySubsequences: false)[0]) }
            .first { !known.contains(String($0.dropFirst(2))) }
    }

    /// The flags of the command, without their dashes.
    private var options: [String] {
        var names: [String] = []
        for line in command.helpMessage(includeHidden: false, columns: 200).split(separator: "\n") {
            let words = line.split { " ,/<".contains($0) }
            guard words.first?.hasPrefix("-") == true else { continue }
            names += words.prefix { $0.hasPrefix("-") }.filter { $0.hasPrefix("--") }.map { String($0.dropFirst(2)) }
        }
        return names
    }

    /// What stands in quotation marks behind some words at the start.
    private static func quoted(in text: String, after start: String) -> String? {
        guard text.hasPrefix(start + "'") else { return nil }
        return text.dropFirst(start.count + 1).split(separator: "'", omittingEmptySubsequences: false).first.map(String.init)
    }
}
