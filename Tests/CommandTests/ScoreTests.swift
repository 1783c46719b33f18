import Foundation
import TestSupport
import Testing

/// Anomaly scores against numpy from the checkpoint alone, and their figures against scikit-learn.
@Suite(.serialized)
struct ScoreTests {
    private static let normal = ["--normal"] + (0..<9).map { "\($0)" }

    @Test func scoresAreRaPPs() throws {
        let (folder, run) = (try TemporaryFolder(), try EvaluationTests.run.get().path("run"))
        let digits = try Fixtures.digits.get()
        var outputs: [String] = []
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks,
                ["score", "--checkpoint", run, "--data", digits, "--output", folder.path("\(ranks).h5"), "--json"] + Self.normal)
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
            r, y = json.loads(sys.argv[4]), s["label"][:] == 9
            assert len(s["score"]) == 5 and r["anomalies"] == y.sum() == 180 and r["fitted_rows"] == 1617
            for k in s["score"]:
                assert abs(roc_auc_score(y, s["score"][k][:]) - r["area_under_roc"][k]) < 1e-6, k
                assert abs(average_precision_score(y, s["score"][k][:]) - r["average_precision"][k]) < 1e-6, k
            x = (d["data"][:].astype("f8") - c["normalization/shift"][:]) * c["normalization/factor"][:]
            def layer(part, i, x, hidden=True):
                y = x @ c[f"parameters/{part}/{i}/weight"][:].astype("f8") + c[f"parameters/{part}/{i}/bias"][:]
                return np.maximum(y, 0) if hidden else y
            def encode(x):
                h = [x]
                for i in range(3): h.append(layer("encoder", i, h[-1], i < 2))
                h[-1] = h[-1][:, :4]
                return np.concatenate(h, 1), h[-1]
            h, z = encode(x)
            v = z
            for i in range(3): v = layer("decoder", i, v, i < 2)
            D, fit = h - encode(v)[0], d["label"][:] != 9
            mean = D[fit].mean(0)
            u, size, axes = np.linalg.svd(D[fit] - mean, full_matrices=False)
            kept = size > 1e-5 * size[0]
            nap = ((((D - mean) @ axes[kept].T) / size[kept]) ** 2).sum(1)
            q = z - z[fit].mean(0)
            distance = np.sqrt((q @ np.linalg.inv(np.cov(z[fit].T)) * q).sum(1))
            for name, value in [("sap", (D ** 2).sum(1)), ("nap", nap), ("mahalanobis", distance)]:
                assert abs(s["score"][name][:] / value - 1).max() < 1e-4, name
            """, [folder.path("1.h5"), run, digits, outputs[0]])
        #expect(python.status == 0, "\(python)")
    }

    @Test func oneKindAloneIsSaid() throws {
        let (folder, run) = (try TemporaryFolder(), try EvaluationTests.run.get().path("run"))
        let outcome = try mpiVAE(
            ranks: 2,
            [
                "score", "--checkpoint", run, "--data", try Fixtures.digits.get(), "--rows", "0:9", "--output",
                folder.path("s.h5"),
                "--json",
            ] + Self.normal)
        #expect(outcome.status == 0 && outcome.errors.contains("all rows are normal"), "\(outcome)")
        #expect(!outcome.output.contains("area") && !outcome.output.lowercased().contains("nan"), "\(outcome)")
    }

    /// AUC and average precision where many scores are equal: a model of rows that hardly differ.
    @Test func tiesCountHalf() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, sys
            g = np.random.default_rng(1)
            x = g.integers(0, 2, (400, 2)).astype("f4")
            with h5py.File(sys.argv[1], "w") as f: f["data"], f["label"] = x, g.integers(0, 2, 400)
            """, [folder.path("d.h5")])
        #expect(made.status == 0, "\(made)")
        let trained = try mpiVAE(
            "train", "--data", folder.path("d.h5"), "--model", "ae", "--likelihood", "mse", "--hidden", "4", "--latent", "1",
            "--epochs", "2", "--output", folder.path("run"))
        #expect(trained.status == 0, "\(trained)")
        let outcome = try mpiVAE(
            ranks: 3,
            [
                "score", "--checkpoint", folder.path("run"), "--data", folder.path("d.h5"), "--output", folder.path("s.h5"),
                "--json", "--normal", "0",
            ])
        #expect(outcome.status == 0, "\(outcome)")
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            from sklearn.metrics import average_precision_score, roc_auc_score
            s, r = h5py.File(sys.argv[1], "r"), json.loads(sys.argv[2])
            y = s["label"][:] != 0
            assert len(np.unique(s["score/reconstruction"][:])) <= 4
            for k in s["score"]:
                assert abs(roc_auc_score(y, s["score"][k][:]) - r["area_under_roc"][k]) < 1e-6, k
                assert abs(average_precision_score(y, s["score"][k][:]) - r["average_precision"][k]) < 1e-6, k
            """, [folder.path("s.h5"), outcome.output])
        #expect(python.status == 0, "\(python)")
    }
}
