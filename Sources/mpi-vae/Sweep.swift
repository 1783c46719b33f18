internal import Analysis
internal import ArgumentParser
internal import Campaigns
internal import Distributed
internal import Logging
internal import Support
internal import Training

struct Sweep: RankedCommand, SpeakingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model for every combination of some values, or for every fold of the data, and compare them.",
        discussion: """
            mpirun -n 8 mpi-vae sweep --data data.h5 --validation-fraction 0.1 --grid latent=2,8,32 --grid beta=0.5,1 --output sweeps/a
            mpirun -n 8 mpi-vae sweep --data data.h5 --folds 5 --output sweeps/b

            Runs follow each other, each in a folder of its own as train writes it. The same command goes on where it stopped, also with \
            further values. sweep.csv, sweep-means.csv (over folds and seeds) and sweep.svg compare the runs. All arguments of train hold \
            for every run. Exit codes: 0 all done, 75 stopped and saved, 65 some runs failed and the others are done, else as train.
            """)

    @Option(help: "A key of the configuration and its values: latent=2,8,32, or 'hidden=400;400,200' for lists. May be repeated.")
    var grid: [String] = []
    @Flag(help: "Show the runs and their numbers, and train nothing.") var list = false
    @Flag(help: "Write the tables anew from what the folders hold, and train nothing.") var table = false
    @Option(help: "Train only the run of this number, as for a job of an array.") var task: String?
    @OptionGroup var speech: SpeechFlags
    @OptionGroup var source: ConfigurationOptions

    func run(world: World) throws -> Int32 {
        let log = Logger(label: "sweep")
        var task: Int?
        var runs = ""
        let sweep = try ParameterSweep(world: world, log: log, training: TrainingRun.run(_:world:log:)) {
            if [list, table, self.task != nil].count(where: { $0 }) > 1 {
                throw Failure(.usage, "--list, --table and --task exclude each other: give one")
            }
            let grid = try SweepGrid(grid, given: Set(source.flags.values.keys)) { try source.read(adding: $0) }
            task = try self.task.map { try grid.number($0) }
            runs = grid.list
            return grid
        }
        if list {
            if world.isRoot { print(runs) }
            return 0
        }
        if table {
            if let text = try sweep.table() { print(text) }
            return 0
        }
        return try sweep.train(task: task).rawValue
    }
}
