import Foundation
import TestSupport
import Testing

/// The kinds of files that `embed` writes, read by the programs they are for.
@Suite(.serialized)
struct EmbeddingFormatTests {
    @Test func otherProgramsReadThem() throws {
        let (folder, run) = (try TemporaryFolder(), try EvaluationTests.run.get().path("run"))
        let made = try Program.python(
            """
            import anndata, numpy as np, pandas as pd, sys
            x = np.random.default_rng(0).poisson(3, (300, 64)).astype("f4")
            obs = pd.DataFrame({"kind": pd.Categorical(["B", "T", "N,K"] * 100), "split": np.arange(300)}, index=[f"c{i}" for i in range(300)])
            var = pd.DataFrame({"long": [f"gene {i}" for i in range(64)]}, index=[f"g{i}" for i in range(64)])
            anndata.AnnData(x, obs=obs, var=var, dtype="f4").write_h5ad(sys.argv[1])
            """, [folder.path("in.h5ad")])
        #expect(made.status == 0, "\(made)")
        for format in ["h5", "h5ad", "npy", "csv"] {
            for ranks in [1, 3] {
                let outcome = try mpiVAE(
                    ranks: ranks,
                    [
                        "embed", "--checkpoint", run, "--data", folder.path("in.h5ad"), "--labels", "/obs/kind", "--format",
                        format,
                        "--output", folder.path("\(ranks).\(format)"),
                    ])
                #expect(outcome.status == 0, "\(outcome)")
            }
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: folder.path("1.\(format)")))
                    == Data(contentsOf: URL(fileURLWithPath: folder.path("3.\(format)"))), "\(format)")
        }
        let some = try mpiVAE(
            "embed", "--checkpoint", run, "--data", folder.path("in.h5ad"), "--rows", "10:20", "--format", "h5ad", "--output",
            folder.path("some.h5ad"))
        #expect(some.status == 0, "\(some)")
        let python = try Program.python(
            """
            import anndata, h5py, numpy as np, pandas as pd, sys
            d = sys.argv[1] + "/"
            e, a, c = h5py.File(d + "1.h5", "r"), anndata.read_h5ad(d + "1.h5ad"), pd.read_csv(d + "1.csv")
            z = e["latent/mean"][:]
            assert (a.obsm["X_vae"] == z).all() and (np.load(d + "1.npy") == z).all() and np.load(d + "1.npy").dtype == np.float32
            assert list(a.obs_names) == [f"c{i}" for i in range(300)] == list(c["id"]) and list(a.var_names)[:2] == ["g0", "g1"]
            assert list(a.obs.columns) == ["kind", "split", "reconstruction_error", "kl", "elbo", "vae_split", "label"]
            assert (a.obs["split"] == np.arange(300)).all() and (a.obs["vae_split"] == "test").all()
            assert (a.obs["kind"].astype(str) == a.obs["label"]).all() and (a.obs["elbo"] == e["elbo"][:]).all()
            assert (c["label"] == a.obs["label"].values).all() and (c["split"] == "test").all()
            assert (c.iloc[:, 3:].values.astype("f4") == z).all() and list(c.columns[3:]) == ["z0", "z1", "z2", "z3"]
            a.write_h5ad(d + "again.h5ad")
            s = anndata.read_h5ad(d + "some.h5ad")
            assert list(s.obs_names) == [f"c{i}" for i in range(10, 20)] and (s.obsm["X_vae"] == z[10:20]).all() and s.n_vars == 0
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
    }
}
