internal import ArgumentParser
internal import Distributed
internal import Logging
internal import Support

/// How much a command says while it works.
struct SpeechFlags: ParsableArguments {
    @Option(
        help: "How progress is shown: auto (a bar on a terminal, a line a minute elsewhere), bar, lines, none.",
        transform: Self.style)
    var progress = ProgressLine.Style.auto
    @Flag(name: .shortAndLong, help: "Say nothing but results, warnings and errors.") var quiet = false
    @Flag(name: .shortAndLong, help: "Also say what was decided, and why.") var verbose = false

    private static func style(_ text: String) throws -> ProgressLine.Style {
        guard let style = ProgressLine.Style(rawValue: text) else {
            let all = ProgressLine.Style.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--progress is '\(text)', but must be one of \(all)")
        }
        return style
    }

    func validate() throws {
        if quiet, verbose { throw ValidationError("--quiet or --verbose, not both") }
    }

    /// Speaks so from now on.
    func begin(_ launcher: Launcher, command: String) {
        TerminalLog.level = quiet ? .warning : verbose ? .info : .notice
        guard launcher.rank == 0 else { return }
        Activity.begin(command)
        ProgressLine.begin(quiet ? .none : progress, isLaunched: launcher.isPresent)
    }
}

/// A command that works long enough to say how far it is.
protocol SpeakingCommand: ParsableCommand {
    var speech: SpeechFlags { get }
}
