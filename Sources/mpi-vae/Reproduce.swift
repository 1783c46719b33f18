internal import ArgumentParser
internal import Campaigns
internal import Distributed
internal import Logging
internal import Support
internal import Training

struct Reproduce: RankedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a run again, on any number of ranks, and tell whether it gives the same bits.",
        discussion: """
            Trains by the config.toml of the run, compares the digests of the parameters epoch by epoch with those in its metrics.csv, and at \
            the end with its newest checkpoint. Nothing in the run's folder is changed. Exit codes: 0 the same bits; 65 other bits, with where \
            they first differ, or a run that cannot be compared; 66 run or data missing; 75 stopped before it was known.
            """)

    @Argument(help: "The folder of the run.", transform: FilePath.expandingHome) var run: String
    @Option(help: "The data, file.h5[:/path], if they lie elsewhere now; they must have the same content.") var data = ""
    @Option(help: "The same for the data to validate on.") var validationData = ""
    @Option(help: "The same for the data to test on.") var testData = ""
    @Option(
        help: "The same for the trained parameters that the run began with: a checkpoint or the folder of a run.",
        transform: FilePath.expandingHome)
    var from = ""
    @Option(help: "Epochs after which to stop, for a quick look; 0 for all.") var epochs = 0
    @Option(help: "Threads per rank; 0 for the processors that the rank was given.") var threads = 0
    @Option(
        help: "A folder to train in, which stays; if none is given, one beside the run that is removed at the end.",
        transform: FilePath.expandingHome)
    var output = ""

    func validate() throws {
        try checkThreads(threads)
        if run.isEmpty { throw ValidationError("RUN is empty, but must name the folder of a run") }
        if epochs < 0 { throw ValidationError("--epochs must be at least 0") }
    }

    func run(world: World) throws -> Int32 {
        var reproduction = Reproduction()
        reproduction.data = data
        reproduction.validationData = validationData
        reproduction.testData = testData
        reproduction.from = from
        reproduction.epochs = epochs
        reproduction.threads = threads
        reproduction.output = output
        return try reproduction.run(run, world: world, log: Logger(label: "reproduce")).rawValue
    }
}
