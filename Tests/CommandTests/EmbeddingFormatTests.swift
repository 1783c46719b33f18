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
            assert (a.obs["split"] == np.arange(300)).all() and (a.obs["vae_split"] == "new").all()
            assert (a.obs["kind"].astype(str) == a.obs["label"]).all() and (a.obs["elbo"] == e["elbo"][:]).all()
            assert (c["label"] == a.obs["label"].values).all() and (c["split"] == "new").all()
            assert (c.iloc[:, 3:].values.astype("f4") == z).all() and list(c.columns[3:]) == ["z0", "z1", "z2", "z3"]
            a.write_h5ad(d + "again.h5ad")
            s = anndata.read_h5ad(d + "some.h5ad")
            assert list(s.obs_names) == [f"c{i}" for i in range(10, 20)] and (s.obsm["X_vae"] == z[10:20]).all() and list(s.var_names)[:2] == ["g0", "g1"]
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
    }

    /// Frames that are damaged, strange or made to do harm: what is not a column is left out, and the file can be read.
    @Test func framesThatAreNotSound() throws {
        let (folder, run) = (try TemporaryFolder(), try EvaluationTests.run.get().path("run"))
        let names = [
            "good", "cycle", "root", "deep", "short", "long", "codes", "filter", "external", "storage", "index", "collide",
        ]
        let made = try Program.python(
            """
            import anndata, h5py, numpy as np, os, pandas as pd, shutil, sys
            from h5py import h5d, h5p, h5s, h5t, h5z
            d = sys.argv[1] + "/"
            x = np.random.default_rng(0).poisson(3, (300, 64)).astype("f4")
            obs = pd.DataFrame({"kind": pd.Categorical(["B", "T", "NK"] * 100), "num": np.arange(300)}, index=[f"c{i}" for i in range(300)])
            var = pd.DataFrame({"long": [f"gene {i}" for i in range(64)]}, index=[f"g{i}" for i in range(64)])
            anndata.AnnData(x, obs=obs, var=var, dtype="f4").write_h5ad(d + "good.h5ad")
            pipe = d + "pipe"; os.mkfifo(pipe)
            class case:
                def __init__(self, name): shutil.copy(d + "good.h5ad", d + name + ".h5ad"); self.f = h5py.File(d + name + ".h5ad", "r+")
                def __enter__(self): return self.f
                def __exit__(self, *_):
                    o = self.f["obs"]; known = [n for n in o if n != "_index"]
                    del o.attrs["column-order"]; o.attrs["column-order"] = known; self.f.close()
            def created(f, setup):
                p = h5p.create(h5p.DATASET_CREATE); setup(p)
                return h5d.create(f.id, b"obs/odd", h5t.NATIVE_FLOAT, h5s.create_simple((300,)), p)
            with case("cycle") as f: f["obs/odd"] = f["obs"]; f["obs/kind/up"] = f["obs"]
            with case("root") as f: f["obs/odd"] = f["/"]
            with case("deep") as f:
                g = f["obs"].create_group("odd")
                for i in range(20000): g = g.create_group("g")
            with case("short") as f: f["obs/odd"] = np.arange(7)
            with case("long") as f: f["obs"].create_dataset("odd", (2**50,), "f4", chunks=(1024,))
            with case("codes") as f: f["obs"].copy(f["obs/kind"], "odd"); f["obs/odd/codes"][:] = 100
            with case("filter") as f:
                def setup(p): p.set_chunk((300,)); p.set_filter(40000, h5z.FLAG_OPTIONAL, ())
                created(f, setup).write_direct_chunk((0,), bytes(1200))
            with case("external") as f: f["obs/odd"] = h5py.ExternalLink(pipe, "/x")
            with case("storage") as f: created(f, lambda p: p.set_external(pipe.encode(), 0, 1200))
            with case("index") as f: del f["obs/_index"]; f["obs/_index"] = ["a", "b"]
            with case("collide") as f:
                for name in ["kl", "vae_kl"]: f["obs/" + name] = np.arange(300)
            # The bytes of strings have no checksum.
            b = bytearray(open(d + "good.h5ad", "rb").read()); places = [i for i in range(len(b)) if b[i:i + 4] == b"GCOL"]
            b[[p for p in places if b"gene 1" in b[p:p + 4096]][-1] + 31] ^= 128; open(d + "crash.h5ad", "wb").write(b)
            """, [folder.url.path])
        #expect(made.status == 0, "\(made)")
        let outcomes = try Measured.run(
            (names + ["crash"]).map {
                [
                    "embed", "--checkpoint", run, "--data", folder.path("\($0).h5ad"), "--format", "h5ad", "--output",
                    folder.path("\($0).out.h5ad"),
                ]
            })
        for (name, outcome) in zip(names, outcomes) {
            #expect(outcome.status == 0 && outcome.megabytes < 200, "\(name): \(outcome)")
            #expect(outcome.errors.contains("/obs/odd") == !["good", "index", "collide"].contains(name), "\(name): \(outcome)")
        }
        let crash = outcomes[names.count]
        #expect(crash.status == 65 && crash.errorLines.count == 1 && crash.errors.contains("damaged"), "\(crash)")
        #expect(!FileManager.default.fileExists(atPath: folder.path("crash.out.h5ad")))
        let python = try Program.python(
            """
            import anndata, sys
            for name in sys.argv[2].split(","):
                a = anndata.read_h5ad(f"{sys.argv[1]}/{name}.out.h5ad")
                assert a.obsm["X_vae"].shape == (300, 4), name
                own = ["reconstruction_error", "kl", "elbo", "split"]
                if name == "index": assert list(a.obs.columns) == own and list(a.obs_names)[:2] == ["0", "1"] and a.n_vars == 64; continue
                if name == "collide": assert list(a.obs.columns) == ["kind", "kl", "num", "vae_kl"] + ["reconstruction_error", "vae_kl_2", "elbo", "split"]; continue
                assert list(a.obs.columns) == ["kind", "num"] + own and list(a.obs_names) == [f"c{i}" for i in range(300)], name
                assert list(a.obs["kind"]) == ["B", "T", "NK"] * 100 and list(a.obs["num"]) == list(range(300)), name
                assert list(a.var["long"]) == [f"gene {i}" for i in range(64)] and a.var_names[5] == "g5", name
            """, [folder.url.path, names.joined(separator: ",")])
        #expect(python.status == 0, "\(python)")
    }
}
