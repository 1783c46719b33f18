import Foundation
import TestSupport
import Testing

/// Values that are missing: not a number in the data, or 0 in a mask beside them.
@Suite(.serialized)
struct MissingValueTests {
    /// Breast-cancer data of scikit-learn, standardised, half of the values removed; and smaller data with awkward columns.
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            from sklearn.datasets import load_breast_cancer
            r = np.random.default_rng(5)
            with h5py.File(sys.argv[1], "w") as f:
                x = load_breast_cancer().data; x = (x - x.mean(0)) / x.std(0)
                seen = r.random(x.shape) < 0.5
                f["cancer/whole"] = x.astype("f4"); f["cancer/data"] = np.where(seen, x, np.nan).astype("f4"); f["cancer/seen"] = seen
                y = (r.normal(size=(403, 9)) * 3 + 5).astype("f4"); y[:, 4] = 2
                gone = r.random(y.shape) < 0.05; gone[:, 7] = True; gone[11] = True
                f["some/whole"] = y; f["some/data"] = np.where(gone, np.nan, y); f["some/seen"] = (~gone).astype("u1")
                few = np.zeros(y.shape, bool); few[r.choice(403, 40, False), r.integers(0, 9, 40)] = True
                f["few/data"] = np.where(few, np.nan, y); f["few/seen"] = ~few; f["few/whole"] = y
                b = (y - y.min()) / np.ptp(y); f["unit/data"] = np.where(gone, np.nan, b).astype("f4")
            """, [folder.path("x.h5")])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private func train(_ run: String, ranks: Int = 1, data: String, _ options: [String]) throws -> Outcome {
        try mpiVAE(
            ranks: ranks,
            [
                "train", "--data", Self.files.get().path("x.h5") + ":/\(data)", "--test-fraction", "0.2", "--hidden", "8",
                "--latent", "3",
                "--global-batch", "40", "--epochs", "3", "--output", run,
            ] + options)
    }

    /// The encoder sees values and mask, as numpy computes it; the statistics are those of the values that are there.
    @Test func encoderSeesTheMask() throws {
        let folder = try TemporaryFolder()
        let outcome = try train(
            folder.path("run"), ranks: 2, data: "some/data",
            ["--nan", "mask", "--scale", "standardize", "--likelihood", "gaussian"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.errors.contains("1 features are missing in all training rows"), "\(outcome)")
        #expect(outcome.errors.contains("1 features are the same in all training rows"), "\(outcome)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys, warnings
            warnings.simplefilter("ignore")
            c, e = h5py.File(sys.argv[1] + "/best.h5", "r"), h5py.File(sys.argv[1] + "/embeddings.h5", "r")
            x = h5py.File(sys.argv[2], "r")["some/data"][:].astype("f8")
            t = e["split"][:] == 0
            m, s = np.nan_to_num(np.nanmean(x[t], 0)), np.nan_to_num(np.nanstd(x[t], 0)); s[s < 1e-9] = 1
            assert abs(c["normalization/shift"][:] - m).max() < 1e-5 and abs(c["normalization/factor"][:] - 1 / s).max() < 1e-5
            seen = ~np.isnan(x); x = np.where(seen, (x - m) / s, 0)
            p = c["parameters"]
            assert p["encoder/0/weight"].shape == (18, 8)
            h = np.maximum(np.c_[x, seen] @ p["encoder/0/weight"][:] + p["encoder/0/bias"][:], 0) @ p["encoder/1/weight"][:] + p["encoder/1/bias"][:]
            assert abs(h[:, :3] - e["latent/mean"][:]).max() < 1e-4
            assert np.isfinite(e["elbo"][:]).all() and e["reconstruction_error"][11] == 0
            print("right")
            """, [folder.path("run"), try Self.files.get().path("x.h5")])
        #expect(python.output == "right\n", "\(python)")
    }

    /// Missing by NaN or by a mask, on any ranks, in memory or read again, stopped in between: the same bits.
    @Test func sameBits() throws {
        let folder = try TemporaryFolder()
        let options = ["--nan", "mask", "--scale", "min-max"]
        #expect(try train(folder.path("1"), data: "some/data", options).status == 0)
        func expectSame(_ run: String) throws {
            #expect(try newestCheckpoint(folder.path(run)) == newestCheckpoint(folder.path("1")), "\(run)")
        }
        #expect(try train(folder.path("3"), ranks: 3, data: "some/data", options + ["--max-steps", "13"]).status == 0)
        #expect(try train(folder.path("3"), ranks: 8, data: "some/data", options).status == 0)
        try expectSame("3")
        // A mask makes other data of it; only the fingerprint tells.
        #expect(try train(folder.path("m"), ranks: 2, data: "some/whole", options + ["--mask", "/some/seen"]).status == 0)
        #expect(try metrics(folder.path("m")) == metrics(folder.path("1")))
        let evaluated = try ["some/data", "some/whole"].map { data in
            try mpiVAE(
                ranks: 3,
                [
                    "evaluate", "--checkpoint", folder.path("1"), "--data", Self.files.get().path("x.h5") + ":/\(data)",
                ] + (data == "some/whole" ? ["--mask", "/some/seen"] : []))
        }
        #expect(evaluated[0].status == 0 && evaluated[0].output == evaluated[1].output, "\(evaluated)")
        // Log1p, library size, dynamic binarisation of what is there.
        for options in [["--transform", "log1p", "--library-size", "10", "--likelihood", "mse"], ["--binarize", "dynamic"]] {
            let runs = ["a", "b"].map { folder.path($0 + options[0].dropFirst(2)) }
            for (run, ranks) in zip(runs, [1, 3]) {
                let outcome = try train(run, ranks: ranks, data: "unit/data", ["--nan", "mask"] + options)
                #expect(outcome.status == 0, "\(outcome)")
            }
            #expect(try newestCheckpoint(runs[0]) == newestCheckpoint(runs[1]))
        }
    }

    @Test func rowsAreDropped() throws {
        let folder = try TemporaryFolder()
        let options = ["--nan", "drop", "--likelihood", "gaussian"]
        for ranks in [1, 3] {
            let outcome = try train(folder.path("\(ranks)"), ranks: ranks, data: "few/data", options)
            #expect(outcome.status == 0, "\(outcome)")
        }
        #expect(try newestCheckpoint(folder.path("3")) == newestCheckpoint(folder.path("1")))
        #expect(try train(folder.path("m"), ranks: 2, data: "few/whole", options + ["--mask", "/few/seen"]).status == 0)
        #expect(try metrics(folder.path("m")) == metrics(folder.path("1")))
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            e, x = h5py.File(sys.argv[1] + "/3/embeddings.h5", "r"), h5py.File(sys.argv[2], "r")["few/data"][:]
            assert (e["row"][:] == np.flatnonzero(~np.isnan(x).any(1))).all() and 300 < len(e["row"]) < 400
            print("right")
            """, [folder.url.path, try Self.files.get().path("x.h5")])
        #expect(python.output == "right\n", "\(python)")
    }

    @Test func refused() throws {
        let folder = try TemporaryFolder()
        func refused(_ status: Int32, _ text: String, _ outcome: Outcome) {
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)")
        }
        let run = folder.path("run")
        refused(65, "is not a number (NaN): --nan mask", try train(run, ranks: 3, data: "few/data", ["--likelihood", "mse"]))
        refused(78, "give --nan mask", try train(run, data: "few/whole", ["--mask", "/few/seen"]))
        refused(65, "no data set /few/sen", try train(run, data: "few/whole", ["--mask", "/few/sen", "--nan", "mask"]))
        refused(65, "must have [403, 9]", try train(run, data: "some/whole", ["--mask", "/cancer/seen", "--nan", "mask"]))
        refused(
            65, "every row has values that are not numbers",
            try train(run, ranks: 3, data: "some/data", ["--nan", "drop", "--likelihood", "mse"]))
    }

    /// What a model says of missing values is far better than the mean of their column, whose error is 1.
    @Test func missingValuesAreImputed() throws {
        let folder = try TemporaryFolder()
        let outcome = try mpiVAE(
            ranks: 2,
            [
                "train", "--data", Self.files.get().path("x.h5") + ":/cancer/data", "--nan", "mask", "--likelihood", "gaussian",
                "--likelihood-scale", "0.5", "--hidden", "128", "--latent", "10", "--global-batch", "64", "--epochs", "300",
                "--lr", "2e-3",
                "--activation", "tanh", "--keep", "1", "--checkpoint-every-epochs", "300", "--output", folder.path("run"),
            ])
        #expect(outcome.status == 0, "\(outcome)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            c, f = h5py.File(sys.argv[1] + "/best.h5", "r"), h5py.File(sys.argv[2], "r")["cancer"]
            z, x, seen, p = h5py.File(sys.argv[1] + "/embeddings.h5", "r")["latent/mean"][:], f["whole"][:], f["seen"][:], c["parameters"]
            y = np.tanh(z @ p["decoder/0/weight"][:] + p["decoder/0/bias"][:]) @ p["decoder/1/weight"][:] + p["decoder/1/bias"][:]
            print(((y - x)[~seen] ** 2).mean(), (x[~seen] ** 2).mean())
            """, [folder.path("run"), try Self.files.get().path("x.h5")])
        let errors = python.output.split(separator: " ").compactMap { Double($0.trimmingCharacters(in: .newlines)) }
        #expect(errors.count == 2 && errors[0] < 0.5 && errors[1] > 0.9, "\(python)")
        print("imputation error \(python.output)")
    }
}
