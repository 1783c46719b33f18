import Foundation
import TestSupport
import Testing

/// Ratios of speeds measured in one run, with generous margins: they catch what makes a step twice as slow, on any machine.
@Suite(.serialized)
struct SpeedTests {
    private func bench(ranks: Int, _ options: [String]) throws -> [String: Any] {
        let outcome = try mpiVAE(
            ranks: ranks,
            ["bench", "--seconds", "1.5", "--threads", "1", "--json", "--data", try Fixtures.fashion.get()] + options)
        #expect(outcome.status == 0, "\(outcome)")
        return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome)")
    }

    private func speed(ranks: Int, _ options: [String]) throws -> Double {
        try #require(try bench(ranks: ranks, options)["samplesPerSecond"] as? Double)
    }

    /// The median of three alternating pairs.
    private func ratio(_ one: () throws -> Double, to other: () throws -> Double) throws -> Double {
        try (0..<3).map { _ in try one() / other() }.sorted()[1]
    }

    @Test func mostOfAStepIsProducts() throws {
        let report = try bench(ranks: 1, ["--global-batch", "1024"])
        let share = try #require(report["shareOfBound"] as? Double)
        #expect(share > 0.6 && share < 1.1, "\(report)")
        let phases = try #require(report["phases"] as? [[String: Any]])
        let sum = phases.reduce(0) { $0 + ($1["seconds"] as! Double) }
        #expect(abs(sum / (report["stepSeconds"] as! Double) - 1) < 0.3, "the phases are the step: \(report)")
    }

    @Test func theOrderOfSumsCostsNothing() throws {
        let batch = ["--global-batch", "1024"]
        let ratio = try ratio({ try speed(ranks: 2, batch) }, to: { try speed(ranks: 2, batch + ["--reduction", "allreduce"]) })
        #expect(ratio > 0.8, "ordered against allreduce: \(ratio)")
    }

    @Test func twoRanksAreFasterThanOne() throws {
        let ratio = try ratio(
            { try speed(ranks: 2, ["--global-batch", "2048"]) }, to: { try speed(ranks: 1, ["--global-batch", "1024"]) })
        #expect(ratio > 1.3, "two ranks against one: \(ratio)")
    }

    @Test func bf16IsFasterWhereItIsAllowed() throws {
        guard try mpiVAE("doctor").output.contains("bf16 products  yes") else { return }
        let batch = ["--global-batch", "1024"]
        let ratio = try ratio({ try speed(ranks: 1, batch + ["--precision", "bf16"]) }, to: { try speed(ranks: 1, batch) })
        #expect(ratio > 1.1, "bf16 against fp32: \(ratio)")
    }

    /// More nodes take no less time, faster networks no more, and one node is what was measured.
    @Test func predictions() throws {
        let outcome = try mpiVAE(
            ranks: 2,
            [
                "bench", "--seconds", "0.5", "--data", try Fixtures.digits.get(), "--likelihood", "gaussian", "--global-batch",
                "64",
                "--predict", "nodes=1,2,64,2048 gbps=10,100 us=5",
            ])
        let rows = outcome.output.components(separatedBy: "efficiency\n").last!.split(separator: "\n").map {
            $0.split(separator: " ").map { Double($0.trimmingCharacters(in: ["%"]))! }
        }
        #expect(outcome.status == 0 && rows.count == 8, "\(outcome)")
        #expect(rows.map { $0[0] } == [2, 4, 128, 4096, 2, 4, 128, 4096])
        for (row, next) in zip(rows[0..<3], rows[1..<4]) { #expect(next[7] >= row[7], "\(outcome)") }
        for (slow, fast) in zip(rows[0..<4], rows[4..<8]) { #expect(fast[7] <= slow[7], "\(outcome)") }
        for request in ["nodes=0", "nodes=x", "speed=3"] {
            let refused = try mpiVAE("bench", "--predict", request)
            #expect(refused.status == 64 && refused.errorLines.count == 1, "\(refused)")
        }
    }
}
