import Foundation
import TestSupport
import Testing

/// `mpi-vae reproduce`: runs of all kinds give the same bits again, and what does not is found.
@Suite(.serialized)
struct ReproduceTests {
    private let folder: TemporaryFolder
    private var run: String { folder.path("run") }

    /// 120 rows of 6 numbers, some of them missing, with weights and labels; and 30 to validate on.
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(5)
            for name, n in [("x.h5", 120), ("v.h5", 30), ("other.h5", 120)]:
                with h5py.File(sys.argv[1] + "/" + name, "w") as f:
                    f["data"], f["label"] = g.random((n, 6)).astype("f4"), np.arange(n) % 3
                    f["w"], f["m"] = np.arange(n) % 4 + 1.0, (g.random((n, 6)) > 0.2).astype("u1")
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    init() throws {
        folder = try TemporaryFolder()
        for name in ["x.h5", "v.h5", "other.h5"] {
            try FileManager.default.copyItem(atPath: Self.files.get().path(name), toPath: folder.path(name))
        }
    }

    /// 15 steps an epoch.
    private func train(
        _ options: [String], ranks: Int = 1, data: Bool = true, to output: String? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let arguments =
            ["train", "--likelihood", "gaussian", "--hidden", "32", "--latent", "2", "--global-batch", "8", "--no-report"]
            + (data ? ["--data", folder.path("x.h5")] : []) + ["--output", output ?? run] + options
        let outcome =
            try ranks == 1
            ? mpiVAE(arguments: arguments, environment: environment) : mpiVAE(ranks: ranks, arguments, environment: environment)
        #expect(outcome.status == 0, "\(outcome)")
        return outcome
    }

    private func reproduce(
        _ options: [String] = [], ranks: Int = 1, of path: String? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let arguments = ["reproduce", path ?? run] + options
        return try ranks == 1
            ? mpiVAE(arguments: arguments, environment: environment) : mpiVAE(ranks: ranks, arguments, environment: environment)
    }

    /// That it is the same, and that nothing else has changed in the folder.
    private func expectSame(
        _ summary: String, _ options: [String] = [], ranks: [Int] = [1, 3], of path: String? = nil
    ) throws {
        let before = try contents(folder.url.path)
        for ranks in ranks {
            let outcome = try reproduce(options, ranks: ranks, of: path)
            #expect(outcome.status == 0, "\(ranks) ranks: \(outcome)")
            #expect(
                outcome.output.split(separator: "\n").last?.hasPrefix("the same bits: \(summary), digest ") == true, "\(outcome)")
        }
        #expect(try contents(folder.url.path) == before)
    }

    private func expectRefused(_ status: Int32, _ texts: [String], _ outcome: Outcome) {
        #expect(outcome.status == status && outcome.errorLines.count == 1, "\(texts): \(outcome)")
        for text in texts { #expect(outcome.errors.contains(text), "\(text): \(outcome)") }
    }

    /// All files, with their bytes and times.
    private func contents(_ path: String) throws -> [String: String] {
        var files: [String: String] = [:]
        // Beside the run something was made and is gone, which the folder's time tells.
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) where name != "moved" {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
            let bytes = FileManager.default.contents(atPath: "\(path)/\(name)")
            files[name] = "\(attributes[.modificationDate]!) \(bytes.map { "\($0.count) \($0.hashValue)" } ?? "")"
        }
        return files
    }

    private func change(_ name: String, _ body: (inout [String]) -> Void) throws {
        var lines = try String(contentsOfFile: "\(run)/\(name)", encoding: .utf8).components(separatedBy: "\n")
        body(&lines)
        try lines.joined(separator: "\n").write(toFile: "\(run)/\(name)", atomically: true, encoding: .utf8)
    }

    /// Trained by two ranks with weights, masks and data to validate on, then moved together with its data.
    @Test func onAnyRanksFromAnywhere() throws {
        _ = try train(
            ["--weights", "/w", "--nan", "mask", "--mask", "/m", "--validation-data", folder.path("v.h5"), "--epochs", "2"],
            ranks: 2)
        try expectSame("2 epochs, 30 steps")
        try FileManager.default.createDirectory(atPath: folder.path("moved"), withIntermediateDirectories: true)
        for name in ["run", "x.h5", "v.h5"] {
            try FileManager.default.moveItem(atPath: folder.path(name), toPath: folder.path("moved/\(name)"))
        }
        let moved = folder.path("moved/run")
        expectRefused(66, ["data \(folder.path("x.h5")) is not there any more"], try reproduce(of: moved))
        let places = ["--data", folder.path("moved/x.h5"), "--validation-data", folder.path("moved/v.h5")]
        try expectSame("2 epochs, 30 steps", places, ranks: [1], of: moved)
        expectRefused(
            65, ["cannot be repeated", "its content is another"],
            try reproduce(["--data", places[1], "--validation-data", folder.path("other.h5")], of: moved))
        expectRefused(
            65, ["cannot be repeated"],
            try reproduce(["--data", folder.path("other.h5")] + places.suffix(2), ranks: 3, of: moved))
    }

    /// Stopped within an epoch, gone on with and made longer under a schedule that stretches, on other ranks; then from another folder.
    @Test func stoppedAndGoneOn() throws {
        let schedule = ["--schedule", "cosine", "--validation-fraction", "0.1", "--epochs"]
        _ = try train(schedule + ["3", "--max-steps", "20"])
        try expectSame("1 epoch, 20 steps")
        _ = try train(schedule + ["3"], ranks: 3)
        try expectSame("3 epochs, 42 steps", ranks: [2])
        _ = try train(schedule + ["5", "--max-steps", "50"], ranks: 2)
        _ = try train(schedule + ["5"])
        try expectSame("5 epochs, 70 steps")
        #expect(try mpiVAE("inspect", run).output.contains("earlier_parts: 42 3 3"))
        try expectSame("1 of 5 epochs, 14 steps", ["--epochs", "1"], ranks: [1])
        let next = folder.path("next")
        _ = try train(schedule + ["6", "--resume", run], to: next)
        try expectSame("1 epoch, 84 steps", ranks: [1], of: next)
    }

    /// Longer without such a schedule, which leaves no trace; ended by early stopping; lines without digests of an older version.
    @Test func otherEnds() throws {
        _ = try train(["--epochs", "1"])
        _ = try train(["--epochs", "3"])
        #expect(try mpiVAE("inspect", run).output.contains("earlier_parts: \n"))
        try expectSame("3 epochs, 45 steps", ranks: [1])
        try change("metrics.csv") { lines in
            for place in lines.indices where !lines[place].isEmpty {
                lines[place] = lines[place].split(separator: ",", omittingEmptySubsequences: false).dropLast().joined(
                    separator: ",")
            }
        }
        try expectSame("0 epochs, 45 steps", ranks: [1])
        expectRefused(65, ["metrics.csv has no digests of the first 2 epochs"], try reproduce(["--epochs", "2"]))
        _ = try train(["--epochs", "4"], ranks: 2)
        let lines = try String(contentsOfFile: "\(run)/metrics.csv", encoding: .utf8).split(separator: "\n")
        #expect(
            lines.count == 5 && lines[0].hasSuffix(",beta,digest") && lines[3].hasSuffix(",") && !lines[4].hasSuffix(","),
            "\(lines)")
        try expectSame("1 epoch, 60 steps", ranks: [1])
        let stopped = folder.path("stopped")
        _ = try train(["--epochs", "9", "--validation-fraction", "0.2", "--early-stopping", "1", "--lr", "0.3"], to: stopped)
        let count = try String(contentsOfFile: "\(stopped)/metrics.csv", encoding: .utf8).split(separator: "\n").count - 1
        #expect(count < 9)
        try expectSame("\(count) epochs, \(12 * count) steps", ranks: [1], of: stopped)
    }

    /// The generated shapes lie in the folder of the run, wherever that is.
    @Test func generatedShapes() throws {
        _ = try train(["--max-steps", "3"], data: false)
        try FileManager.default.moveItem(atPath: run, toPath: folder.path("elsewhere"))
        try expectSame("0 epochs, 3 steps", of: folder.path("elsewhere"))
    }

    /// A digest that was changed, a bit that flipped in memory, within the run and after its last epoch, a checkpoint that was changed.
    @Test func differencesAreFound() throws {
        _ = try train(["--epochs", "3", "--checkpoint-every-epochs", "1"])
        let good = try String(contentsOfFile: "\(run)/metrics.csv", encoding: .utf8)
        try change("metrics.csv") { $0[2] = String($0[2].dropLast()) + ($0[2].hasSuffix("0") ? "1" : "0") }
        let texts = [
            "epoch 2 of \(run) differs: metrics.csv has the digest ",
            ", after 1 epoch of the same bits; its checkpoint of step 30 has the same parameters",
        ]
        for ranks in [1, 3] {
            let outcome = try reproduce(ranks: ranks)
            expectRefused(65, texts, outcome)
            #expect(outcome.output.contains("epoch 1/3") && !outcome.output.contains("epoch 2/3"), "\(outcome)")
        }
        try good.write(toFile: "\(run)/metrics.csv", atomically: true, encoding: .utf8)
        try expectSame("3 epochs, 45 steps", ranks: [1])
        let changed = try Program.python(
            "import h5py, sys; h5py.File(sys.argv[1], 'r+')['parameters/encoder/0/weight'][3, 4] += 1e-3",
            ["\(run)/checkpoints/step-0000000045.h5"])
        #expect(changed.status == 0, "\(changed)")
        expectRefused(65, ["step-0000000045.h5 is damaged"], try reproduce())

        // Place 336 of the flat parameters: latent weights of the encoder, behind 224 others.
        for (step, name, text) in [
            (20, "within", "epoch 3 of \(folder.path("within")) differs"),
            (
                45, "behind",
                "step-0000000045.h5 differs, after 3 epochs of the same bits: 1 of 8 parameters differ in its checkpoint, first encoder/1/weight: 1 of 128 values, by up to "
            ),
        ] {
            let flipped = folder.path(name)
            _ = try train(
                ["--epochs", "3", "--checkpoint-every-epochs", "1"], to: flipped,
                environment: ["MPI_VAE_TEST_FLIP_BIT": "0:\(step)"])
            expectRefused(65, [text], try reproduce(ranks: 2, of: flipped))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 6, "nothing is left")
    }

    /// What cannot be compared, or is no run.
    @Test func refusals() throws {
        _ = try train(["--epochs", "2"])
        expectRefused(
            65, ["steps of it were computed by arithmetic 3, but this program computes by arithmetic 7"],
            try reproduce(ranks: 2, environment: ["MPI_VAE_TEST_ARITHMETIC": "7"]))
        expectRefused(66, ["none is not there"], try reproduce(of: folder.path("none")))
        expectRefused(65, ["x.h5 is not the folder of a run"], try reproduce(ranks: 3, of: folder.path("x.h5")))
        expectRefused(65, ["is not the folder of a run"], try reproduce(of: folder.url.path))
        expectRefused(78, ["9 ranks, but", "has 8 shards: start at most 8 ranks"], try reproduce(ranks: 9))
        expectRefused(73, ["already holds a run"], try reproduce(["--output", run]))
        let kept = folder.path("kept")
        #expect(try reproduce(["--output", kept]).status == 0)
        #expect(try newestCheckpoint(kept) == newestCheckpoint(run))
        try change("config.toml") { lines in lines = lines.map { $0 == "beta = 1.0" ? "beta = 2.0" : $0 } }
        expectRefused(78, ["beta is 2.0, but was 1.0 in the checkpoint"], try reproduce())
        try FileManager.default.removeItem(atPath: "\(run)/checkpoints")
        expectRefused(65, ["holds no checkpoint"], try reproduce())
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).count == 5, "nothing is left")
    }

    /// Going on by another arithmetic is said in one line, kept in mind, and cannot be repeated by either.
    @Test func otherArithmetic() throws {
        _ = try train(["--epochs", "1"])
        let text = "the checkpoint is of arithmetic 3, but this program computes by arithmetic 7: from step 16 on"
        for (epochs, environment) in [("2", ["MPI_VAE_TEST_ARITHMETIC": "7"]), ("3", ["MPI_VAE_TEST_ARITHMETIC": "7"])] {
            let outcome = try train(["--epochs", epochs], ranks: 2, environment: environment)
            #expect(outcome.errors.components(separatedBy: text).count == (epochs == "2" ? 2 : 1), "\(outcome)")
            #expect(outcome.errors.contains("arithmetic 7"), "\(outcome)")
        }
        let inspected = try mpiVAE("inspect", run).output
        #expect(inspected.contains("arithmetic: 7") && inspected.contains("earlier_parts: 15 1 3"), "\(inspected)")
        expectRefused(65, ["computed by arithmetic 7,"], try reproduce())
        expectRefused(65, ["computed by arithmetic 3,"], try reproduce(environment: ["MPI_VAE_TEST_ARITHMETIC": "7"]))
    }

    /// The lines of Python in the documentation give the digest that is in checkpoint, metrics, summary, report, log and inspection.
    @Test func documentedLines() throws {
        let outcome = try train(["--epochs", "2", "--report", "--normalization", "layer", "--hidden", "9,5"])
        let page = try String(contentsOfFile: repositoryPath("docs/file-formats.md"), encoding: .utf8)
        let section = try #require(page.components(separatedBy: "### Digest").last)
        let lines = section.components(separatedBy: "```")[1].dropFirst("python".count)
            .replacingOccurrences(of: "runs/first/best.h5", with: "\(run)/checkpoints/step-0000000030.h5")
        let python = try Program.python(lines)
        let words = python.output.split { " \n".contains($0) }
        try #require(words.count == 2 && words[0].count == 64 && words[0] == words[1], "\(python)")
        #expect(lines.split(separator: "\n").count <= 7)
        let digest = String(words[0])
        let metrics = try String(contentsOfFile: "\(run)/metrics.csv", encoding: .utf8)
        #expect(metrics.hasSuffix(",\(digest)\n"))
        #expect(outcome.errors.contains("digest after step 30: \(digest), arithmetic 3"), "\(outcome)")
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: "\(run)/summary.json")))
        let summary = try #require(json as? [String: Any])
        #expect(summary["digest"] as? String == digest && summary["arithmetic"] as? Int == 3)
        let best = try #require(summary["best_digest"] as? String)
        #expect(metrics.contains(best))
        #expect(try String(contentsOfFile: "\(run)/report.html", encoding: .utf8).contains(best))
        for options in [[], ["--json"]] {
            let inspected = try mpiVAE(arguments: ["inspect", "\(run)/checkpoints"] + options)
            #expect(inspected.output.contains(digest), "\(inspected)")
        }
    }
}
