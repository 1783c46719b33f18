internal import Analysis
internal import ArgumentParser
internal import Distributed
internal import Logging
internal import Support
internal import Training

struct Train: RankedCommand, SpeakingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model, or go on training it.",
        discussion: """
            Reads mpi-vae.toml in the current folder, if there is one, or the file given with --config; environment variables
            MPI_VAE_<KEY>, --set and flags win over it, in this order. The same command started again goes on from the newest
            checkpoint in the output folder, on any number of ranks. Exit codes: 0 done, 75 stopped and saved, 65 bad data,
            66 input missing, 73 output cannot be created, 78 configuration.
            """)

    @Flag(help: "Open everything, show the plan and what it takes, and write nothing.") var dryRun = false
    @Flag(help: "Open the data, show the layers of the model for them, and write nothing.") var explain = false
    @OptionGroup var speech: SpeechFlags
    @OptionGroup var source: ConfigurationOptions

    func run(world: World) throws -> Int32 {
        let log = Logger(label: "train")
        let configuration = try source.load(world: world, log: log, writes: !dryRun && !explain)
        if explain {
            if let table = try TrainingRun.explain(configuration, world: world, log: log) { print(table) }
            return 0
        }
        if dryRun {
            if let plan = try TrainingRun.plan(configuration, world: world, log: log) { print(plan) }
            return 0
        }
        return try TrainingRun.run(configuration, world: world, log: log).rawValue
    }
}
