import Foundation
import TestSupport
import Testing

/// Single bits that flip on disk, in checkpoints and in data that we imported: noticed, or without effect on any byte of the result;
/// never a crash. `MPI_VAE_TEST_BIT_FLIPS` sets how many of each.
@Suite(.serialized)
struct BitFlipTests {
    private struct Counts {
        var refused = 0, same = 0, silent: [Int] = [], crashed: [Int] = []
    }

    private let folder: TemporaryFolder
    private var data: String { folder.path("data.h5") }
    private var run: String { folder.path("run") }

    init() throws {
        folder = try TemporaryFolder()
        let source = folder.path("source.csv")
        let rows = (0..<120).map { row in (0..<12).map { "\(Float(row * $0 % 97) / 97)" }.joined(separator: ",") + ",\(row % 3)" }
        try Data(rows.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: source))
        for arguments in [
            ["import", "csv", "--file", source, "--label", "12", "--output", data],
            [
                "train", "--data", data, "--hidden", "6", "--latent", "2", "--global-batch", "8", "--epochs", "2", "--scale",
                "min-max", "--likelihood", "gaussian", "--output", run,
            ],
        ] {
            let outcome = try mpiVAE(arguments: arguments)
            if outcome.status != 0 { throw CannotRun(description: "\(outcome)") }
        }
    }

    /// Flips bits of a file, one at a time, and runs a command that writes `result`, which must not change unless it refuses.
    private func flip(_ path: String, seed: UInt64, _ command: [String], result: String) throws -> Counts {
        let number = ProcessInfo.processInfo.environment["MPI_VAE_TEST_BIT_FLIPS"].flatMap { Int($0) } ?? 20
        let url = URL(fileURLWithPath: path)
        let bytes = try Data(contentsOf: url)
        func attempt() throws -> (Outcome, Data?) {
            try? FileManager.default.removeItem(atPath: result)
            let outcome = try mpiVAE(arguments: command)
            return (outcome, try? Data(contentsOf: URL(fileURLWithPath: result)))
        }
        let (whole, expected) = try attempt()
        #expect(whole.status == 0 && expected != nil, "\(whole)")
        var generator = Seeded(state: seed)
        var counts = Counts()
        for _ in 0..<number {
            var flipped = bytes
            let bit = Int.random(in: 0..<bytes.count * 8, using: &generator)
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            try flipped.write(to: url)
            let (outcome, written) = try attempt()
            switch outcome.status {
            case 0 where written == expected: counts.same += 1
            case 0: counts.silent.append(bit)
            case 65 where outcome.errorLines.count == 1 && written == nil: counts.refused += 1
            default:
                counts.crashed.append(bit)
                Issue.record("bit \(bit) of \(bytes.count * 8): \(outcome)")
            }
        }
        try bytes.write(to: url)
        print(
            "\(url.lastPathComponent), \(bytes.count) bytes, \(number) bits flipped: \(counts.refused) refused, \(counts.same) without "
                + "effect, \(counts.silent.count) silent, \(counts.crashed.count) crashed or ended otherwise")
        return counts
    }

    private func expect(_ counts: Counts) {
        #expect(counts.silent.isEmpty && counts.crashed.isEmpty, "silent \(counts.silent), crashed \(counts.crashed)")
        // Some bits of a file mean nothing, but not most of them.
        #expect(3 * counts.refused >= counts.same)
    }

    @Test func checkpoints() throws {
        let best = "\(run)/best.h5"
        let result = folder.path("e.h5")
        expect(try flip(best, seed: 1, ["embed", "--checkpoint", best, "--data", data, "--output", result], result: result))
    }

    @Test func importedData() throws {
        let result = folder.path("e.h5")
        expect(
            try flip(
                data, seed: 2, ["embed", "--checkpoint", "\(run)/best.h5", "--data", data, "--output", result], result: result))
    }

    /// Gone on with: the newest checkpoint is given, so that there is no other to fall back on.
    @Test func resumed() throws {
        let newest = "\(run)/checkpoints/\(try #require(FaultTests.checkpoints(run).last))"
        let next = folder.path("next")
        let script = [
            "train", "--data", data, "--hidden", "6", "--latent", "2", "--global-batch", "8", "--epochs", "3", "--scale",
        ]
        let command = script + ["min-max", "--likelihood", "gaussian", "--output", next, "--resume", newest]
        expect(try flip(newest, seed: 3, command, result: "\(next)/checkpoints/step-0000000045.h5"))
    }
}
