internal import ArgumentParser
internal import Distributed
internal import Foundation
internal import Logging
internal import Training

struct Train: RankedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model, or go on training it.",
        discussion: """
            Reads mpi-vae.toml in the current folder, if there is one, or the file given with --config; environment variables
            MPI_VAE_<KEY>, --set and flags win over it, in this order. The same command started again goes on from the newest
            checkpoint in the output folder, on any number of ranks. Exit codes: 0 done, 75 stopped and saved, 65 bad data,
            66 input missing, 73 output cannot be created, 78 configuration.
            """)

    @Option(help: "TOML file with the configuration (see `mpi-vae config`).") var config: String?
    @Option(name: .customLong("set"), help: "Set any key: section.key=value. May be repeated.") var assignments: [String] = []
    @OptionGroup(title: "Configuration keys") var flags: ConfigurationFlags

    func run(world: World) throws -> Int32 {
        let log = Logger(label: "train")
        // One rank reads; a file that changes under way is the same for all.
        var text = ""
        try world.onRoot {
            let ownFile = FileManager.default.fileExists(atPath: "mpi-vae.toml") ? "mpi-vae.toml" : nil
            if config == nil, ownFile != nil { log.notice("configuration: mpi-vae.toml of this folder") }
            text = try Configuration.load(
                file: config ?? ownFile, environment: ProcessInfo.processInfo.environment, flags: flags.values,
                assignments: assignments
            ).resolvedTOML()
        }
        text = String(decoding: try world.communicator.broadcast(Array(text.utf8)), as: UTF8.self)
        let configuration = try Configuration(toml: text, name: "configuration")
        return try TrainingRun.run(configuration, world: world, log: log).rawValue
    }
}
