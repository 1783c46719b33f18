import Foundation
import Support
import Testing
import Training

/// Predictions worked out by hand from a measured step.
struct CostModelTests {
    /// Two ranks on one node, 8 shards, 128 rows each, a million parameters: 8 ms for the rows, 0.5 ms besides, 0.8 ms for the sums of four
    /// gradients, 0.4 ms for the update of half of the parameters, and 0.1 ms of waiting.
    private func model(wire: String = "fp32", ranks: Int = 2, ranksPerNode: Int = 2, shards: Int = 8) throws -> CostModel {
        let phases = [
            ("data", 0.001), ("forward", 0.002), ("noise", 0.0005), ("loss", 0.0005), ("backward", 0.004), ("prepare", 0.0003),
            ("other", 0.0002), ("fold", 0.0008), ("update", 0.0004), ("wait", 0.0001),
        ]
        let report: [String: Any] = [
            "processor": "", "ranks": ranks, "ranksPerNode": ranksPerNode, "threads": 1, "precision": "fp32", "wire": wire,
            "shards": shards, "globalBatch": 128 * ranks, "parameters": 1_000_000, "products": [], "multiplyAddsPerSecond": 1e11,
            "memoryBytesPerSecond": 1e10, "barrierSeconds": 2e-5, "stepSeconds": 0.0098, "residentBytes": 1, "dataBytes": 1,
            "phases": phases.map { ["name": $0, "seconds": $1] as [String: Any] },
        ]
        return CostModel(
            try JSONDecoder().decode(BenchmarkReport.self, from: JSONSerialization.data(withJSONObject: report)))
    }

    private func network(_ text: String) throws -> CostModel.Network { try PredictionRequest(text).networks[0] }

    private func expect(_ value: Double, _ wanted: Double) {
        #expect(abs(value / wanted - 1) < 1e-12, "\(value), not \(wanted)")
    }

    /// One node is what was measured.
    @Test func oneNode() throws {
        let step = try model().predict(nodes: 1, network: network("gbps=10 us=20"))
        #expect(step.ranks == 2 && step.exchange == 0)
        expect(step.compute, 0.0085)
        expect(step.reduce, 0.0013)
        expect(step.seconds, 0.0098)
        expect(step.samplesPerSecond, 256 / 0.0098)
        // A rank that is alone updates all parameters.
        expect(step.efficiency, (0.0085 + 0.0008 + 0.0008) / 0.0098)
    }

    /// Sums of what others sent, at 20 GB/s; an eighth of the update; 6 MB out of each node, and ten messages.
    @Test func fourNodes() throws {
        let step = try model().predict(nodes: 4, network: network("gbps=10 us=20"))
        #expect(step.ranks == 8)
        expect(step.compute, 0.0085)
        expect(step.reduce, 0.0008 + 0.0001 + 0.0001 + 0.0001)
        expect(step.exchange, 0.0048 + 0.0002)
        expect(step.samplesPerSecond, 128 * 8 / 0.0146)
        expect(step.efficiency, 0.0101 / 0.0146)
        // Sums have two bytes on the wire then, parameters four.
        expect(try model(wire: "bf16").predict(nodes: 4, network: network("gbps=10 us=20")).exchange, 0.0036 + 0.0002)
    }

    /// Waits of ranks on several nodes are the network's: three barriers are counted in their place. More than eight gradients of a rank
    /// are read as eight.
    @Test func otherMeasurements() throws {
        let slow = try network("gbps=1 us=100")
        expect(try model(ranks: 4).predict(nodes: 1, network: slow).reduce, 0.0008 + 0.0008 + 3 * 2e-5)
        expect(try model(ranks: 1, ranksPerNode: 1).predict(nodes: 1, network: slow).reduce, 0.0008 + 0.0004 + 3 * 2e-5)
        // 16 shards a rank: 32 MB in 0.8 ms are 40 GB/s, and what is received takes half the time.
        expect(
            try model(shards: 32).predict(nodes: 2, network: slow).reduce, 0.0008 + 0.00005 + 0.0002 + 0.0001)
    }

    /// More nodes take no less time where the network is not faster than memory by far, faster networks no more.
    @Test func monotonous() throws {
        let model = try model()
        let request = try PredictionRequest("nodes=1,2,3,64,65,2048 gbps=1,10,100 us=5")
        let steps = request.networks.map { network in request.nodes.map { model.predict(nodes: $0, network: network).seconds } }
        for row in steps { #expect(zip(row, row.dropFirst()).allSatisfy { $0 <= $1 }, "\(row)") }
        for (slow, fast) in zip(steps, steps.dropFirst()) { #expect(zip(slow, fast).allSatisfy { $0 >= $1 }) }
    }

    @Test func requests() throws {
        let all = try PredictionRequest("")
        #expect(all.nodes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
        #expect(all.networks.map(\.gigabits) == [10, 25, 100, 200, 400])
        #expect(zip(all.networks, [20, 20, 2, 2, 2]).allSatisfy { abs($0.latency * 1e6 - $1) < 1e-9 })
        let some = try PredictionRequest("nodes=3 us=1,7;gbps=40,50")
        #expect(some.nodes == [3] && some.networks.map(\.gigabits) == [40, 40, 50, 50])
        #expect(some.networks.map { ($0.latency * 1e6).rounded() } == [1, 7, 1, 7])
        for text in ["nodes=0", "nodes=x", "speed=3", "nodes", "gbps=-1", "us=inf", "nodes=0.5", "us=2e6"] {
            #expect("\(text)") { try PredictionRequest(text) } throws: { ($0 as? Failure)?.code == .usage }
        }
    }

    @Test func table() throws {
        let model = try model()
        let steps = try [1, 4].map { model.predict(nodes: $0, network: try network("gbps=10 us=20")) }
        let lines = CostModel.table(steps).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.count == 3)
        #expect(lines[1] == ["2", "1", "10", "20.0", "8.50", "1.30", "0.00", "9.80", "26122", "103.1%"], "\(lines)")
        #expect(lines[2] == ["8", "4", "10", "20.0", "8.50", "1.10", "5.00", "14.60", "70137", "69.2%"], "\(lines)")
    }
}
