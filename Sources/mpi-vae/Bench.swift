internal import ArgumentParser
internal import Distributed
internal import Logging
internal import Training

struct Bench: RankedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure this machine and where the time of a training step goes; writes nothing.",
        discussion: """
            Takes the configuration of train. Bounds and steps are measured in one run, since machines are noisy: the speed of the \
            step's matrix products alone, memory, messages between ranks, then real steps, part by part.
            """)

    @Option(help: "How long to measure steps, in seconds.") var seconds = 5.0
    @Flag(help: "Write JSON.") var json = false
    @Flag(help: "Write CSV.") var csv = false
    @Option(
        help: """
            Predict steps on other machines like this node, for example "nodes=1,8,64 gbps=10,100 us=20": numbers of nodes, their
            network's Gb/s and latency.
            """)
    var predict: String?
    @OptionGroup var source: ConfigurationOptions

    func validate() throws {
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds must be above 0 and at most 3600") }
        if json, csv { throw ValidationError("--json or --csv, not both") }
    }

    func run(world: World) throws -> Int32 {
        let log = Logger(label: "bench")
        let request = try predict.map { text in try world.together { try PredictionRequest(text) } }
        let configuration = try source.load(world: world, log: log)
        if let report = try StepBenchmark.run(configuration, seconds: seconds, world: world, log: log) {
            print(json ? try report.json() : csv ? report.csv() : report.text())
            if let request {
                let model = CostModel(report)
                let steps = request.networks.flatMap { network in
                    request.nodes.map { model.predict(nodes: $0, network: network) }
                }
                print("\n" + CostModel.table(steps))
            }
        }
        return 0
    }
}
