import Foundation
import TestSupport
import Testing

/// Linear decoders: the loadings come out with the features' names, in the run's folder and in AnnData files.
struct LoadingTests {
    @Test func cells() throws {
        let folder = try TemporaryFolder()
        let cells = folder.path("cells.h5ad")
        let made = try Program.python(
            """
            import anndata, numpy as np, pandas as pd, sys
            g = np.random.default_rng(3)
            z = g.normal(size=(256, 2))
            rates = np.exp(z @ g.normal(size=(2, 30)))
            obs = pd.DataFrame({"batch": [f"b{i % 2}" for i in range(256)]}, index=[f"cell{i}" for i in range(256)])
            var = pd.DataFrame(index=[f"gene{i}" if i else "gene,0" for i in range(30)])
            anndata.AnnData(g.poisson(rates).astype("f4"), obs=obs, var=var, dtype="f4").write_h5ad(sys.argv[1])
            """, [cells])
        #expect(made.status == 0, "\(made)")
        func train(_ run: String, ranks: Int) throws -> String {
            let words = [
                "train", "--data", cells, "--model", "scvi", "--condition", "/obs/batch", "--decoder", "linear", "--latent", "3",
                "--output", folder.path(run), "--epochs", "5", "--hidden", "16", "--global-batch", "64", "--shards", "4",
                "--no-report",
            ]
            let outcome = try ranks == 1 ? mpiVAE(arguments: words) : mpiVAE(ranks: ranks, words)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("\(run)/topics.csv")))
            return try String(contentsOfFile: folder.path("\(run)/loadings.csv"), encoding: .utf8)
        }
        #expect(try train("one", ranks: 1) == train("three", ranks: 3))
        // Beside the codes alone, in a copy of the input, and not beside features that are others.
        for (name, more) in [("new", []), ("copy", ["--with-input"])] {
            let embedded = try mpiVAE(
                arguments: [
                    "embed", "--checkpoint", folder.path("one"), "--data", cells, "--output", folder.path("\(name).h5ad"),
                ] + more)
            #expect(embedded.status == 0, "\(embedded)")
        }
        let read = try Program.python(
            """
            import anndata, h5py, numpy as np, pandas as pd, sys
            d = sys.argv[1]
            table = pd.read_csv(d + "/one/loadings.csv", index_col="feature")
            # Of the two outputs of each gene the first.
            weight = h5py.File(d + "/one/best.h5")["parameters/decoder/0/weight"][:]
            assert weight.shape == (3, 60) and list(table.columns) == ["z0", "z1", "z2"]
            assert np.array_equal(table.to_numpy("f4"), weight[:, :30].T)
            for name in ["new", "copy"]:
                a = anndata.read_h5ad(f"{d}/{name}.h5ad")
                assert a.varm["vae_loadings"].shape == (30, 3) and list(a.var_names) == list(table.index) == ["gene,0"] + [f"gene{i}" for i in range(1, 30)]
                assert np.array_equal(a.varm["vae_loadings"], table.to_numpy("f4"))
                assert a.obsm["X_vae"].shape == (256, 3)
            """, [folder.url.path])
        #expect(read.status == 0, "\(read)")
    }

    /// Features without names have their places; other decoders no loadings.
    @Test func plainTables() throws {
        let folder = try TemporaryFolder()
        let digits = try Fixtures.digits.get()
        for (run, more) in [("linear", ["--hidden", "none"]), ("deep", ["--hidden", "8"])] {
            let outcome = try mpiVAE(
                arguments: [
                    "train", "--data", digits, "--output", folder.path(run), "--epochs", "1", "--latent", "2",
                    "--likelihood", "gaussian", "--no-report",
                ] + more)
            #expect(outcome.status == 0, "\(outcome)")
        }
        let lines = try String(contentsOfFile: folder.path("linear/loadings.csv"), encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 65 && lines[0] == "feature,z0,z1" && lines[64].hasPrefix("63,"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("deep/loadings.csv")))
        let embedded = try mpiVAE(
            arguments: [
                "embed", "--checkpoint", folder.path("linear"), "--data", digits, "--output",
                folder.path("codes.h5ad"),
            ])
        #expect(embedded.status == 0 && embedded.errors.contains("the loadings are not in the file"), "\(embedded)")
    }
}
