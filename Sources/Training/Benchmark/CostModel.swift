internal import Foundation
internal import Support

/// Predicts the time of a step on more ranks and other networks from what a benchmark measured on this machine.
///
/// A step is computation, which every rank does alone; sums and updates, which memory bounds; barriers; and between nodes one
/// exchange of sums and one gather of parameters, each of which moves (N - 1) / N of the parameters out of every node and takes
/// N - 1 messages one after the other. The terms are explained in docs/performance.md.
public struct CostModel: Sendable {
    /// What nodes are connected by.
    public struct Network: Sendable, Equatable {
        /// Gigabits per second of one node, each way.
        public var gigabits: Double
        /// Seconds that a small message takes.
        public var latency: Double
    }

    /// A prediction.
    public struct Step: Sendable {
        public var nodes: Int
        public var ranks: Int
        public var network: Network
        public var compute: Double
        /// Sums, update, barriers.
        public var reduce: Double
        public var exchange: Double
        public var seconds: Double { compute + reduce + exchange }
        /// Rows per second of all ranks.
        public var samplesPerSecond: Double
        /// Rows per second of a rank, relative to a rank that is alone.
        public var efficiency: Double
    }

    package let parameters: Double
    let rowsPerRank: Double
    package let ranksPerNode: Int
    let shardsPerRank: Int
    let bytesOnWire: Double
    private let secondsPerRow: Double
    private let secondsPerStep: Double
    private let foldBytesPerSecond: Double
    private let updateSecondsPerParameter: Double
    private let barrier: Double

    /// - Parameters:
    ///   - report: of a run with as many ranks on this node as the nodes to be predicted will have.
    public init(_ report: BenchmarkReport) {
        func seconds(_ names: String...) -> Double {
            report.phases.filter { names.contains($0.name) }.reduce(0) { $0 + $1.seconds }
        }
        parameters = Double(report.parameters)
        ranksPerNode = report.ranksPerNode
        rowsPerRank = Double(report.globalBatch) / Double(report.ranks)
        shardsPerRank = max(1, report.shards / report.ranks)
        bytesOnWire = report.wire == "bf16" ? 2 : 4
        secondsPerRow = seconds("data", "forward", "noise", "loss", "backward") / rowsPerRank
        secondsPerStep = seconds("prepare", "other")
        // A rank reads as many floats as all parameters have, for each gradient that a rank keeps.
        let foldBytes = 4 * parameters * Double(min(8, shardsPerRank))
        foldBytesPerSecond = max(foldBytes / max(seconds("fold"), 1e-9), 1)
        updateSecondsPerParameter = seconds("update") / (parameters / Double(report.ranks))
        // A step of two ranks on a node waits three times; what a busy machine adds to that is in the measured waits.
        barrier = report.ranks > 1 && report.ranks == report.ranksPerNode ? seconds("wait") : 3 * report.barrierSeconds
    }

    /// A step on `nodes` such nodes with the same rows per rank.
    public func predict(nodes: Int, network: Network) -> Step {
        let ranks = nodes * ranksPerNode
        let compute = secondsPerStep + secondsPerRow * rowsPerRank
        let fold = 4 * parameters * Double(min(8, shardsPerRank)) / foldBytesPerSecond
        // What other nodes sent of a rank's piece is summed too.
        let foldReceived = nodes > 1 ? 4 * parameters / Double(ranksPerNode) / foldBytesPerSecond : 0
        let update = updateSecondsPerParameter * parameters / Double(ranks)
        let others = Double(nodes - 1)
        let moved = (bytesOnWire + 4) * parameters * others / Double(nodes)
        let messages = 2 * others + (nodes > 1 ? 2 * Double(Int.bitWidth - (nodes - 1).leadingZeroBitCount) : 0)
        let exchange = moved * 8 / (network.gigabits * 1e9) + messages * network.latency
        var step = Step(
            nodes: nodes, ranks: ranks, network: network, compute: compute, reduce: fold + foldReceived + update + barrier,
            exchange: exchange, samplesPerSecond: 0, efficiency: 0)
        step.samplesPerSecond = rowsPerRank * Double(ranks) / step.seconds
        let alone = compute + fold + updateSecondsPerParameter * parameters
        step.efficiency = alone / step.seconds
        return step
    }

    /// The predictions as a table.
    public static func table(_ steps: [Step]) -> String {
        var lines = ["  ranks  nodes  Gb/s  latency us   compute   reduce  exchange      step ms   samples/s  efficiency"]
        for step in steps {
            lines.append(
                String(
                    format: "%7ld %6ld %5.0f %11.1f %9.2f %8.2f %9.2f %12.2f %11.0f %10.1f%%", step.ranks, step.nodes,
                    step.network.gigabits, step.network.latency * 1e6, step.compute * 1e3, step.reduce * 1e3,
                    step.exchange * 1e3, step.seconds * 1e3, step.samplesPerSecond, 100 * step.efficiency))
        }
        return lines.joined(separator: "\n")
    }
}

/// What to predict, as `nodes=1,8,64 gbps=10,100 us=2`.
public struct PredictionRequest: Sendable, Equatable {
    public var nodes: [Int]
    public var networks: [CostModel.Network]

    /// - Throws: ``Failure`` (64) that says what is wrong.
    public init(_ text: String) throws {
        var values = ["nodes": "1,2,4,8,16,32,64,128,256,512", "gbps": "10,25,100,200,400", "us": ""]
        for part in text.split(whereSeparator: { " ;".contains($0) }) {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, values[pair[0]] != nil else {
                throw Failure(.usage, "--predict: '\(part)' is not one of nodes=..., gbps=..., us=...")
            }
            values[pair[0]] = pair[1]
        }
        func numbers(_ name: String) throws -> [Double] {
            try values[name]!.split(separator: ",").map { text in
                guard let number = Double(text), number > 0, number <= 1e6 else {
                    throw Failure(.usage, "--predict: \(name) is '\(text)', but must be a number above 0")
                }
                return number
            }
        }
        nodes = try numbers("nodes").map { Int($0) }
        guard nodes.allSatisfy({ $0 >= 1 }) else { throw Failure(.usage, "--predict: nodes must be whole numbers from 1") }
        let latencies = try numbers("us")
        // Ethernet by TCP up to 25 Gb/s, faster networks with remote memory access.
        networks = try numbers("gbps").flatMap { gigabits in
            (latencies.isEmpty ? [gigabits <= 25 ? 20 : 2] : latencies).map {
                CostModel.Network(gigabits: gigabits, latency: $0 * 1e-6)
            }
        }
    }
}
