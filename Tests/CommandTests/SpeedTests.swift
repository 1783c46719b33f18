import Foundation
import TestSupport
import Testing

/// What `bench` says of a step. Whether a step costs what it did shows in counts (`AllocationTests` has those of memory); docs/performance.md says
/// how times are compared.
@Suite(.serialized)
struct SpeedTests {
    private func bench(_ options: [String]) throws -> [String: Any] {
        let outcome = try mpiVAE(
            arguments: ["bench", "--data", try Fixtures.fashion.get(), "--threads", "1", "--json", "--global-batch", "1024"]
                + options)
        #expect(outcome.status == 0, "\(outcome)")
        return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome)")
    }

    /// Every product of the network and every part of a step, with the operations and parameters of a network of 784-32-4-32-784.
    @Test func aStepAndItsParts() throws {
        let report = try bench(["--seconds", "0.5", "--hidden", "32", "--latent", "4"])
        func number(_ name: String) throws -> Double { try #require(report[name] as? Double, "\(name): \(report)") }
        #expect(try number("parameters") == Double(784 * 32 + 32 + 32 * 8 + 8 + 4 * 32 + 32 + 32 * 784 + 784))
        let products = try #require(report["products"] as? [[String: Any]])
        let operations = products.reduce(0) { $0 + ($1["operationsPerRow"] as! Double) }
        // Two for each weight: forward, for its gradient, and, but for the first layer, for the gradient of its input.
        #expect(operations == Double(2 * (2 * 784 * 32 + 3 * (32 * 8 + 4 * 32 + 32 * 784))), "\(products)")
        #expect(products.allSatisfy { ($0["used"] as! Double) > 0 && ($0["best"] as! Double) > 0 }, "\(products)")
        let phases = try #require(report["phases"] as? [[String: Any]])
        #expect(
            phases.map { $0["name"] as! String } == [
                "read", "data", "prepare", "forward", "noise", "loss", "backward", "fold", "update", "wait", "other",
            ])
        #expect(phases.allSatisfy { ($0["seconds"] as! Double) >= 0 }, "\(phases)")
        // Means, of which a busy machine makes more than the median is, but not less.
        #expect(phases.reduce(0) { $0 + ($1["seconds"] as! Double) } > 0.8 * (try number("stepSeconds")), "\(report)")
        #expect(abs(try number("samplesPerSecond") * number("stepSeconds") / 1024 - 1) < 1e-9)
        #expect(try number("shareOfBound") > 0 && number("shareOfBound") < 1.2, "\(report)")
    }

    /// A ratio in one run, the best of up to five tries: it is far above 1 unless bf16 is computed without its instructions.
    @Test(.enabled(if: try hasBF16())) func bf16IsFasterWhereItIsAllowed() throws {
        var best = 0.0
        for _ in 0..<5 where best <= 1.1 {
            let speeds = try [["--precision", "bf16"], []].map {
                try #require(try bench($0 + ["--seconds", "1"])["samplesPerSecond"] as? Double)
            }
            best = max(best, speeds[0] / speeds[1])
        }
        #expect(best > 1.1, "bf16 against fp32: \(best)")
    }

    /// A line for each network and number of nodes; the figures are in `CostModelTests`.
    @Test func predictions() throws {
        let outcome = try mpiVAE(
            ranks: 2,
            [
                "bench", "--seconds", "0.3", "--data", try Fixtures.digits.get(), "--likelihood", "gaussian", "--global-batch",
                "64", "--predict", "nodes=1,2,64,2048 gbps=10,100 us=5",
            ])
        let rows = outcome.output.components(separatedBy: "efficiency\n").last!.split(separator: "\n").map {
            $0.split(separator: " ").map { Double($0.trimmingCharacters(in: ["%"]))! }
        }
        #expect(outcome.status == 0 && rows.count == 8, "\(outcome)")
        #expect(rows.map { $0[0] } == [2, 4, 128, 4096, 2, 4, 128, 4096])
        let refused = try mpiVAE("bench", "--predict", "nodes=0")
        #expect(refused.status == 64 && refused.errorLines.count == 1, "\(refused)")
    }
}
