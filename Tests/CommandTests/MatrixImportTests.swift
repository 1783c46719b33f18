import Foundation
import TestSupport
import Testing

/// Sparse matrices: MatrixMarket's files, the folders of single-cell programs, and scipy's.
@Suite(.serialized)
struct MatrixImportTests {
    private func python(_ script: String, _ arguments: String...) throws {
        let start = """
            import gzip, h5py, numpy as np, os, scipy.io, scipy.sparse as sp, sys
            os.chdir(sys.argv[1])
            m = sp.random(50, 30, 0.2, format="csc", random_state=1, data_rvs=lambda n: np.random.default_rng(0).integers(1, 9, n))
            def matrix(g): return sp.csr_matrix((g["data"][:], g["indices"][:], g["indptr"][:]), shape=g.attrs["shape"])

            """
        let outcome = try Program.python(start + script, arguments)
        #expect(outcome.status == 0, "\(outcome)")
    }

    private func importing(_ folder: TemporaryFolder, _ arguments: [String]) throws -> Outcome {
        try mpiVAE(arguments: ["import"] + arguments, folder: folder.url)
    }

    /// What scipy saves is read in every format that rows can be made of, is scipy's CSR again, and is trained on.
    @Test func scipyMatrices() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            x = m.T.tocsr()
            for f in ("csr", "csc", "coo"):
                for t in ("i1", "i4", "i8", "f4", "f8", "?"): sp.save_npz("%s-%s.npz" % (f, t.replace("?", "b")), x.astype(t).asformat(f), compressed=t != "f4")
            sp.save_npz("bsr-f8.npz", x.tobsr((3, 5)).astype("f8")); sp.save_npz("bsr-i4.npz", x.tobsr((1, 1)).astype("i4"))
            y = x.tocsr().astype("f4"); y.indices = y.indices.astype("i8"); y.indptr = y.indptr.astype("i8")
            for r in range(30): s = slice(y.indptr[r], y.indptr[r + 1]); y.indices[s] = y.indices[s][::-1].copy(); y.data[s] = y.data[s][::-1].copy()
            np.savez("csr-long.npz", format=np.array("csr"), shape=np.array(y.shape), data=y.data, indices=y.indices, indptr=y.indptr)
            np.save("y.npy", np.array(["T", "B"] * 15))
            """, folder.url.path)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { $0.hasSuffix(".npz") }
        for name in names {
            let outcome = try importing(folder, ["npz", name, "--labels", "y.npy", "--output", "all.h5", "--name", name])
            #expect(outcome.status == 0, "\(outcome)")
        }
        try python(
            """
            f = h5py.File("all.h5", "r"); assert len(f) == 21, list(f)
            types = {"i1": "i1", "i4": "i4", "i8": "i8", "f4": "f4", "f8": "f8", "b": "f4", "long": "f4"}
            for n in f:
                g = f[n]["data"]; x = matrix(g); t = n[4:-4]
                assert g.attrs["encoding-type"] == "csr_matrix" and x.has_sorted_indices and g["data"].dtype == types[t], n
                assert (x.toarray() == (m.T.toarray() > 0 if t == "b" else m.T.toarray())).all(), n
                assert [b.decode() for b in f[n]["label"][:]] == ["T", "B"] * 15 and (f[n]["id"][:] == np.arange(30)).all()
            """, folder.url.path)
        // At the top of a file, and in a group: the data that the file has.
        #expect(try importing(folder, ["npz", "csc-f8.npz", "--labels", "y.npy", "--output", "top.h5"]).status == 0)
        for (data, run) in [("top.h5", "a"), ("all.h5:/csr-i4.npz", "b"), ("all.h5:/bsr-f8.npz/data", "c")] {
            let outcome = try mpiVAE(
                arguments: [
                    "train", "--data", data, "--likelihood", "gaussian", "--hidden", "4", "--latent", "2", "--epochs", "1",
                    "--global-batch", "8", "--output", run,
                ],
                folder: folder.url)
            #expect(outcome.status == 0, "\(outcome)")
        }
        #expect(try importing(folder, ["hdf5", "top.h5", "--output", "dense.h5"]).status == 0)
        try python(
            """
            assert (h5py.File("dense.h5", "r")["data"][:] == m.T.toarray()).all()
            e = h5py.File("a/embeddings.h5", "r"); assert [b.decode() for b in e["label"][:4]] == ["T", "B", "T", "B"]
            """, folder.url.path)
    }

    @Test func matrixMarket() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            s = np.array([[1.5, 2, 0], [2, 0, 3], [0, 3, 9]]); k = np.array([[0, 2, 0], [-2, 0, 3], [0, -3, 0.]])
            scipy.io.mmwrite("integer.mtx", m.T.tocoo(), field="integer"); scipy.io.mmwrite("real.mtx", m.T.tocoo().astype(float), comment="from scipy")
            scipy.io.mmwrite("pattern.mtx", m.T.tocoo(), field="pattern")
            for name, x, sym in (("symmetric", s, "symmetric"), ("skew", k, "skew-symmetric")):
                scipy.io.mmwrite(name + ".mtx", sp.coo_matrix(x), symmetry=sym)
                scipy.io.mmwrite(name + "-array.mtx", x, symmetry=sym)
            scipy.io.mmwrite("array.mtx", m.T.toarray().astype(float)); scipy.io.mmwrite("turned.mtx", m.tocoo(), field="integer")
            scipy.io.mmwrite("integers.mtx", m.T.toarray().astype("i4"))
            open("packed.mtx.gz", "wb").write(gzip.compress(open("integer.mtx", "rb").read()))
            t = open("integer.mtx").read().split("\\n")
            open("blanks.mtx", "w").write("%%matrixmarket MATRIX Coordinate Integer General\\r\\n%\\r\\n\\r\\n" + "\\r\\n".join("  " + l.replace(" ", " \\t ") for l in t[2:]))
            open("offset.mtx", "w").write("%%MatrixMarket matrix coordinate real general\\n2 1 2\\n1 1 1200000.05\\n2 1 -5e-3\\n")
            open("wide.mtx", "w").write("%%MatrixMarket matrix coordinate integer general\\n2 1 1\\n1 1 5000000000\\n")
            """, folder.url.path)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        for name in names {
            let outcome = try importing(
                folder, ["mtx", name, "--output", "all.h5", "--name", name] + (name == "turned.mtx" ? ["--transpose"] : []))
            #expect(outcome.status == 0, "\(outcome)")
        }
        try python(
            """
            f = h5py.File("all.h5", "r"); assert len(f) == 14, list(f); x = m.T.toarray()
            for n, t in (("integer.mtx", "i4"), ("real.mtx", "f4"), ("turned.mtx", "i4"), ("packed.mtx.gz", "i4"), ("blanks.mtx", "i4")):
                assert (matrix(f[n]["data"]).toarray() == x).all() and f[n]["data/data"].dtype == t, n
            assert (matrix(f["pattern.mtx/data"]).toarray() == (x > 0)).all()
            for n, y in (("symmetric", s := np.array([[1.5, 2, 0], [2, 0, 3], [0, 3, 9]])), ("skew", np.array([[0, 2, 0], [-2, 0, 3], [0, -3, 0.]]))):
                assert (matrix(f[n + ".mtx/data"]).toarray() == y).all() and (f[n + "-array.mtx/data"][:] == y).all(), n
            assert (f["array.mtx/data"][:] == x).all() and (f["integers.mtx/data"][:] == x).all() and f["integers.mtx/data"].dtype == "i4"
            assert f["offset.mtx/data/data"].dtype == "f4" and f["wide.mtx/data/data"][0] == 5000000000
            """, folder.url.path)
    }

    /// Cell Ranger 2 and 3, GEO's prefixes, and programs that write cells first.
    @Test func cells() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            def write(folder, prefix="", old=False, packed=True, turned=False, barcodes=30):
                os.makedirs(folder, exist_ok=True)
                scipy.io.mmwrite("m.mtx", (m.T if turned else m).tocoo(), field="integer")
                parts = {"matrix.mtx": open("m.mtx").read(), "barcodes.tsv": "".join("AC%04d-1\\n" % k for k in range(barcodes)),
                    "genes.tsv" if old else "features.tsv": "".join("ENSG%05d\\tgene \\"%d\\"%s\\n" % (k, k, "" if old else "\\tGene Expression") for k in range(50))}
                for name, text in parts.items():
                    if packed: gzip.open("%s/%s%s.gz" % (folder, prefix, name), "wt").write(text)
                    else: open("%s/%s%s" % (folder, prefix, name), "w").write(text)
                os.remove("m.mtx")
            write("v3"); write("v2", old=True, packed=False); write("geo", prefix="GSM1_"); write("first", turned=True); write("bad", barcodes=29)
            write("outs/filtered_feature_bc_matrix"); write("two", prefix="a_"); write("two", prefix="b_")
            """, folder.url.path)
        let sources = ["v3", "v2", "geo", "first", "v3/matrix.mtx.gz", "two/b_matrix.mtx.gz", "outs/filtered_feature_bc_matrix/"]
        for (index, source) in sources.enumerated() {
            let outcome = try importing(folder, [source, "--output", "all.h5", "--name", "\(index)"])
            #expect(outcome.status == 0 && outcome.errors.contains("30 cells are rows, 50 features columns"), "\(outcome)")
        }
        try python(
            """
            f = h5py.File("all.h5", "r"); assert len(f) == 7
            for n in f:
                assert (matrix(f[n]["data"]).toarray() == m.T.toarray()).all() and f[n]["data/data"].dtype == "i4", n
                assert f[n]["id"][29] == b"AC0029-1" and f[n]["feature_names"].shape == (50,) and f[n]["feature_names"][49] == b"ENSG00049"
            """, folder.url.path)
        for (source, status, text) in [
            ("bad", 65, "which does not fit 29 barcodes and 50 features"),
            ("outs", 65, "in its folders filtered_feature_bc_matrix: name one"),
            ("two", 65, "several, a_matrix.mtx.gz, b_matrix.mtx.gz: name one of them"),
        ] as [(String, Int32, String)] {
            let outcome = try importing(folder, ["mtx", source, "--output", "x.h5"])
            #expect(outcome.status == status && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(outcome)")
        }
        #expect(try importing(folder, ["mtx", "v3", "--transpose", "--output", "x.h5"]).status == 64)
    }

    @Test func damagedMatrices() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            h = "%%MatrixMarket matrix coordinate "
            for name, text in dict(
                head="1 1 1\\n", complex=h + "complex general\\n1 1 1\\n1 1 1 1\\n", hermitian=h + "real hermitian\\n1 1 1\\n1 1 1\\n",
                size=h + "real general\\n1 1\\n", short=h + "real general\\n2 2 2\\n1 1 1\\n", long=h + "real general\\n2 2 1\\n1 1 1\\n2 2 2\\n",
                row=h + "real general\\n2 2 1\\n3 1 1\\n", zero=h + "real general\\n2 2 1\\n0 1 1\\n", twice=h + "real general\\n2 2 2\\n1 2 1\\n1 2 5\\n",
                text=h + "real general\\n2 2 1\\n1 1 x\\n", half=h + "real general\\n2 2 1\\n1.5 1 1\\n", claim=h + "real general\\n2 2 99999999999\\n1 1 1\\n",
                rows=h + "real general\\n2000000000 2 1\\n1 1 1\\n", square=h + "real symmetric\\n2 3 1\\n1 1 1\\n", huge=h + "real general\\n2 2 1\\n1 1 1e400\\n",
                fields=h + "pattern general\\n2 2 1\\n1 1 1\\n", empty=h + "real general\\n0 2 0\\n").items(): open(name + ".mtx", "w").write(text)
            x = m.T.tocsr().astype("f4")
            sp.save_npz("dia.npz", m.T.todia())
            part = dict(format=np.array(b"csr"), shape=np.array(x.shape), data=x.data, indices=x.indices, indptr=x.indptr)
            np.savez("starts.npz", **{**part, "indptr": x.indptr[:-1]}); np.savez("back.npz", **{**part, "indptr": x.indptr[::-1]})
            np.savez("column.npz", **{**part, "indices": x.indices + 1}); np.savez("few.npz", **{**part, "indices": x.indices[1:]})
            np.savez("none.npz", **{k: v for k, v in part.items() if k != "indptr"}); np.savez("complex.npz", **{**part, "data": x.data + 1j})
            np.savez("three.npz", **{**part, "shape": np.array([2, 3, 4])}); np.savez("float.npz", **{**part, "indices": x.indices * 1.0})
            np.savez("many.npz", format=np.array(b"coo"), shape=np.array([10**9, 2]), data=np.ones(1), row=np.zeros(1, "i4"), col=np.zeros(1, "i4"))
            np.savez("twin.npz", format=np.array(b"coo"), shape=np.array([2, 2]), data=np.ones(2), row=np.zeros(2, "i4"), col=np.zeros(2, "i4"))
            """, folder.url.path)
        let reasons = [
            "head.mtx": "not a MatrixMarket file", "complex.mtx": "only real, integer and pattern",
            "hermitian.mtx": "only real, integer and pattern",
            "size.mtx": "size.mtx:2: must have the numbers of rows and columns, and of values",
            "short.mtx": "has 1 values, but claims 2",
            "long.mtx": "long.mtx:4: has more values than the 1", "row.mtx": "has a value in row 2, column 0 of 2 x 2",
            "zero.mtx": "has a value in row -1", "twice.mtx": "two values in row 0, column 1",
            "text.mtx": "text.mtx:3: 'x' is not a number",
            "half.mtx": "'1.5' is not a whole number", "claim.mtx": "claims 99999999999 values",
            "rows.mtx": "claims the shape [2000000000, 2]",
            "square.mtx": "claims the shape [2, 3]", "huge.mtx": "'1e400' is not a number that 64 bits hold",
            "fields.mtx": "has 3 numbers, but must have 2",
            "empty.mtx": "there is nothing in it", "dia.npz": "of the format 'dia': save X.tocsr()",
            "starts.npz": "indptr does not fit",
            "back.npz": "indptr does not fit", "column.npz": "of 30 x 50", "few.npz": "indices has the shape [299]",
            "none.npz": "without its indptr",
            "complex.npz": "elements of type '<c8'", "three.npz": "only rows and columns", "float.npz": "must hold whole numbers",
            "many.npz": "claims the shape [1000000000, 2] for 1 values", "twin.npz": "X.sum_duplicates()",
        ]
        for (name, text) in reasons.sorted(by: { $0.key < $1.key }) {
            let kind = name.hasSuffix("mtx") ? "mtx" : "npz"
            let outcome = try importing(folder, [kind, name, "--output", "x.h5"])
            #expect(outcome.status == 65 && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(name): \(outcome)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path("x.h5")))
    }
}
