import Foundation
import TestSupport
import Testing

/// Files that anndata and scipy write: dense and sparse, of the current layout and the old one.
@Suite(.serialized)
struct AnnDataTests {
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import anndata, h5py, numpy as np, pandas as pd, scipy.sparse as sp, sys
            d = sys.argv[1] + "/"
            x = np.random.default_rng(3).poisson(0.4, (300, 50)).astype("f4")
            x[17] = 0
            kinds = pd.Categorical(["B", "T", "NK"][i % 3] for i in range(300))
            obs = pd.DataFrame({"kind": kinds, "depth": np.arange(300.0)}, index=[f"cell-{i}" for i in range(300)])
            for name, matrix in [("dense", x), ("csr", sp.csr_matrix(x)), ("csc", sp.csc_matrix(x)), ("bytes", sp.csr_matrix(x.astype("u1")))]:
                anndata.AnnData(
                    matrix, obs=obs.copy(), obsm={"X_raw": x}, layers={"counts": sp.csc_matrix(x)}, dtype=matrix.dtype
                ).write_h5ad(d + name + ".h5ad", compression="gzip")
            m = sp.csr_matrix(x)
            def write(name, m, old=False, **changed):
                with h5py.File(d + name + ".h5", "w") as f:
                    g = f.create_group("matrix")
                    g.attrs["h5sparse_format" if old else "encoding-type"] = "csr" if old else "csr_matrix"
                    if changed.get("shape", True) is not None: g.attrs["h5sparse_shape" if old else "shape"] = m.shape
                    for part in ["data", "indices", "indptr"]: g[part] = changed.get(part, getattr(m, part))
            write("old", m, old=True)
            x = np.random.default_rng(3).poisson(0.1, (6000, 50)).astype("f4"); s = sp.csr_matrix(x)
            with h5py.File(d + "large.h5", "w") as f:
                f["dense"] = x
                g = f.create_group("csr"); g.attrs["encoding-type"] = "csr_matrix"; g.attrs["shape"] = s.shape; g["indptr"] = s.indptr
                for part in ["data", "indices"]: g.create_dataset(part, data=getattr(s, part), chunks=(1000,), compression="gzip")
            bad = m.indices.copy(); bad[100] = 50; write("column", m, indices=bad)
            bad = m.indices.copy(); bad[m.indptr[40]] = bad[m.indptr[40] + 1]; write("twice", m, indices=bad)
            bad = m.indptr.copy(); bad[9] = 10 ** 6; write("start", m, indptr=bad)
            write("short", m, data=m.data[:-1]); write("few", m, indptr=m.indptr[:-1]); write("shapeless", m, shape=None)
            bad = m.data.copy(); bad[m.indptr[250]] = np.nan; write("nan", m, data=bad)
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private func train(_ file: String, _ run: String, ranks: Int = 1, _ options: [String] = []) throws -> Outcome {
        try mpiVAE(
            ranks: ranks,
            [
                "train", "--data", Self.files.get().path(file), "--likelihood", "mse", "--transform", "log1p", "--hidden", "8",
                "--latent", "3", "--global-batch", "40", "--epochs", "2", "--validation-fraction", "0.1", "--output", run,
            ] + options)
    }

    @Test func sparseIsDense() throws {
        let folder = try TemporaryFolder()
        #expect(try train("dense.h5ad", folder.path("dense")).status == 0)
        let cases = [
            ("csr.h5ad", 3), ("bytes.h5ad", 1), ("old.h5:/matrix", 2), ("csc.h5ad", 2), ("csr.h5ad:/obsm/X_raw", 2),
            ("dense.h5ad:/layers/counts", 3),
        ]
        for (index, (file, ranks)) in cases.enumerated() {
            let run = folder.path(index == 0 ? "csr" : "\(index)")
            let outcome = try train(file, run, ranks: ranks)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(try metrics(run) == metrics(folder.path("dense")), "\(file)")
        }
        let python = try Program.python(
            """
            import h5py, sys
            for run in ["dense", "csr"]:
                e = h5py.File(sys.argv[1] + "/" + run + "/embeddings.h5", "r")
                assert [x.decode() for x in e["id"][:]] == [f"cell-{i}" for i in range(300)]
                assert "label" not in e
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
    }

    /// Sparse rows that are read again in every epoch, and dense ones in memory: the same bits.
    @Test func sparseAndStreamed() throws {
        let folder = try TemporaryFolder()
        let options = ["--mixing-rows", "16"]
        #expect(try train("large.h5:/dense", folder.path("memory"), options).status == 0)
        let streamed = try train("large.h5:/csr", folder.path("streamed"), ranks: 2, options + ["--memory", "150K"])
        #expect(streamed.status == 0 && streamed.errors.contains("read their rows again"), "\(streamed)")
        #expect(try metrics(folder.path("streamed")) == metrics(folder.path("memory")))
    }

    /// Scanpy's 68k PBMC, whose observations are records with categories elsewhere (anndata before 0.7).
    @Test func pbmcOfScanpy() throws {
        let cache = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache"
        let file = "\(cache)/mpi-vae/scanpy/datasets/10x_pbmc68k_reduced.h5ad"
        guard FileManager.default.fileExists(atPath: file) else {
            throw CannotRun(description: "\(file) is missing: scripts/setup --tests fetches it")
        }
        let folder = try TemporaryFolder()
        for (data, ranks) in [("", 3), (":/raw.X", 2)] {
            let run = folder.path("\(ranks)")
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "train", "--data", file + data, "--labels", "/obs/bulk_labels", "--likelihood", "gaussian", "--hidden", "64",
                    "--latent", "8", "--global-batch", "64", "--epochs", "2", "--output", run,
                ])
            #expect(outcome.status == 0, "\(outcome)")
            let python = try Program.python(
                """
                import h5py, sys
                e, f = h5py.File(sys.argv[1], "r"), h5py.File(sys.argv[2], "r")
                names = f["uns/bulk_labels_categories"][:]
                assert (e["id"][:] == f["obs"]["index"]).all() and len(e["id"]) == 700
                assert (e["label"][:] == names[f["obs"]["bulk_labels"]]).all() and e["latent/mean"].shape == (700, 8)
                print("right")
                """, ["\(run)/embeddings.h5", file])
            #expect(python.output == "right\n", "\(python)")
        }
    }

    @Test func labelsOfObservations() throws {
        let folder = try TemporaryFolder()
        let file = try Self.files.get().path("csr.h5ad")
        let outcome = try mpiVAE(
            ranks: 2,
            [
                "train", "--data", file, "--labels", "/obs/kind", "--likelihood", "mse", "--hidden", "8", "--global-batch", "40",
                "--epochs", "1", "--output", folder.path("run"),
            ])
        #expect(outcome.status == 0, "\(outcome)")
        let embedded = try mpiVAE(
            "embed", "--checkpoint", folder.path("run"), "--data", file, "--labels", "obs/depth", "--output", folder.path("e.h5"))
        #expect(embedded.status == 0, "\(embedded)")
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            e, f = h5py.File(sys.argv[1] + "/run/embeddings.h5", "r"), h5py.File(sys.argv[1] + "/e.h5", "r")
            assert [x.decode() for x in e["label"][:]] == [["B", "T", "NK"][i % 3] for i in range(300)]
            assert (f["label"][:] == np.arange(300)).all() and f["label"].dtype == np.float64
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
        let refused = try mpiVAE(
            "train", "--data", file, "--labels", "/obs/knid", "--likelihood", "mse", "--output", folder.path("x"))
        #expect(refused.status == 65 && refused.errors.contains("no labels at /obs/knid"), "\(refused)")
    }

    @Test(arguments: [
        ("column.h5:/matrix", "has a value in column 50 of 50"),
        ("twice.h5:/matrix", "two values in column"), ("start.h5:/matrix", "row 9 ends before it begins"),
        ("short.h5:/matrix", "an index for each value"), ("few.h5:/matrix", "need 301 row starts"),
        ("shapeless.h5:/matrix", "without a shape"), ("nan.h5:/matrix", "row 250, column"),
    ])
    func badMatricesAreRefused(file: String, text: String) throws {
        let folder = try TemporaryFolder()
        let outcome = try train(file, folder.path("run"), ranks: 3)
        #expect(outcome.status == 65 && outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)")
    }
}
