import Foundation
import TestSupport
import Testing

/// What `evaluate` says: the same on any number of ranks, and what scikit-learn and closed forms say of the same arrays.
@Suite(.serialized)
struct EvaluationTests {
    /// A run on real digits.
    static let run = Result {
        let folder = try TemporaryFolder()
        let outcome = try mpiVAE(
            "train", "--data", try Fixtures.digits.get(), "--likelihood", "gaussian", "--scale", "standardize", "--hidden",
            "32,16",
            "--latent", "4", "--epochs", "20", "--global-batch", "64", "--lr", "3e-3", "--fit-normal", "0,1,2,3,4,5,6,7,8",
            "--output", folder.path("run"))
        if outcome.status != 0 { throw CannotRun(description: "\(outcome)") }
        return folder
    }

    @Test func figuresOfLabelsAreScikitLearns() throws {
        let (folder, run) = (try TemporaryFolder(), try Self.run.get().path("run"))
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "evaluate", "--checkpoint", run, "--data", try Fixtures.digits.get(), "--samples", "20", "--code-rows",
                    "1000",
                    "--json", "--output", folder.path("\(ranks).h5"),
                ])
            #expect(outcome.status == 0 && outcome.errors.contains("of 1000 of 1797 rows"), "\(outcome)")
            try Data(outcome.output.utf8).write(to: folder.url.appendingPathComponent("\(ranks).json"))
        }
        for kind in ["h5", "json"] {
            let files = try ["1", "3"].map { try Data(contentsOf: folder.url.appendingPathComponent("\($0).\(kind)")) }
            #expect(files[0] == files[1], "\(kind)")
        }
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score
            from sklearn.neighbors import NearestNeighbors
            d = sys.argv[1] + "/"
            r, f, e = json.load(open(d + "1.json")), h5py.File(d + "1.h5", "r"), h5py.File(sys.argv[2], "r")
            x, y = f["mean"][:].astype("f8"), f["class"][:]
            assert len(x) == r["code_rows"] == 1000 and (y == e["label"][:][f["row"][:]]).all()
            found = NearestNeighbors(n_neighbors=11, algorithm="kd_tree").fit(x).kneighbors(x)[1]
            found = [[j for j in near if j != i][:10] for i, near in enumerate(found)]
            votes = np.array([np.bincount(y[near]).argmax() for near in found])
            for name, value in [
                ("knn_accuracy", (votes == y).mean()), ("silhouette", silhouette_score(x, y)),
                ("nmi", normalized_mutual_info_score(y, f["cluster"][:])), ("ari", adjusted_rand_score(y, f["cluster"][:])),
            ]:
                assert abs(value - r[name]) < 1e-6, (name, value, r[name])
            from sklearn.cluster import KMeans
            best = KMeans(10, n_init=10, random_state=0).fit(x).inertia_
            own = sum(((x[f["cluster"][:] == c] - x[f["cluster"][:] == c].mean(0)) ** 2).sum() for c in range(10))
            assert own < 1.02 * best, (own, best)
            from sklearn.linear_model import LogisticRegression
            from sklearn.model_selection import cross_val_score
            from sklearn.preprocessing import StandardScaler
            probe = cross_val_score(LogisticRegression(max_iter=1000), StandardScaler().fit_transform(x), y, cv=5).mean()
            assert abs(r["probe_accuracy"] - probe) < 0.08, (r["probe_accuracy"], probe)
            assert abs(sum(r["kl_per_latent"]) - r["kl"]) < 1e-4 and r["active_units"] == 4
            assert abs(r["bits_per_dimension"] + r["elbo"] / 64 / np.log(2)) < 1e-9
            assert r["log_likelihood"] > r["elbo"]
            """, [folder.url.path, try Fixtures.digits.get()])
        #expect(python.status == 0, "\(python)")
    }

    /// Of batches that are mixed in some classes and apart in others, by the definitions, with scikit-learn's distances and scipy's graphs.
    @Test func figuresOfBatchesAreScibs() throws {
        let (folder, run) = (try TemporaryFolder(), try Self.run.get().path("run"))
        let made = try Program.python(
            """
            import h5py, numpy as np, shutil, sys
            shutil.copy(sys.argv[1], sys.argv[2])
            with h5py.File(sys.argv[2], "a") as f:
                labels = f["label"][:] if "label" in f else f["labels"][:]
                random = np.random.default_rng(3).integers(0, 3, len(labels))
                f["batch"] = [b"abc"[b:b + 1] for b in np.where(labels < 4, labels % 3, random)]
                f["empty"] = [b"a"] * 5 + [b""] * (len(labels) - 5)
                f["half"] = np.full(len(labels), 0.5)
            """, [try Fixtures.digits.get(), folder.path("data.h5")])
        #expect(made.status == 0, "\(made)")
        func evaluate(_ ranks: Int, _ batches: String, _ more: [String] = []) throws -> Outcome {
            try mpiVAE(
                ranks: ranks,
                [
                    "evaluate", "--checkpoint", run, "--data", folder.path("data.h5"), "--batches", batches, "--code-rows", "800",
                    "--json",
                ] + more)
        }
        let outcomes = try [1, 3].map { try evaluate($0, "/batch", ["--output", folder.path("\($0).h5")]) }
        #expect(outcomes.allSatisfy { $0.status == 0 } && outcomes[0].output == outcomes[1].output, "\(outcomes)")
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            from scipy.sparse import coo_matrix
            from scipy.sparse.csgraph import connected_components
            from sklearn.metrics import silhouette_samples, silhouette_score
            from sklearn.neighbors import NearestNeighbors
            r = json.loads(sys.argv[1])
            with h5py.File(sys.argv[2]) as f, h5py.File(sys.argv[3]) as d:
                x, y, b = f["mean"][:].astype("f8"), f["class"][:], d["batch"].asstr()[:][f["row"][:]]
            distances, near = NearestNeighbors(n_neighbors=91).fit(x).kneighbors(x)
            assert (near[:, 0] == np.arange(len(x))).all()
            def simpson(distances, parts):
                low, high, beta = -np.inf, np.inf, 1.0
                for _ in range(50):
                    p = np.exp(-distances * beta)
                    h = np.log(p.sum()) + beta * (distances * p).sum() / p.sum()
                    p /= p.sum()
                    if abs(h - np.log(30)) < 1e-5: break
                    if h > np.log(30): low, beta = beta, beta * 2 if np.isinf(high) else (beta + high) / 2
                    else: high, beta = beta, beta / 2 if np.isinf(low) else (beta + low) / 2
                return sum(p[parts == part].sum() ** 2 for part in set(parts))
            lisi = lambda parts: np.median([1 / simpson(d[1:], parts[n[1:]]) for d, n in zip(distances, near)])
            asw = [(1 - abs(silhouette_samples(x[y == c], b[y == c]))).mean() for c in range(10) if len(set(b[y == c])) > 1]
            edges = coo_matrix((np.ones(14 * len(x)), (np.repeat(np.arange(len(x)), 14), near[:, 1:15].ravel())), (len(x),) * 2).tocsr()
            parts = [np.bincount(connected_components(edges[y == c][:, y == c], directed=False)[1]) for c in range(10)]
            assert 1 < len(asw) < 10 and any(len(p) > 1 for p in parts), (asw, parts)
            for name, value in [
                ("batches", 3), ("batch_mixing", (lisi(b) - 1) / 2), ("label_separation", (10 - lisi(y)) / 9),
                ("batch_silhouette", np.mean(asw)), ("label_silhouette", (silhouette_score(x, y) + 1) / 2),
                ("graph_connectivity", np.mean([p.max() / p.sum() for p in parts])),
            ]:
                assert abs(value - r[name]) < 1e-6, (name, value, r[name])
            """, [outcomes[0].output, folder.path("1.h5"), folder.path("data.h5")])
        #expect(python.status == 0, "\(python)")
        for (name, reason) in [
            ("/empty", "rows have no batch"), ("/half", "but batches are text or whole numbers"), ("/none", "/none"),
        ] {
            let outcome = try evaluate(1, name, ["--rows", "0:100"])
            #expect(outcome.status == 65 || outcome.status == 66, "\(outcome)")
            #expect(outcome.errors.contains(reason), "\(outcome)")
        }
    }

    /// A linear Gaussian model has a p(x) in closed form: Normal(b, W W' + s^2).
    @Test func importanceWeightedLikelihoodIsTheClosedForm() throws {
        let folder = try TemporaryFolder()
        let digits = try Fixtures.digits.get()
        let trained = try mpiVAE(
            "train", "--data", digits, "--likelihood", "gaussian", "--hidden", "none", "--latent", "3", "--scale", "standardize",
            "--scale-by", "global", "--epochs", "40", "--global-batch", "64", "--lr", "3e-3", "--output", folder.path("run"))
        #expect(trained.status == 0, "\(trained)")
        var outputs: [String] = []
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "evaluate", "--checkpoint", folder.path("run"), "--data", digits, "--rows", "0:300", "--samples", "1000",
                    "--json",
                ])
            #expect(outcome.status == 0, "\(outcome)")
            outputs.append(outcome.output)
        }
        #expect(outputs[0] == outputs[1])
        let scored = try mpiVAE(
            ranks: 2,
            [
                "score", "--checkpoint", folder.path("run"), "--data", digits, "--rows", "0:300", "--samples", "1000", "--output",
                folder.path("scores.h5"),
            ])
        #expect(scored.status == 0, "\(scored)")
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            c, r = h5py.File(sys.argv[1] + "/run/best.h5", "r"), json.loads(sys.argv[3])
            x = h5py.File(sys.argv[2], "r")["data"][:300].astype("f8")
            x = (x - c["normalization/shift"][:]) * c["normalization/factor"][:]
            w, b = c["parameters/decoder/0/weight"][:].astype("f8"), c["parameters/decoder/0/bias"][:]
            S, d = w.T @ w + np.eye(64), x - b
            rows = -0.5 * ((d @ np.linalg.inv(S) * d).sum(1) + np.linalg.slogdet(S)[1] + 64 * np.log(2 * np.pi))
            exact = rows.mean()
            error = r["log_likelihood_error"]
            assert r["samples"] == 1000 and 0 < error < 0.05, error
            assert abs(r["log_likelihood"] - exact) < 3 * error + 1e-4, (r["log_likelihood"], exact, error)
            iw = h5py.File(sys.argv[1] + "/scores.h5", "r")["score/iw"][:]
            assert abs(iw.mean() + r["log_likelihood"]) < 1e-4 and abs(iw + rows).max() < 1, abs(iw + rows).max()
            assert np.corrcoef(iw, rows)[0, 1] < -0.999
            z = h5py.File(sys.argv[1] + "/run/embeddings.h5", "r")["latent/mean"][:300].astype("f8")
            assert abs(((z @ w + b - x) ** 2).mean() - r["mean_squared_error"]) < 1e-5
            """, [folder.url.path, digits, outputs[0]])
        #expect(python.status == 0, "\(python)")
    }

    @Test func mutualInformationGap() throws {
        let folder = try TemporaryFolder()
        let trained = try mpiVAE(
            "train", "--hidden", "32", "--latent", "5", "--epochs", "2", "--output", "run", folder: folder.url)
        #expect(trained.status == 0, "\(trained)")
        let shapes = folder.path("run/shapes.h5")
        var outputs: [String] = []
        for ranks in [1, 3] {
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "evaluate", "--checkpoint", folder.path("run"), "--data", shapes, "--factors", "/factors", "--code-rows", "0",
                    "--json",
                ])
            #expect(outcome.status == 0, "\(outcome)")
            outputs.append(outcome.output)
        }
        #expect(outputs[0] == outputs[1])
        let python = try Program.python(
            """
            import h5py, json, numpy as np, sys
            from sklearn.metrics import mutual_info_score
            z = h5py.File(sys.argv[1] + "/embeddings.h5", "r")["latent/mean"][:].astype("f8")
            f = h5py.File(sys.argv[1] + "/shapes.h5", "r")["factors"][:]
            def cut(v):
                v = v.astype("f8")
                return np.minimum(19, ((v - v.min()) / (v.max() - v.min()) * 20).astype(int))
            gaps = []
            for j in range(f.shape[1]):
                g = cut(f[:, j]) if len(np.unique(f[:, j])) > 20 else np.unique(f[:, j], return_inverse=True)[1]
                known = sorted((mutual_info_score(cut(z[:, i]), g) for i in range(z.shape[1])), reverse=True)
                gaps.append((known[0] - known[1]) / mutual_info_score(g, g))
            assert abs(np.mean(gaps) - json.loads(sys.argv[2])["mutual_information_gap"]) < 1e-9
            """, [folder.path("run"), outputs[0]])
        #expect(python.status == 0, "\(python)")
    }

    @Test func whatCannotBeSaidIsRefused() throws {
        let (folder, run) = (try TemporaryFolder(), try Self.run.get().path("run"))
        let digits = try Fixtures.digits.get()
        let made = try Program.python(
            """
            import h5py, sys
            with h5py.File(sys.argv[1], "r") as d, h5py.File(sys.argv[2], "w") as f:
                f["data"], f["label"], f["few"] = d["data"][:], d["label"][:99], d["data"][:50]
            """, [digits, folder.path("bad.h5")])
        #expect(made.status == 0, "\(made)")
        let bad = folder.path("bad.h5")
        func refused(_ status: Int32, _ text: String, _ arguments: [String]) throws {
            let outcome = try mpiVAE(ranks: 2, arguments)
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(text): \(outcome)")
            #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)")
        }
        try refused(65, "has 99 labels", ["evaluate", "--checkpoint", run, "--data", bad])
        try refused(
            65, "has 50 rows",
            ["evaluate", "--checkpoint", run, "--data", digits, "--factors", "/few"].map { $0 == digits ? bad : $0 })
        try Data().write(to: folder.url.appendingPathComponent("there"))
        let there = folder.path("there")
        try refused(73, "is there already", ["embed", "--checkpoint", run, "--data", digits, "--output", there])
        try refused(73, "is there already", ["score", "--checkpoint", run, "--data", digits, "--output", there])
        #expect(try Data(contentsOf: URL(fileURLWithPath: there)).isEmpty)
        try refused(
            64, "without missing values", ["impute", "--checkpoint", run, "--data", digits, "--output", folder.path("i.h5")])
        let alone = try mpiVAE("evaluate", "--checkpoint", run, "--data", digits, "--rows", "0:1", "--json")
        #expect(alone.status == 0 && alone.errors.contains("all rows have the label 0 alone"), "\(alone)")
        #expect(!alone.output.contains("silhouette") && !alone.output.lowercased().contains("nan"))
    }
}
