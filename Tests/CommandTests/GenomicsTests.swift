import Foundation
import TestSupport
import Testing

/// Matrices in 10x Genomics' layout, of Cell Ranger 3 and newer and of those before: rows are cells.
@Suite(.serialized)
struct GenomicsTests {
    @Test func cellsAreRows() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, numpy as np, scipy.sparse as sp, sys
            d = sys.argv[1] + "/"
            m = sp.random(50, 30, 0.2, format="csc", random_state=1, data_rvs=lambda n: np.random.default_rng(0).integers(1, 9, n))
            def matrix(f, name, **changed):
                g = f.create_group(name)
                for part, kind in [("data", "i4"), ("indices", "i8"), ("indptr", "i8")]: g.create_dataset(part, data=getattr(m, part).astype(kind), compression="gzip", chunks=(20,))
                g["shape"] = changed.get("shape", np.array(m.shape, "i4")); g["barcodes"] = np.array([b"AC%04d-1" % k for k in range(30)])
                return g
            with h5py.File(d + "new.h5", "w") as f:
                g = matrix(f, "matrix"); g["features/id"] = np.array([b"ENSG%05d" % k for k in range(50)]); g["features/name"] = np.array([b"gene%d" % k for k in range(50)])
                g["features/feature_type"] = np.array([b"Gene Expression"] * 50); g["features/_all_tag_keys"] = np.array([b"genome"])
            for name, genomes in [("old", ["GRCh38"]), ("two", ["hg19", "mm10"])]:
                with h5py.File(d + name + ".h5", "w") as f:
                    for genome in genomes: g = matrix(f, genome); g["genes"] = np.array([b"ENSG%05d" % k for k in range(50)]); g["gene_names"] = np.array([b"gene%d" % k for k in range(50)])
            with h5py.File(d + "turned.h5", "w") as f: g = matrix(f, "matrix", shape=np.array(m.shape[::-1], "i4")); g["features/id"] = np.array([b"x"] * 50)
            with h5py.File(d + "shape.h5", "w") as f: g = matrix(f, "matrix", shape=np.array([50], "i4")); g["features/id"] = np.array([b"x"] * 50)
            with h5py.File(d + "dense.h5", "w") as f: f["data"] = m.T.toarray().astype("f4"); f["id"] = np.array([b"AC%04d-1" % k for k in range(30)])
            """, [folder.url.path])
        #expect(made.status == 0, "\(made)")
        let model = ["--likelihood", "mse", "--hidden", "4", "--latent", "2", "--epochs", "2", "--validation-fraction", "0.2"]
        let dense = try mpiVAE(arguments: ["train", "--data", folder.path("dense.h5"), "--output", folder.path("dense")] + model)
        #expect(dense.status == 0, "\(dense)")
        for (index, data) in ["new.h5", "new.h5:/matrix", "old.h5", "old.h5:/GRCh38", "two.h5:/mm10"].enumerated() {
            let run = folder.path("run\(index)")
            let outcome = try mpiVAE(ranks: 1 + index % 2, ["train", "--data", folder.path(data), "--output", run] + model)
            #expect(outcome.status == 0, "\(data): \(outcome)")
            #expect(try metrics(run) == metrics(folder.path("dense")), "\(data)")
            let python = try Program.python(
                "import h5py, sys; e = h5py.File(sys.argv[1], 'r'); assert [x.decode() for x in e['id'][:]] == ['AC%04d-1' % k for k in range(30)]",
                ["\(run)/embeddings.h5"])
            #expect(python.status == 0, "\(python)")
        }
        let embedded = try mpiVAE(
            "embed", "--checkpoint", folder.path("run0"), "--data", folder.path("new.h5"), "--format", "h5ad", "--output",
            folder.path("new.h5ad"))
        #expect(embedded.status == 0, "\(embedded)")
        let python = try Program.python(
            """
            import anndata, sys
            a = anndata.read_h5ad(sys.argv[1])
            assert list(a.obs_names)[:2] == ["AC0000-1", "AC0001-1"] and list(a.var_names) == ["ENSG%05d" % k for k in range(50)]
            """, [folder.path("new.h5ad")])
        #expect(python.status == 0, "\(python)")
        for (data, text) in [
            ("two.h5", "name one as"), ("turned.h5", "50 rows need 51 row starts"), ("shape.h5", "without a shape"),
        ] {
            let outcome = try mpiVAE(ranks: 2, ["train", "--data", folder.path(data), "--output", folder.path("x")] + model)
            #expect(outcome.status == 65 && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(data): \(outcome)")
        }
        let checked = try mpiVAE("check", folder.path("new.h5"), folder.path("old.h5"))
        #expect(checked.status == 0, "\(checked)")
    }
}
