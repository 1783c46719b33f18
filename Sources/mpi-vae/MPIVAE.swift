internal import ArgumentParser
internal import Distributed
internal import Foundation
internal import Importing
internal import Logging
internal import Support
internal import Training

/// A command that all ranks run together.
protocol RankedCommand: ParsableCommand {
    /// - Returns: the status to exit with.
    func run(world: World) throws -> Int32
}

/// A command that reads and prints, which may well be one of several tasks: the first one does it, and all end as that does.
protocol ReadingCommand: ParsableCommand {}

@main
struct MPIVAE: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mpi-vae",
        abstract: "Trains variational autoencoders on CPU clusters: HDF5 in, HDF5 out, the same bits on any number of ranks.",
        discussion: """
            mpi-vae train                              trains on generated shapes, to try it out
            mpi-vae import idx --images F --output data.h5
            mpirun -n 8 mpi-vae train --data data.h5 --validation-fraction 0.1 --output runs/first
            mpi-vae embed --checkpoint runs/first --data data.h5 --output embeddings.h5
            """,
        version: programVersion,
        subcommands: [
            Train.self, Sweep.self, Embed.self, Evaluate.self, Reconstruct.self, Generate.self, Score.self, Impute.self,
            Export.self,
            Report.self, Reproduce.self, Import.self,
            Inspect.self, Check.self, Bench.self, Config.self, Slurm.self, Doctor.self, ProbeFile.self,
        ])

    /// Parses in every task, so that all end alike, but speaks in one.
    static func main() {
        // A crash of ours is a bug to report by its message; a page of registers per rank helps no user.
        Terminal.holdPlaces()
        LoggingSystem.bootstrap { _ in TerminalLog() }
        let launcher = Launcher()
        var given = Array(CommandLine.arguments.dropFirst())
        let isImportProcess = given.first == ImportProcess.command
        if isImportProcess {
            ImportProcess.begin()
            given[0] = "import"
        }
        do {
            let faults = try TestVariable.allowed(in: ProcessInfo.processInfo.environment)
            if !faults.isEmpty, launcher.rank == 0, !isImportProcess {
                Terminal.say("mpi-vae: warning: faults for tests are on: \(faults.joined(separator: " "))")
            }
            try Instructions.choose()
        } catch {
            // Nodes may have different processors: one task of each speaks.
            if launcher.localRank == 0 { Terminal.say("mpi-vae: error: \(error)") } else { sleep(2) }
            Foundation.exit((error as? Failure)?.exitStatus ?? Support.ExitCode.internal.rawValue)
        }
        let version = given == ["--version"] ? Version.lines.joined(separator: "\n") : nil
        if let text = version ?? Completion.script(given) ?? KeyHelp(given)?.text {
            if launcher.rank == 0 { print(text) }
            Foundation.exit(statusOfOutput())
        }
        do {
            if !isImportProcess, launcher.taskCount == 1, let status = try Import.runApart(given) { Foundation.exit(status) }
            let status = try run(try parse(Import.namingKind(given)), launcher)
            Foundation.exit(status == 0 ? statusOfOutput() : status)
        } catch  where !(error is Failure) && exitCode(for: error) == .success {
            // Help, or the version.
            if launcher.rank == 0 { exit(withError: error) }
            Foundation.exit(0)
        } catch {
            if launcher.rank == 0 {
                Terminal.say("mpi-vae: error: \((error as? Failure)?.message ?? "\(error)")")
            } else {
                // mpirun ends all tasks when the first one fails, so the one that speaks must be the first.
                sleep(2)
            }
            Foundation.exit((error as? Failure)?.exitStatus ?? Support.ExitCode.internal.rawValue)
        }
    }

    /// Throws ``Failure`` (64) for words that are no command, or what the parser throws for help.
    private static func parse(_ given: [String]) throws -> any ParsableCommand {
        let words = try CommandWords(given)
        do {
            return try parseAsRoot(words.words)
        } catch  where exitCode(for: error) != .success {
            throw Failure(.usage, words.line(for: error))
        }
    }

    /// Does what the command says: once, or in all tasks together; each task gets the same status.
    private static func run(_ command: any ParsableCommand, _ launcher: Launcher) throws -> Int32 {
        var command = command
        if let speaking = command as? any SpeakingCommand {
            speaking.speech.begin(launcher, command: speaking is any ImportCommand ? "import" : type(of: speaking)._commandName)
        }
        switch command {
        case let ranked as any RankedCommand: return withMPI { try ranked.run(world: $0) }
        // One of another task's process, and none of the launcher's.
        case is ProbeFile, is MPIVAE: try command.run()
        // The parser's own, which prints.
        case let help where type(of: help)._commandName == "help": if launcher.rank == 0 { try command.run() }
        case is any ReadingCommand where launcher.taskCount > 1 && launcher.joinsTasks:
            return withMPI { world in
                try world.onRoot { try command.run() }
                return 0
            }
        case is any ReadingCommand:
            // Tasks that cannot find each other all do it, and the first one speaks.
            if launcher.rank > 0 { Terminal.silence() }
            try command.run()
        default:
            guard launcher.taskCount == 1 else {
                throw Failure(
                    .usage,
                    "this command is done by one process, but \(launcher.taskCount) were started: run it without "
                        + "mpirun or srun")
            }
            try command.run()
        }
        return 0
    }

    /// Results that went to a full disk are no results, though all files may be whole.
    private static func statusOfOutput() -> Int32 {
        if Terminal.flush() { return 0 }
        Terminal.say("mpi-vae: error: not all results could be written to stdout: is it closed, or its disk full?")
        return Support.ExitCode.inputOutput.rawValue
    }
}

/// Messages on stderr, one line each, in one write.
struct TerminalLog: LogHandler {
    /// Of all messages, set before the first.
    nonisolated(unsafe) static var level = Logger.Level.notice

    var logLevel = TerminalLog.level
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let prefix = event.level >= .warning ? "mpi-vae: \(event.level): " : "mpi-vae: "
        // It may quote names and labels out of files.
        Terminal.say(prefix + "\(event.message)".printable(limit: 1 << 16))
    }
}
