import Foundation
import TestSupport
import Testing

/// `ranks.csv`, and what is said of a rank that the others wait for.
@Suite(.serialized)
struct SlowRankTests {
    private let folder: TemporaryFolder
    private let run: String

    init() throws {
        folder = try TemporaryFolder()
        run = folder.path("run")
    }

    /// The lines of `ranks.csv` by the names of its columns, read by Python.
    private func ranks() throws -> [[String: String]] {
        let python = try Program.python(
            "import csv, json, sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1])))))", ["\(run)/ranks.csv"])
        return try JSONDecoder().decode([[String: String]].self, from: Data(python.output.utf8))
    }

    /// A rank whose steps take longer in two epochs on end is named, once, with how long the others waited; its results are the same bits.
    @Test func slowRankIsNamed() throws {
        let options = [
            "train", "--data", try Fixtures.fashion.get(), "--hidden", "32", "--latent", "4", "--epochs", "3", "--global-batch",
            "128",
            "--output",
        ]
        // 79 steps of 40 ms and a little.
        let outcome = try mpiVAE(ranks: 2, options + [run], environment: ["MPI_VAE_TEST_SLOW_RANK": "1:40000"])
        #expect(outcome.status == 0, "\(outcome)")
        let warnings = outcome.errors.split(separator: "\n").filter { $0.contains("is slow") }
        #expect(
            warnings.count == 1 && outcome.errors.contains("rank 1 (\(ProcessInfo.processInfo.hostName)) is slow: its steps take")
        )
        let words = try #require(warnings.first).split(separator: " ").map(String.init)
        let ratio = try #require(words.firstIndex(of: "times").flatMap { Double(words[$0 - 1]) })
        let share = try #require(words.firstIndex(of: "waited").flatMap { Double(words[$0 + 1].dropLast()) })
        let lines = try ranks()
        #expect(lines.map { "\($0["epoch"]!) \($0["rank"]!)" } == ["1 0", "1 1", "2 0", "2 1", "3 0", "3 1"])
        #expect(lines.allSatisfy { $0["rows"] == "5000" && $0["host"] == ProcessInfo.processInfo.hostName })
        func seconds(_ line: Int, _ column: String) throws -> Double { try #require(Double(lines[line][column]!)) }
        func own(_ line: Int) throws -> Double { try seconds(line, "compute_s") + seconds(line, "data_wait_s") }
        // The sentence is what the file says of the second.
        #expect(abs(try own(3) / own(2) - ratio) < 0.06 && ratio > 1.25)
        let waited = try seconds(2, "reduce_wait_s")
        #expect(abs(100 * waited / (try own(3) + seconds(3, "reduce_wait_s")) - share) < 1.5 && share > 20)
        #expect(waited > 1)

        let alone = try mpiVAE(arguments: options + [folder.path("alone")])
        #expect(alone.status == 0, "\(alone)")
        #expect(try newestCheckpoint(run) == newestCheckpoint(folder.path("alone")))
        #expect(try metrics(run) == metrics(folder.path("alone")))
    }

    /// Eight ranks that take turns on the processors are not called slow; lines of epochs that run again are not doubled, and those of
    /// an older version keep what they have.
    @Test func manyRanksAndResuming() throws {
        let options = [
            "train", "--data", try Fixtures.fashion.get(), "--hidden", "32", "--latent", "4", "--global-batch", "256", "--output",
            run,
        ]
        let many = try mpiVAE(ranks: 8, options + ["--epochs", "2"])
        #expect(many.status == 0 && !many.errors.contains("is slow"), "\(many)")
        #expect(try ranks().map { $0["rank"]! } == (0..<2).flatMap { _ in (0..<8).map(String.init) })
        // As if it had been killed after the checkpoint of the second epoch, in the third: on other ranks, and by an old version.
        try append("3,999,0,host,1,0,0,0\n", to: "ranks.csv")
        let path = "\(run)/metrics.csv"
        let old = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).dropLast(3).joined(separator: ",")
        }
        try Data((old.joined(separator: "\n") + "\n3,999,1,,,,1,1,1\n").utf8).write(to: URL(fileURLWithPath: path))
        let more = try mpiVAE(ranks: 3, options + ["--epochs", "3"])
        #expect(more.status == 0, "\(more)")
        let lines = try ranks()
        #expect(lines.count == 19 && lines.suffix(3).map { $0["rank"]! } == ["0", "1", "2"])
        #expect(
            lines.suffix(3).map { $0["rows"]! }.sorted() == ["2500", "3750", "3750"]
                && lines.suffix(3).allSatisfy { $0["epoch"] == "3" })
        let text = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(
            text.count == 4 && text[1] == old[1] + ",,," && text[2] == old[2] + ",,," && text[3].contains(",0.001,1.0,"),
            "\(text)")
    }

    private func append(_ line: String, to name: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: "\(run)/\(name)"))
        try file.seekToEnd()
        try file.write(contentsOf: Data(line.utf8))
        try file.close()
    }
}
