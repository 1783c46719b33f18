internal import Analysis
internal import ArgumentParser
internal import Distributed
internal import Logging
internal import Support
internal import Training

struct Report: RankedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a page about a run, to open in any browser: losses, KL per latent, a map of the codes, images.")

    @Argument(help: "The folder of the run; or a checkpoint in it, to show that one.", transform: FilePath.expandingHome)
    var folder: String
    @Option(
        help: "The HTML file to write; report.html in the folder of the run if none is given. - for standard output.",
        transform: FilePath.expandingHome)
    var output: String?
    @Option(
        parsing: .upToNextOption,
        help:
            "Columns of the data that the map of the codes is coloured by, besides the labels, by commas: /obs/batch, or its name."
    )
    var colour: [String] = []
    @Flag(help: "Replace --output if it is there.") var force = false
    @Option(help: "Threads per rank; 0 for the processors that the rank was given.") var threads = 0

    func validate() throws { try checkThreads(threads) }

    func run(world: World) throws -> Int32 {
        let model = try TrainedModel(folder, world: world, threads: threads, log: Logger(label: "model"))
        let path = try model.report(to: output, colours: colour.flatMap(listed), force: force)
        if world.isRoot { Terminal.sayWritten(path) }
        return 0
    }
}
