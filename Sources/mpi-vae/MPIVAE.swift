internal import ArgumentParser
internal import Distributed
internal import Foundation
internal import Logging
internal import Training

/// A command that all ranks run together.
protocol RankedCommand: ParsableCommand {
    /// - Returns: the status to exit with.
    func run(world: World) throws -> Int32
}

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
            Report.self,
            Import.self,
            Inspect.self, Check.self, Bench.self, Config.self, Slurm.self, Doctor.self, ProbeFile.self,
        ])

    /// Parses on every rank, so that all end alike, but speaks on one.
    static func main() {
        // A crash of ours is a bug to report by its message; a page of registers per rank helps no user.
        Terminal.holdPlaces()
        LoggingSystem.bootstrap { _ in TerminalLog() }
        let speaks = (launcherRank ?? 0) == 0
        do {
            var command = try parseAsRoot(Import.namingKind(Array(CommandLine.arguments.dropFirst())))
            if let ranked = command as? any RankedCommand {
                let status = withMPI { try ranked.run(world: $0) }
                Foundation.exit(status == 0 ? statusOfOutput() : status)
            }
            if speaks { try command.run() }
            Foundation.exit(statusOfOutput())
        } catch let failure as Failure {
            Terminal.say("mpi-vae: error: \(failure.message)")
            Foundation.exit(failure.exitStatus)
        } catch {
            if !speaks {
                // mpirun ends all ranks when the first one fails, so the one that speaks must be the first.
                sleep(2)
                Foundation.exit(exitCode(for: error).rawValue)
            }
            exit(withError: error)
        }
    }

    /// Results that went to a full disk are no results, though all files may be whole.
    private static func statusOfOutput() -> Int32 {
        if Terminal.flush() { return 0 }
        Terminal.say("mpi-vae: error: not all results could be written to stdout: is it closed, or its disk full?")
        return Training.ExitCode.inputOutput.rawValue
    }
}

/// Messages on stderr, one line each, in one write.
struct TerminalLog: LogHandler {
    var logLevel = Logger.Level.notice
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let prefix = event.level >= .warning ? "mpi-vae: \(event.level): " : "mpi-vae: "
        Terminal.say("\(prefix)\(event.message)")
    }
}
