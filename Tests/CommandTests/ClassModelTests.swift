import Foundation
import TestSupport
import Testing

/// scANVI on made cells of four types, of which a tenth is labelled: begun with scVI, it tells the types of the others.
struct ClassModelTests {
    private let folder: TemporaryFolder
    private let cells: String

    init() throws {
        folder = try TemporaryFolder()
        cells = folder.path("cells.h5ad")
        let made = try Program.python(
            """
            import anndata, numpy as np, pandas as pd, sys
            g = np.random.default_rng(3)
            kind, batch = g.integers(0, 4, 1200), g.integers(0, 2, 1200)
            logs = 0.6 * g.normal(size=(4, 60))[kind] + 0.3 * g.normal(size=(2, 60))[batch] + 0.3 * g.normal(size=(1200, 1))
            truth = np.array([f"type{k}" for k in kind])
            known = np.where(g.random(1200) < 0.1, truth, "Unknown")
            obs = pd.DataFrame({"cell_type": known, "truth": truth, "batch": [f"b{b}" for b in batch]}, index=[f"c{i}" for i in range(1200)])
            anndata.AnnData(g.poisson(np.exp(logs)).astype("f4"), obs=obs, dtype="f4").write_h5ad(sys.argv[1])
            """, [cells])
        if made.status != 0 { throw CannotRun(description: "\(made)") }
    }

    private func train(_ run: String, ranks: Int = 1, _ more: [String]) throws -> Outcome {
        let words =
            ["train", "--data", cells, "--condition", "/obs/batch", "--global-batch", "256", "--shards", "4", "--no-report"]
            + ["--output", folder.path(run)] + more
        return try ranks == 1 ? mpiVAE(arguments: words) : mpiVAE(ranks: ranks, words)
    }

    @Test func types() throws {
        let begun = try train("scvi", ["--model", "scvi", "--epochs", "20"])
        #expect(begun.status == 0, "\(begun)")
        let scanvi = [
            "--model", "scanvi", "--labels", "/obs/cell_type", "--unlabeled", "Unknown", "--from", folder.path("scvi"),
            "--epochs", "20",
        ]
        var digests: Set<Substring> = []
        for ranks in [1, 3] {
            let trained = try train("run\(ranks)", ranks: ranks, scanvi)
            #expect(trained.status == 0 && trained.errors.contains("parameters of the whole model"), "\(trained)")
            digests.formUnion(trained.errors.split(separator: "\n").filter { $0.contains("digest after") })
        }
        #expect(digests.count == 1, "the same bits on 1 and 3 ranks")
        let input = ["--checkpoint", folder.path("run1"), "--data", cells]
        let evaluated = try mpiVAE(arguments: ["evaluate", "--labels", "/obs/truth", "--json"] + input)
        let report = try JSONSerialization.jsonObject(with: Data(evaluated.output.utf8)) as? [String: Any]
        let accuracy = try #require(report?["class_accuracy"] as? Double, "\(evaluated)")
        #expect(accuracy > 0.95 && report?["classified_rows"] as? Int == 1200)
        for name in ["codes.h5", "codes.h5ad"] {
            let embedded = try mpiVAE(arguments: ["embed", "--output", folder.path(name)] + input)
            #expect(embedded.status == 0, "\(embedded)")
        }
        let read = try Program.python(
            """
            import anndata, h5py, numpy as np, sys
            d = sys.argv[1]
            a, f = anndata.read_h5ad(d + "/codes.h5ad"), h5py.File(d + "/codes.h5")
            p, names = f["class_probability"][:], [str(n) for n in f["class_probability"].attrs["classes"]]
            said = f["predicted_label"].asstr()[:]
            assert names == ["type0", "type1", "type2", "type3"] == list(a.uns["vae"]["classes"])
            assert p.shape == (1200, 4) and np.allclose(p.sum(1), 1, atol=1e-6) and np.array_equal(p, a.obsm["vae_class_probabilities"])
            assert list(said) == [names[i] for i in p.argmax(1)] == list(a.obs["predicted_label"].astype(str))
            print((said == a.obs["truth"].astype(str)).mean())
            """, [folder.url.path])
        #expect(
            read.status == 0 && Double(read.output.trimmingCharacters(in: .newlines)).map { abs($0 - accuracy) < 1e-9 } == true,
            "\(read)")
        // What needs a density, or a prior to draw from, is refused.
        for (command, text) in [
            (["evaluate", "--samples", "5"] + input, "is a bound itself"),
            (
                ["generate", "--checkpoint", folder.path("run1"), "--as", "batch=b0", "--output", folder.path("g.h5")],
                "no prior that is drawn from"
            ),
        ] {
            let outcome = try mpiVAE(arguments: command)
            #expect(outcome.status == 64 && outcome.errors.contains(text), "\(outcome)")
        }
        // A run goes on where it was stopped, with the same bits.
        let whole = try train("whole", ["--max-steps", "9"] + scanvi)
        _ = try train("parts", ["--max-steps", "4"] + scanvi)
        let rest = try train("parts", ["--max-steps", "9"] + scanvi)
        #expect(try newestCheckpoint(folder.path("whole")) == newestCheckpoint(folder.path("parts")), "\(whole) \(rest)")
        // But not with other labels.
        let changed = try Program.python(
            """
            import h5py, sys
            codes = h5py.File(sys.argv[1], "r+")["obs/cell_type/codes"]
            codes[0] = (codes[0] + 1) % 5
            """, [cells])
        #expect(changed.status == 0, "\(changed)")
        let other = try train("parts", ["--max-steps", "12"] + scanvi)
        #expect(other.status == 65 && other.errors.contains("what labels names is not what the run began with"), "\(other)")
    }

    /// One line, and the code that it deserves.
    @Test func refused() throws {
        for (flags, code, text) in [
            (
                ["--labels", "/obs/cell_type", "--unlabeled", "unknwn"], 65,
                "no row of \(cells):/X has that label: there are Unknown, type0"
            ),
            (["--labels", "/obs/nothing"], 65, "/obs/nothing"),
            (["--labels", "none"], 65, "none"),
            (["--labels", "/obs/cell_type", "--objective", "elbo", "--unlabeled", "Unknown"], 78, "--model scanvi"),
        ] as [([String], Int32, String)] {
            let outcome = try train("no", ["--model", "scanvi"] + flags)
            #expect(outcome.status == code && outcome.errors.contains(text), "\(outcome)")
            #expect(outcome.errors.split(separator: "\n").filter { $0.contains("error") }.count == 1)
        }
    }
}
