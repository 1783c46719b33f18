import Foundation
import TestSupport
import Testing

/// Anomaly scores against numpy from the checkpoint alone, and their figures against scikit-learn.
@Suite(.serialized)
struct ScoreTests {
    /// Digits 8 and 9 are the anomalies; the model saw no 9.
    private static let normal = ["--normal"] + (0..<8).map { "\($0)" }

    @Test(arguments: ["none", "layer"])
    func scoresAreRaPPs(normalization: String) throws {
        let folder = try TemporaryFolder()
        let (digits, run) = (try Fixtures.digits.get(), folder.path("run"))
        let trained = try mpiVAE(
            "train", "--data", digits, "--hidden", "32,16", "--latent", "4", "--likelihood", "gaussian", "--scale", "standardize",
            "--fit-normal", (0..<9).map { "\($0)" }.joined(separator: ","), "--epochs", "20", "--lr", "3e-3", "--global-batch",
            "64",
            "--normalization", normalization, "--output", run)
        #expect(trained.status == 0, "\(trained)")
        var outputs: [String] = []
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks,
                ["score", "--checkpoint", run, "--data", digits, "--output", folder.path("\(ranks).h5"), "--json"]
                    + ["--quantile", "0.99", "0.9"] + Self.normal)
            #expect(outcome.status == 0, "\(outcome)")
            outputs.append(outcome.output)
        }
        #expect(outputs[0] == outputs[1])
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: folder.path("1.h5")))
                == Data(contentsOf: URL(fileURLWithPath: folder.path("3.h5"))))
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            from sklearn.metrics import average_precision_score, roc_auc_score
            s, c, d = h5py.File(sys.argv[1], "r"), h5py.File(sys.argv[2] + "/best.h5", "r"), h5py.File(sys.argv[3], "r")
            r, label, fit = json.loads(sys.argv[4]), s["label"][:], d["label"][:] != 9
            assert len(s["score"]) == 6 and r["anomalies"] == (label >= 8).sum() == 354 and r["fitted_rows"] == 1617
            assert [(c["label"], c["rows"]) for c in r["classes"]] == [("8", 174), ("9", 180)]
            for k in s["score"]:
                v = s["score"][k][:]
                for kept, found in [(label >= 0, r)] + [((label < 8) | (label == 8 + i), r["classes"][i]["figures"]) for i in (0, 1)]:
                    assert abs(roc_auc_score(label[kept] >= 8, v[kept]) - found["area_under_roc"][k]) < 1e-9, k
                    assert abs(average_precision_score(label[kept] >= 8, v[kept]) - found["average_precision"][k]) < 1e-9, k
                # The run has no validation rows: the fitted ones.
                t = np.quantile(v[fit], [0.9, 0.99], method="inverted_cdf")
                assert (s["threshold"][k][:] == t).all() and (np.array(r["thresholds"][k], "f4") == t).all(), k
                assert (s["above"][k][:] == (v[:, None] > t).sum(1)).all(), k
                assert r["rows_above"][k] == [(v > a).sum() for a in t], k
            assert list(s["quantile"][:]) == r["quantiles"] == [0.9, 0.99] and s.attrs["threshold_rows"] == 1617
            assert s.attrs["thresholds_of"] == r["thresholds_of"] == "training rows of the run"
            x = (d["data"][:].astype("f8") - c["normalization/shift"][:]) * c["normalization/factor"][:]
            def layer(part, i, x, hidden=True):
                p = c[f"parameters/{part}/{i}"]
                y = x @ p["weight"][:].astype("f8") + p["bias"][:]
                if not hidden: return y
                return np.maximum(y, 0)
            def normalize(part, i, y):
                p = c[f"parameters/{part}/{i}"]
                if "gain" not in p: return y
                return (y - y.mean(1, keepdims=True)) / np.sqrt(y.var(1, keepdims=True) + 1e-5) * p["gain"][:] + p["shift"][:]
            # RaPP compares what the activations are before they are normalised.
            def encode(x):
                h = [x]
                for i in range(3):
                    h.append(layer("encoder", i, x, i < 2))
                    x = normalize("encoder", i, h[-1])
                h[-1] = h[-1][:, :4]
                return np.concatenate(h, 1), h[-1]
            h, z = encode(x)
            v = z
            for i in range(3): v = normalize("decoder", i, layer("decoder", i, v, i < 2))
            D = h - encode(v)[0]
            mean = D[fit].mean(0)
            u, size, axes = np.linalg.svd(D[fit] - mean, full_matrices=False)
            kept = size > 1e-5 * size[0]
            nap = ((((D - mean) @ axes[kept].T) / size[kept]) ** 2).sum(1)
            q = z - z[fit].mean(0)
            distance = np.sqrt((q @ np.linalg.inv(np.cov(z[fit].T)) * q).sum(1))
            for name, value in [("squared_error", (D[:, :64] ** 2).sum(1)), ("sap", (D ** 2).sum(1)), ("nap", nap), ("mahalanobis", distance)]:
                assert abs(s["score"][name][:] / value - 1).max() < 1e-4, name
            """, [folder.path("1.h5"), run, digits, outputs[0]])
        #expect(python.status == 0, "\(python)")
    }

    /// Where there are too many activations, means of them are whitened: of 64 values, 40 and 12 activations and a code of 3 runs of
    /// neighbours, here of at most 50 values.
    @Test func napOfMeans() throws {
        let (folder, digits) = (try TemporaryFolder(), try Fixtures.digits.get())
        let trained = try mpiVAE(
            "train", "--data", digits, "--hidden", "40,12", "--latent", "3", "--likelihood", "gaussian", "--scale", "standardize",
            "--epochs", "8", "--lr", "3e-3", "--global-batch", "64", "--no-report", "--output", folder.path("run"))
        #expect(trained.status == 0, "\(trained)")
        let environment = ["MPI_VAE_TEST_MOST_WHITENED": "50"]
        for (name, ranks, environment) in [("whole", 1, [:]), ("1", 1, environment), ("3", 3, environment)] {
            let outcome = try mpiVAE(
                ranks: ranks,
                ["score", "--checkpoint", folder.path("run"), "--data", digits, "--output", folder.path("\(name).h5")],
                environment: environment)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                outcome.errors.contains("nap is of means: 119 activations a row are pooled to 49") == (name != "whole"),
                "\(outcome)")
        }
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: folder.path("1.h5")))
                == Data(contentsOf: URL(fileURLWithPath: folder.path("3.h5"))))
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d = sys.argv[1] + "/"
            s, w, c, x = h5py.File(d + "1.h5", "r"), h5py.File(d + "whole.h5", "r"), h5py.File(d + "run/best.h5", "r"), h5py.File(sys.argv[2], "r")
            assert list(s["score"]) == list(w["score"]) and len(s["score"]) == 6
            for k in s["score"]: assert (s["score"][k][:] == w["score"][k][:]).all() == (k != "nap"), k
            x = (x["data"][:].astype("f8") - c["normalization/shift"][:]) * c["normalization/factor"][:]
            def run(part, x):
                layers = []
                for i in range(3):
                    p = c[f"parameters/{part}/{i}"]
                    x = x @ p["weight"][:].astype("f8") + p["bias"][:]
                    if i < 2: x = np.maximum(x, 0)
                    layers.append(x)
                return layers
            def encode(x):
                h = run("encoder", x)
                return [x, h[0], h[1], h[2][:, :3]]
            seen = encode(x)
            again = encode(run("decoder", seen[3])[2])
            # 17 of 64, 17 of 40, 12 and 3 are 49; with 18 there would be 51.
            parts = []
            for a, b in zip(seen, again):
                D, n = a - b, a.shape[1]
                m = min(n, 17)
                parts.append(np.stack([D[:, j * n // m:(j + 1) * n // m].mean(1) for j in range(m)], 1))
            D = np.concatenate(parts, 1)
            assert D.shape[1] == 49
            D -= D.mean(0)
            u, size, axes = np.linalg.svd(D, full_matrices=False)
            kept = size > 1e-5 * size[0]
            nap = (((D @ axes[kept].T) / size[kept]) ** 2).sum(1)
            assert abs(s["score/nap"][:] / nap - 1).max() < 1e-4
            """, [folder.url.path, digits])
        #expect(python.status == 0, "\(python)")
    }

    /// Thresholds are quantiles of the validation rows, wherever they lie.
    @Test func thresholdsAreOfValidationRows() throws {
        let (folder, digits) = (try TemporaryFolder(), try Fixtures.digits.get())
        let trained = try mpiVAE(
            "train", "--data", digits, "--hidden", "8", "--latent", "2", "--likelihood", "gaussian", "--scale", "standardize",
            "--epochs", "1", "--validation-fraction", "0.2", "--fit-normal", "0,1,2", "--output", folder.path("run"))
        #expect(trained.status == 0, "\(trained)")
        var outputs: [String] = []
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "score", "--checkpoint", folder.path("run"), "--data", digits, "--quantile", "0.95", "--samples", "3",
                    "--output", folder.path("\(ranks).h5"), "--json",
                ])
            #expect(outcome.status == 0 && !outcome.errors.contains("no validation rows"), "\(outcome)")
            outputs.append(outcome.output)
        }
        #expect(outputs[0] == outputs[1])
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: folder.path("1.h5")))
                == Data(contentsOf: URL(fileURLWithPath: folder.path("3.h5"))))
        let fitted = try mpiVAE(
            "score", "--checkpoint", folder.path("run"), "--data", digits, "--fit-data", digits, "--quantile", "1", "--json",
            "--output", folder.path("fit.h5"))
        #expect(fitted.status == 0 && fitted.errorLines.isEmpty, "\(fitted)")
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            d = sys.argv[1] + "/"
            s, e, r = h5py.File(d + "1.h5", "r"), h5py.File(d + "run/embeddings.h5", "r"), json.loads(sys.argv[2])
            rows = e["row"][:][e["split"][:] == 1]
            assert len(rows) == r["threshold_rows"] == round(0.2 * (s["label"][:] < 3).sum()) and (s["label"][:][rows] < 3).all()
            assert r["thresholds_of"] == "validation rows of the run" and r["samples"] == 3 and len(s["score"]) == 7
            for k in s["score"]:
                t = np.quantile(s["score"][k][:][rows], [0.95], method="inverted_cdf")
                assert (s["threshold"][k][:] == t).all() and r["rows_above"][k] == [(s["score"][k][:] > t).sum()], k
            f, r = h5py.File(d + "fit.h5", "r"), json.loads(sys.argv[3])
            assert r["thresholds_of"] == "rows of --fit-data" and r["threshold_rows"] == r["fitted_rows"] == 1797
            for k in f["score"]: assert f["threshold"][k][0] == f["score"][k][:].max() and not f["above"][k][:].any(), k
            """, [folder.url.path, outputs[0], fitted.output])
        #expect(python.status == 0, "\(python)")
    }

    /// A linear autoencoder finds the subspace of the first principal components (Baldi & Hornik 1989).
    @Test func linearAutoencoderIsPCA() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, sys
            from sklearn.datasets import load_breast_cancer, load_digits
            with h5py.File(sys.argv[1], "w") as f:
                for name, set in [("cancer", load_breast_cancer()), ("digits", load_digits())]:
                    f[name + "/data"], f[name + "/label"] = set.data, set.target
            """, [folder.path("d.h5")])
        #expect(made.status == 0, "\(made)")
        // Benign cases are normal, and all digits but 9.
        for (name, latent, normal, scaleBy) in [
            ("cancer", "5", ["1"], "feature"), ("digits", "10", (0..<9).map { "\($0)" }, "global"),
        ] {
            let (data, run) = (folder.path("d.h5:/\(name)"), folder.path(name))
            let trained = try mpiVAE(
                "train", "--data", data, "--fit-normal", normal.joined(separator: ","), "--model", "ae", "--likelihood", "mse",
                "--hidden", "none", "--latent", latent, "--scale", "standardize", "--scale-by", scaleBy, "--global-batch", "128",
                "--shards", "1", "--lr", "3e-2", "--schedule", "cosine", "--lr-final-factor", "0.001", "--epochs", "300",
                "--output", run)
            #expect(trained.status == 0, "\(trained)")
            let score = ["score", "--checkpoint", run, "--data", data, "--output", folder.path("\(name)-scores.h5")]
            let refused = try mpiVAE(arguments: score + ["--samples", "5"])
            #expect(refused.status == 64 && refused.errors.contains("which gives no p(x)"), "\(refused)")
            let outcome = try mpiVAE(arguments: score + ["--json", "--normal"] + normal)
            #expect(outcome.status == 0, "\(outcome)")
            let python = try Program.python(
                """
                import h5py, json, numpy as np, sys
                from sklearn.decomposition import PCA
                from sklearn.metrics import roc_auc_score
                g = h5py.File(sys.argv[1], "r")[sys.argv[2]]
                x, isNormal = g["data"][:], np.isin(g["label"][:].astype(str), sys.argv[3].split(","))
                axis = 0 if sys.argv[4] == "feature" else None
                x = (x - x[isNormal].mean(axis)) / x[isNormal].std(axis)
                p = PCA(int(sys.argv[5]), svd_solver="full").fit(x[isNormal])
                error = ((x - p.inverse_transform(p.transform(x))) ** 2).sum(1)
                auc, own = roc_auc_score(~isNormal, error), json.loads(sys.argv[6])["area_under_roc"]["reconstruction"]
                assert abs(auc - own) < 0.01 and auc > 0.7, (auc, own)
                """, [folder.path("d.h5"), name, normal.joined(separator: ","), scaleBy, latent, outcome.output])
            #expect(python.status == 0, "\(name): \(python)")
        }
    }

    @Test func whatCannotBeScoredIsRefused() throws {
        let (folder, run) = (try TemporaryFolder(), try EvaluationTests.run.get().path("run"))
        let digits = try Fixtures.digits.get()
        let made = try Program.python(
            """
            import h5py, sys
            with h5py.File(sys.argv[1], "r") as d, h5py.File(sys.argv[2], "w") as f:
                f["data"], f["label"], f["other"] = d["data"][:], d["label"][:99], d["label"][:100]
                f["narrow/data"], f["bare/data"] = d["data"][:, :5], d["data"][:]
            """, [digits, folder.path("bad.h5")])
        #expect(made.status == 0, "\(made)")
        let (bad, there) = (folder.path("bad.h5"), folder.path("there.h5"))
        try Data("kept".utf8).write(to: URL(fileURLWithPath: there))
        func refused(_ status: Int32, _ text: String, ranks: Int = 1, _ arguments: [String]) throws {
            let outcome = try ranks == 1 ? mpiVAE(arguments: arguments) : mpiVAE(ranks: ranks, arguments)
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(text): \(outcome)")
            #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)")
        }
        func score(_ data: String, _ output: String = "new.h5") -> [String] {
            ["score", "--checkpoint", run, "--data", data, "--output", folder.path(output)]
        }
        try refused(
            64, "has the label 'seven', but 0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
            ["train", "--data", digits, "--fit-normal", "0,seven", "--output", folder.path("run")])
        try refused(65, "has 99 labels", ranks: 2, score(bad))
        try refused(65, "/other", score(bad) + ["--labels", "/other", "--normal", "0"])
        try refused(65, "has none: name their path by --labels", score("\(bad):/bare") + ["--normal", "0"])
        try refused(64, "--normal: no row of", ranks: 2, score(digits) + ["--normal", "0", "seven"])
        try refused(65, "rows of shape [5], but the model was trained on", score("\(bad):/narrow"))
        try refused(65, "rows of shape [5], but the model was trained on", score(digits) + ["--fit-data", "\(bad):/narrow"])
        try refused(73, "is there already", ranks: 2, score(digits, "there.h5") + ["--normal", "0"])
        let share = try mpiVAE(arguments: score(digits) + ["--quantile", "99"])
        #expect(share.status == 64 && share.errors.contains("--quantile is '99', but must be above 0 and at most 1"), "\(share)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: there)) == Data("kept".utf8))
        #expect(!FileManager.default.fileExists(atPath: folder.path("new.h5")))
    }

    @Test func oneKindAloneIsSaid() throws {
        let (folder, run) = (try TemporaryFolder(), try EvaluationTests.run.get().path("run"))
        let outcome = try mpiVAE(
            ranks: 2,
            [
                "score", "--checkpoint", run, "--data", try Fixtures.digits.get(), "--rows", "0:8", "--output",
                folder.path("s.h5"),
                "--json",
            ] + Self.normal)
        #expect(outcome.status == 0 && outcome.errors.contains("all rows are normal"), "\(outcome)")
        #expect(!outcome.output.contains("area") && !outcome.output.lowercased().contains("nan"), "\(outcome)")
    }
}
