import Foundation
import TestSupport
import Testing

/// What is done to rows before the model sees them, against numpy: the ELBO of every row can only be right if its preparation is.
@Suite(.serialized)
struct PreparationTests {
    /// Counts of 500 cells and 40 genes, one of which is the same in all.
    private static let counts = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            r = np.random.default_rng(2)
            x = r.poisson(r.gamma(1, 3, 40) * r.gamma(4, 1, (500, 1))).astype("i4")
            x[33] = 0
            x[:, 7] = 5
            with h5py.File(sys.argv[1], "w") as f:
                f["data"] = x; f["shifted"] = x + 1e6; f["probabilities"] = (x / x.max()).astype("f4"); f["negative"] = x - 1
            """, [folder.path("counts.h5")])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private func path(_ name: String) throws -> String { try Self.counts.get().path("counts.h5") + ":/" + name }

    private func train(_ run: String, ranks: Int = 1, data: String = "data", _ options: [String]) throws -> Outcome {
        try mpiVAE(
            ranks: ranks,
            [
                "train", "--data", path(data), "--test-fraction", "0.2", "--hidden", "8", "--latent", "3", "--global-batch", "40",
                "--epochs", "2", "--output", run,
            ] + options)
    }

    /// In numpy from the file alone, given how `x` is prepared from `raw` and the training rows `t`.
    private static let cases: [(options: [String], data: String, prepared: String)] = [
        (
            [
                "--library-size", "100", "--transform", "log1p", "--scale", "standardize", "--clip", "3", "--likelihood",
                "gaussian",
            ],
            "data",
            """
            n = np.log1p(raw * 100.0 / np.maximum(raw.sum(1, keepdims=True), 1e-30))
            s = n[t].std(0); s[n[t].min(0) == n[t].max(0)] = 1
            x = np.clip((n - n[t].mean(0)) / s, -3, 3)
            """
        ),
        (
            ["--scale", "standardize", "--likelihood", "mse"], "shifted",
            "s = raw[t].std(0); s[7] = 1; x = (raw - raw[t].mean(0)) / s"
        ),
        (
            ["--scale", "standardize", "--scale-by", "global", "--likelihood", "gaussian"], "data",
            "x = (raw - raw[t].mean()) / raw[t].std()"
        ),
        (
            ["--scale", "min-max"], "data",
            "w = np.ptp(raw[t], 0).astype(float); w[w == 0] = 1; x = np.clip((raw - raw[t].min(0)) / w, 0, 1)"
        ),
        (["--binarize", "fixed", "--threshold", "4"], "data", "x = (raw > 4) * 1.0"),
    ]

    @Test(arguments: cases.indices)
    func rowsArePrepared(index: Int) throws {
        let (options, data, prepared) = Self.cases[index]
        let folder = try TemporaryFolder()
        let outcome = try train(folder.path("run"), ranks: 2, data: data, options)
        #expect(outcome.status == 0, "\(outcome)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            c, e = h5py.File(sys.argv[1] + "/best.h5", "r"), h5py.File(sys.argv[1] + "/embeddings.h5", "r")
            raw = h5py.File(sys.argv[2], "r")[sys.argv[3]][:].astype("f8")
            t = e["split"][:] == 0
            assert t.sum() == 400
            \(prepared)
            p = c["parameters"]
            h = np.maximum(x @ p["encoder/0/weight"][:] + p["encoder/0/bias"][:], 0) @ p["encoder/1/weight"][:] + p["encoder/1/bias"][:]
            difference = abs(h[:, :3] - e["latent/mean"][:]).max()
            assert difference < 2e-3 and x.std() > 0.1, difference
            if "standardize" in sys.argv[4] or "min-max" in sys.argv[4]:
                assert c["normalization/shift"].shape == (40,)
            else:
                assert "normalization" not in c
            print("right")
            """, [folder.path("run"), try Self.counts.get().path("counts.h5"), data, options.joined(separator: " ")])
        #expect(python.output == "right\n", "\(python)")
    }

    /// Statistics, draws and all: the same bits on any ranks, resumed, and in what other commands make of the checkpoint.
    @Test(arguments: [
        ["--library-size", "1000", "--transform", "log1p", "--scale", "standardize", "--likelihood", "gaussian"],
        ["--scale", "min-max", "--scale-by", "global", "--binarize", "dynamic"],
    ])
    func sameBits(options: [String]) throws {
        let folder = try TemporaryFolder()
        #expect(try train(folder.path("1"), options).status == 0)
        for ranks in [2, 3, 8] {
            let run = folder.path("\(ranks)")
            #expect(try train(run, ranks: ranks, options + ["--max-steps", "13"]).status == 0)
            #expect(try train(run, ranks: 9 - ranks, options).status == 0)
            #expect(try newestCheckpoint(run) == newestCheckpoint(folder.path("1")), "\(ranks) ranks")
        }
        let embedded = try mpiVAE(
            ranks: 3, ["embed", "--checkpoint", folder.path("1"), "--data", path("data"), "--output", folder.path("e.h5")])
        #expect(embedded.status == 0, "\(embedded)")
        let difference = try Program.run(
            "/usr/bin/h5diff", [folder.path("e.h5"), folder.path("1/embeddings.h5"), "/latent/mean", "/latent/mean"])
        #expect(difference.status == 0, "\(difference)")
    }

    /// Rows that are taken for probabilities are drawn with them, anew every epoch.
    @Test func drawsFollowTheProbabilities() throws {
        let folder = try TemporaryFolder()
        let losses = try ["none", "dynamic"].map { binarize in
            let outcome = try train(
                folder.path(binarize), data: "probabilities", ["--binarize", binarize, "--epochs", "30", "--lr", "0.01"])
            #expect(outcome.status == 0, "\(outcome)")
            return try metrics(folder.path(binarize)).dropFirst().map { Double($0[2])! }
        }
        // The Bernoulli likelihood is linear in the data, so the expected loss is that of the probabilities themselves.
        #expect(losses[0].last != losses[1].last)
        #expect(abs(losses[1].last! / losses[0].last! - 1) < 0.05, "\(losses)")
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let folder = try TemporaryFolder()
        func refused(_ status: Int32, _ text: String, _ outcome: Outcome) {
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)")
        }
        let run = folder.path("run")
        refused(78, "--scale min-max", try train(run, ranks: 3, ["--scale", "standardize"]))
        refused(78, "--scale min-max", try train(run, ["--transform", "log1p"]))
        refused(
            78, "takes values for probabilities",
            try train(run, ["--likelihood", "mse", "--scale", "standardize", "--binarize", "dynamic"]))
        refused(
            65, "need values of at least 0",
            try train(run, ranks: 3, data: "negative", ["--transform", "log1p", "--likelihood", "mse"]))
        refused(65, "needs values in 0...1", try train(run, []))
        let first = try train(run, ["--scale", "min-max"])
        #expect(first.status == 0 && first.errors.contains("1 features are the same in all training rows"), "\(first)")
        refused(
            78, "scale is \"standardize\", but was \"min-max\"",
            try train(run, ["--scale", "standardize", "--likelihood", "mse"]))
    }
}
