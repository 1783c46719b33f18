import Foundation
import TestSupport
import Testing

/// The arithmetic is defined, not only implemented: a plain program in Python, written by docs/arithmetic.md, gives the bits of checkpoints.
@Suite(.serialized)
struct ReferenceTests {
    /// Few rows; other such rows; rows longer than a block of a product's terms; more rows than that.
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(7)
            for name, shape in [("tiny", (13, 7)), ("other", (13, 7)), ("wide", (24, 4200)), ("tall", (14003, 3))]:
                with h5py.File(f"{sys.argv[1]}/{name}.h5", "w") as f: f["data"] = g.random(shape).astype("f4")
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private func reference(_ data: String, _ checkpoint: String) throws -> Outcome {
        try Program.run(
            "/usr/bin/python3",
            ["-B", repositoryPath("Tests/Reference/one_step.py"), Self.files.get().path("\(data).h5"), checkpoint], timeout: 120)
    }

    private func train(_ run: String, _ data: String, steps: Int, ranks: Int, _ options: [String]) throws -> String {
        let outcome = try mpiVAE(
            ranks: ranks,
            [
                "train", "--data", Self.files.get().path("\(data).h5"), "--output", run, "--latent", "2", "--shards", "3",
                "--epochs", "3", "--max-steps", "\(steps)", "--no-report",
            ] + options)
        #expect(outcome.status == 0, "\(outcome)")
        return "\(run)/checkpoints/step-" + String(repeating: "0", count: 10 - "\(steps)".count) + "\(steps).h5"
    }

    @Test(
        arguments: [
            // Shards of 4, 4 and 5 rows: of the third step two have none.
            ("tiny", 8, ["--hidden", "5", "--global-batch", "6"]),
            (
                "tiny", 8,
                [
                    "--hidden", "6,4", "--global-batch", "6", "--likelihood", "gaussian", "--likelihood-scale", "0.3",
                    "--activation", "gelu", "--normalization", "layer", "--optimizer", "adamw", "--weight-decay", "0.01",
                    "--clip-norm", "1", "--schedule", "cosine", "--warmup-steps", "2", "--beta-schedule", "linear",
                    "--beta-warmup-epochs", "2",
                ]
            ),
            ("wide", 2, ["--hidden", "4", "--global-batch", "9", "--likelihood", "gaussian-learned", "--activation", "tanh"]),
            ("tiny", 5, ["--hidden", "5", "--global-batch", "6", "--likelihood", "laplace", "--likelihood-scale", "0.7"]),
            ("tall", 2, ["--hidden", "4", "--global-batch", "12600", "--validation-fraction", "0.1", "--micro-batch", "1000"]),
            (
                "tall", 5,
                ["--hidden", "4", "--global-batch", "30", "--mixing-rows", "64", "--model", "ae", "--likelihood", "mse"]
            ),
        ] as [(String, Int, [String])])
    func sameBits(data: String, steps: Int, options: [String]) throws {
        let folder = try TemporaryFolder()
        for ranks in [1, 3] {
            let checkpoint = try train(folder.path("\(ranks)"), data, steps: steps, ranks: ranks, options)
            let outcome = try reference(data, checkpoint)
            #expect(
                outcome.status == 0 && outcome.output.hasPrefix("the same bits after \(steps) steps"),
                "\(ranks) ranks: \(outcome)")
        }
    }

    /// Rows that the checkpoint was not trained on, or the test above could not fail.
    @Test func otherBitsShow() throws {
        let folder = try TemporaryFolder()
        let checkpoint = try train(folder.path("run"), "tiny", steps: 2, ranks: 1, ["--hidden", "5", "--global-batch", "6"])
        let outcome = try reference("other", checkpoint)
        #expect(outcome.status == 1 && outcome.errors.contains("other bits\nparameters/encoder/0/weight"), "\(outcome)")
    }
}
