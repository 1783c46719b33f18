import Foundation
import TestSupport
import Testing

/// Files that are no HDF5 file, or cannot be read now: the line says what they are and what to do.
@Suite(.serialized)
struct ForeignFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func train(_ data: String) throws -> Outcome {
        try mpiVAE("train", "--data", data, "--hidden", "4", "--output", "run", folder: folder.url)
    }

    private func expect(_ name: String, _ texts: [String]) throws {
        let outcome = try train(name)
        #expect(outcome.status == 65 && outcome.errorLines.count == 1, "\(name): \(outcome)")
        for text in [name] + texts { #expect(outcome.errors.contains(text), "\(name): \(text): \(outcome)") }
    }

    @Test func importLines() throws {
        let python = try Program.python(
            """
            import gzip, os, pickle, sys, tarfile, zipfile
            import numpy as np, scipy.io, scipy.sparse as sp
            from PIL import Image
            os.chdir(sys.argv[1])
            x = np.random.default_rng(1).random((20, 4))
            np.savetxt("x.csv", x, delimiter=","); np.savetxt("my table.txt", x); np.savetxt("plain", x)
            np.save("x.npy", x); np.savez("x.npz", x=x); sp.save_npz("sparse.npz", sp.csr_matrix(x))
            gzip.open("x.csv.gz", "wb").write(open("x.csv", "rb").read())
            scipy.io.mmwrite("m.mtx", sp.coo_matrix(x)); gzip.open("m.mtx.gz", "wb").write(open("m.mtx", "rb").read())
            scipy.io.savemat("x.mat", {"x": x}); pickle.dump(x, open("x.pkl", "wb"))
            open("train-images-idx3-ubyte", "wb").write(bytes([0, 0, 8, 3]) + bytes(12) + bytes(10))
            os.makedirs("faces/anna"); Image.fromarray((x * 255).astype("u1")).save("faces/anna/1.png"); Image.fromarray((x * 255).astype("u1")).save("one.png")
            os.makedirs("cells"); open("cells/matrix.mtx.gz", "wb").write(open("m.mtx.gz", "rb").read())
            os.makedirs("a.zarr"); open("a.zarr/.zgroup", "w").write("{}"); os.makedirs("b.zarr"); open("b.zarr/zarr.json", "w").write("{}")
            os.makedirs("many"); open("many/a.h5", "w"); os.makedirs("nothing")
            zipfile.ZipFile("all.zip", "w").write("x.csv")
            for name, mode in ("all.tar", "w"), ("all.tar.gz", "w:gz"):
                with tarfile.open(name, mode) as tar: tar.add("x.csv")
            open("x.parquet", "wb").write(b"PAR1" + bytes(100)); open("x.feather", "wb").write(b"ARROW1" + bytes(100))
            open("x.json", "w").write("[1, 2]"); open("old.nc", "wb").write(b"CDF\\x01" + bytes(100)); open("noise.dat", "wb").write(bytes(range(256)) * 9)
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
        for (name, kind, output) in [
            ("x.csv", "csv", "x.h5"), ("'my table.txt'", "csv", "'my table.h5'"), ("plain", "csv", "plain.h5"),
            ("x.csv.gz", "csv", "x.h5"),
            ("x.npy", "npy", "x.h5"), ("x.npz", "npz", "x.h5"), ("sparse.npz", "npz", "sparse.h5"), ("m.mtx", "mtx", "m.h5"),
            ("m.mtx.gz", "mtx", "m.h5"),
            ("train-images-idx3-ubyte", "idx", "train-images-idx3-ubyte.h5"), ("faces", "images", "faces.h5"),
            ("faces/anna", "images", "anna.h5"),
            ("cells", "mtx", "cells.h5"),
        ] {
            let outcome = try train(name.replacingOccurrences(of: "'", with: ""))
            #expect(outcome.status == 65 && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errors.contains("`mpi-vae import \(kind) \(name) --output \(output)`"), "\(name): \(outcome)")
        }
        for (name, text) in [
            ("x.mat", "-v7.3"), ("x.pkl", "numpy.save"), ("one.png", "import images FOLDER"), ("a.zarr", "write_h5ad"),
            ("b.zarr", "write_h5ad"),
            ("many", "'many/*.h5"), ("nothing", "is a folder"), ("all.zip", "unzip"), ("all.tar", "tar -xf all.tar"),
            ("all.tar.gz", "tar -xf"),
            ("x.parquet", "read_parquet"), ("x.feather", "read_feather"), ("x.json", "JSON"), ("old.nc", "nccopy"),
            ("noise.dat", "is not an HDF5 file"),
        ] { try expect(name, [text]) }
    }

    /// Loom is HDF5, with the cells as columns.
    @Test func loom() throws {
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            with h5py.File(sys.argv[1], "w") as f:
                f["matrix"] = np.ones((30, 20), "f4"); f.create_group("row_attrs"); f.create_group("col_attrs"); f.create_group("layers")
            """, [folder.path("x.loom")])
        #expect(python.status == 0, "\(python)")
        try expect("x.loom", ["is a loom file", "anndata.read_loom"])
        #expect(
            try mpiVAE("train", "--data", "x.loom:/matrix", "--hidden", "4", "--max-steps", "1", folder: folder.url).status == 0)
    }

    /// Files that another process writes to, or has not closed, and those of versions to come.
    @Test func filesInUse() throws {
        let script = """
            import h5py, numpy as np, sys, time
            f = h5py.File(sys.argv[1], "w", libver=sys.argv[2]); f["data"] = np.ones((50, 4), "f4")
            if sys.argv[3] == "flushed": f.flush()
            print("ready", flush=True); time.sleep(60)
            """
        for (name, version, state) in [
            ("a.h5", "earliest", "flushed"), ("b.h5", "latest", "flushed"), ("c.h5", "latest", "open"),
        ] {
            let writer = try Program.start("/usr/bin/python3", ["-c", script, folder.path(name), version, state])
            while !FileManager.default.fileExists(atPath: folder.path(name)) { usleep(20_000) }
            usleep(700_000)
            try expect(name, ["in another process"])
            let check = try mpiVAE("check", name, folder: folder.url)
            #expect(check.status == 65 && check.errors.contains("in another process"), "\(check)")
            for pid in writer.descendants(named: "python3") { kill(pid, SIGKILL) }
            writer.kill()
            _ = try writer.wait(timeout: 20)
        }
        // Nobody has it open any more, but nobody closed it.
        try expect("b.h5", ["h5clear -s"])
        let python = try Program.python(
            """
            import h5py, sys
            d = sys.argv[1] + "/"
            with h5py.File(d + "new.h5", "w", libver="latest") as f: f["data"] = [[1.0, 2.0]] * 50
            b = bytearray(open(d + "new.h5", "rb").read()); b[8] = 9; open(d + "newer.h5", "wb").write(b)
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
        try expect("newer.h5", ["newer version of HDF5 than 1.", "h5repack --low=0 --high=2"])
    }

    /// What `check` calls good can be trained on, and what not cannot.
    @Test func checkAgreesWithTraining() throws {
        let python = try Program.python(
            """
            import h5py, numpy as np, sys, scipy.sparse as sp
            d = sys.argv[1] + "/"
            def write(name, **values):
                with h5py.File(d + name, "w") as f:
                    for k, v in values.items(): f[k] = v
            def sparse(name, m, **parts):
                with h5py.File(d + name, "w") as f:
                    g = f.create_group("X"); f.create_group("obs"); g.attrs["encoding-type"] = m.format + "_matrix"; g.attrs["shape"] = m.shape
                    for k in ("data", "indices", "indptr"): g[k] = parts.get(k, getattr(m, k))
            x = np.random.default_rng(1).random((40, 5))
            gap = x.copy(); gap[3, 2] = np.nan; infinite = x.copy(); infinite[3, 2] = np.inf
            write("good.h5", data=x); write("gap.h5", data=gap); write("infinite.h5", data=infinite); write("age.h5", data=x, age=gap[:, 2])
            for format in ("csr", "csc"):
                m = sp.random(40, 5, 0.5, format=format, random_state=1)
                sparse(f"{format}.h5ad", m)
                bad = m.data.copy(); bad[7] = np.inf; sparse(f"{format}-infinite.h5ad", m, data=bad)
                bad = m.data.copy(); bad[7] = np.nan; sparse(f"{format}-gap.h5ad", m, data=bad)
                bad = m.indices.copy(); bad[7] = 99; sparse(f"{format}-index.h5ad", m, indices=bad)
                bad = m.indptr.copy(); bad[2] = 0 if bad[1] else 9; bad[-1] += 1; sparse(f"{format}-start.h5ad", m, indptr=bad)
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
        let names =
            ["good.h5", "gap.h5", "infinite.h5", "age.h5"]
            + ["csr", "csc"].flatMap { kind in ["", "-infinite", "-gap", "-index", "-start"].map { "\(kind)\($0).h5ad" } }
        for name in names {
            let check = try mpiVAE("check", name, folder: folder.url)
            let options = [
                "train", "--data", name, "--hidden", "4", "--global-batch", "8", "--epochs", "1", "--no-report", "--output",
                "run-\(name)",
            ]
            let train = try mpiVAE(arguments: options + (name.contains("gap") ? ["--nan", "mask"] : []), folder: folder.url)
            #expect(check.status == train.status, "\(name): \(check) \(train)")
            #expect(check.output.contains("good for --nan mask") == name.contains("gap"), "\(name): \(check)")
        }
    }
}
