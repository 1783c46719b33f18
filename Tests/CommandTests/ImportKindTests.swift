import Foundation
import TestSupport
import Testing

/// `import FILE` without a kind, what stays of older ways to name the file, `--force`, and numpy's less usual files.
@Suite(.serialized)
struct ImportKindTests {
    private func python(_ script: String, _ arguments: String...) throws {
        let outcome = try Program.python(
            "import gzip, h5py, numpy as np, os, struct, sys, zipfile\nos.chdir(sys.argv[1])\n" + script, arguments)
        #expect(outcome.status == 0, "\(outcome)")
    }

    @Test func theFileSaysItsKind() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            x = np.arange(24).reshape(4, 6)
            np.save(open("npy.bin", "wb"), x); np.savez(open("npz.bin", "wb"), x); np.savetxt("csv.bin", x); np.savetxt("tsv.txt.gz", x, delimiter="\\t"); h5py.File("hdf5.bin", "w")["data"] = x
            h = bytes([0, 0, 9, 2]) + np.array(x.shape, ">i4").tobytes() + x.astype("i1").tobytes()
            open("idx.bin", "wb").write(h); gzip.open("idx2.bin", "wb").write(h); gzip.open("npy2.gz", "wb").write(open("npy.bin", "rb").read())
            open("mtx.bin", "w").write("%%MatrixMarket matrix array integer general\\n4 6\\n" + "\\n".join(map(str, x.T.ravel())))
            h5py.File("block.bin", "w", userblock_size=512)["data"] = x
            from PIL import Image; os.makedirs("pictures"); [Image.fromarray(r.reshape(2, 3).astype("u1")).save("pictures/%d.png" % i) for i, r in enumerate(x)]
            """, folder.url.path)
        let kinds = [
            "npy.bin": "npy", "npz.bin": "npz", "csv.bin": "csv", "tsv.txt.gz": "csv", "hdf5.bin": "hdf5",
            "hdf5.bin:/data": "hdf5", "idx.bin": "idx",
            "idx2.bin": "idx", "npy2.gz": "npy", "mtx.bin": "mtx", "block.bin": "hdf5", "pictures": "images",
        ]
        for (index, (file, kind)) in kinds.sorted(by: { $0.key < $1.key }).enumerated() {
            let outcome = try mpiVAE("import", file, "--output", "all.h5", "--name", "\(index)", folder: folder.url)
            #expect(outcome.status == 0 && outcome.errors.contains("(import \(kind))"), "\(file): \(outcome)")
        }
        // With options before the file, and with the file as an option.
        let options = try mpiVAE(
            "import", "--label", "#5", "--header=no", "--force", "csv.bin", "--output", "o.h5", folder: folder.url)
        #expect(options.status == 0 && options.output.contains("/data [4, 5]"), "\(options)")
        for arguments in [
            ["--file", "npy.bin"], ["--data", "hdf5.bin"], ["--rechunk", "hdf5.bin"], ["--images", "idx.bin"],
            ["npy", "--file", "npy.bin"],
            ["hdf5", "--data", "hdf5.bin"], ["hdf5", "--rechunk=hdf5.bin"], ["idx", "--images", "idx.bin"], ["idx", "idx.bin"],
        ] {
            let outcome = try mpiVAE(arguments: ["import"] + arguments + ["--output", "o.h5", "--force"], folder: folder.url)
            #expect(outcome.status == 0, "\(arguments): \(outcome)")
        }
        try python(
            """
            f = h5py.File("all.h5", "r"); x = np.arange(24).reshape(4, 6)
            assert len(f) == 12 and all((f[n]["data"][:].reshape(4, 6) == x).all() for n in f), list(f)
            """, folder.url.path)
    }

    @Test func foreignFiles() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            def w(name, b): open(name, "wb").write(b)
            w("x.xz", b"\\xfd7zXZ\\0"); w("x.bz2", b"BZh91AY"); w("x.zst", b"\\x28\\xb5\\x2f\\xfd"); w("x.parquet", b"PAR1\\x15"); w("x.feather", b"ARROW1\\0\\0")
            w("x.mat", b"MATLAB 5.0 MAT-file"); w("x.pkl", b"\\x80\\x04\\x95"); w("x.rds", gzip.compress(b"X\\n\\0\\0")); w("x.png", b"\\x89PNG\\r\\n"); w("x.nc", b"CDF\\x01")
            w("x.bin", bytes(range(256))); w("x.empty", b""); w("x.h5.gz", gzip.compress(b"\\x89HDF\\r\\n\\x1a\\n" + bytes(600)))
            z = zipfile.ZipFile("x.xlsx", "w"); z.writestr("[Content_Types].xml", ""); z.close(); z = zipfile.ZipFile("x.zip", "w"); z.writestr("a.csv", "1"); z.close()
            import tarfile; t = tarfile.open("x.tar", "w"); t.add("x.png"); t.close(); t = tarfile.open("x.tgz", "w:gz"); t.add("x.png"); t.close()
            os.makedirs("x.zarr"); w("x.zarr/.zgroup", b"{}"); os.makedirs("nothing"); os.mkfifo("fifo")
            """, folder.url.path)
        let reasons: [(String, Int32, String)] = [
            ("x.xz", 65, "unxz"), ("x.bz2", 65, "bunzip2"), ("x.zst", 65, "unzstd"), ("x.parquet", 65, "read_parquet"),
            ("x.feather", 65, "read_feather"),
            ("x.mat", 65, "-v7.3"), ("x.pkl", 65, "pickle"), ("x.rds", 65, "write.csv"), ("x.png", 65, "one image"),
            ("x.nc", 65, "nccopy"),
            ("x.bin", 65, "none of the formats"), ("x.empty", 65, "is empty"), ("x.h5.gz", 65, "gunzip"),
            ("x.xlsx", 65, "save it as CSV"),
            ("x.zip", 65, "unpack it"), ("x.tar", 65, "tar archive"), ("x.tgz", 65, "tar archive"), ("x.zarr", 65, "Zarr"),
            ("nothing", 65, "has no PNG or JPEG"),
            ("fifo", 66, "not a regular file"), ("none.csv", 66, "no such file"),
        ]
        for (name, status, text) in reasons {
            let outcome = try mpiVAE("import", name, "--output", "o.h5", folder: folder.url)
            #expect(
                outcome.status == status && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(name): \(outcome)")
        }
        let help = try mpiVAE("import", "--help")
        #expect(help.status == 0 && help.output.contains("mtx"), "\(help)")
        #expect(try mpiVAE("import").output.contains("SUBCOMMANDS"))
        #expect(try mpiVAE("import", "--output", "o.h5").status == 64)
    }

    /// What is replaced, and what stays.
    @Test func force() throws {
        let folder = try TemporaryFolder()
        for (name, text) in [("a", "x,k\n1,a\n2,b\n"), ("b", "5\n6\n7\n")] {
            try Data(text.utf8).write(to: folder.url.appendingPathComponent("\(name).csv"))
        }
        func run(_ arguments: String...) throws -> Outcome {
            try mpiVAE(arguments: ["import", "csv"] + arguments + ["--output", "o.h5"], folder: folder.url)
        }
        #expect(try run("a.csv", "--label", "k", "--name", "one").status == 0)
        #expect(try run("b.csv", "--name", "one/inner").status == 0)
        let refused = try run("b.csv", "--name", "one")
        #expect(refused.status == 73 && refused.errors.contains("--force"), "\(refused)")
        #expect(try run("b.csv", "--name", "one", "--force").status == 0)
        try python(
            """
            f = h5py.File("o.h5", "r")
            assert sorted(f["one"]) == ["data", "id", "inner"] and f["one/data"][:].ravel().tolist() == [5, 6, 7] and f["one/inner/data"].shape == (3, 1)
            """, folder.url.path)
        // What cannot be read does not take away what is there.
        #expect(try run("none.csv", "--force").status == 66)
        #expect(try run("a.csv", "--force").status == 65)
        try python("assert 'one' in h5py.File('o.h5', 'r')", folder.url.path)
        // A group that is read is not replaced by what is read of it.
        let own = try mpiVAE(
            arguments: ["import", "hdf5", "o.h5:/one/inner", "--name", "one", "--force", "--output", "o.h5"], folder: folder.url)
        #expect(own.status == 73 && own.errors.contains("is read by this command"), "\(own)")
        try python("assert 'inner' in h5py.File('o.h5', 'r')['one']", folder.url.path)
        #expect(try run("b.csv").status == 73)
        #expect(try run("b.csv", "--force").status == 0)
        try python("assert sorted(h5py.File('o.h5', 'r')) == ['data', 'id']", folder.url.path)
    }

    /// Headers that Python accepts, and labels that are text.
    @Test func numpyHeadersAndTexts() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            x = np.arange(12).reshape(4, 3)
            def npy(name, h, b, v=1):
                h = h.encode(); open(name, "wb").write(b"\\x93NUMPY" + bytes([v, 0]) + struct.pack("<H" if v == 1 else "<I", len(h)) + h + b)
            f4 = x.astype("<f4").tobytes()
            npy("h1.npy", "{'shape':(4,3),'fortran_order':False,'descr':'<f4'}", f4)
            npy("h2.npy", '{ "descr" : "<f4" , "fortran_order" : False , "shape" : ( 4 , 3 , ) , }   \\n', f4, 2)
            npy("h3.npy", "{\\n  'shape': (4L, 3L),\\n\\t'descr': u'=f4', 'fortran_order': False,\\n}\\n", f4, 3)
            npy("h4.npy", "{'descr': 'float32', 'shape': [4, 3], 'fortran_order': False, }", f4)
            npy("h5.npy", "{'descr': '>i2', 'shape': (4, 3), 'fortran_order': True, }", np.asfortranarray(x).astype(">i2").tobytes("F"), 2)
            npy("h6.npy", "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 3), 'note': None}", x.astype("u1").tobytes())
            for name, t in {"t1": np.array(["T", "B", "", "\\u00e4\\U0001F600"]), "t2": np.array([b"T", b"B", b"", b"\\xc3\\xa4b"]), "t3": np.array(["T", "B", "", "x"]).astype(">U5"),
                            "t4": np.array([["T"], ["B"], [""], ["x"]]), "t5": np.array([True, False, False, True]), "t6": np.array([[3], [2], [1], [0]], "u2")}.items(): np.save(name + ".npy", t)
            np.savez("z.npz", data=x, y=np.array(["a", "b", "c", "d"])); np.savez("zb.npz", data=x, y=np.array([b"a", b"b", b"c", b"d"]))
            np.save("structured.npy", np.zeros(4, [("mass", "f4"), ("charge", "i4")])); np.save("objects.npy", np.array([["a", {}]], dtype=object))
            np.save("onehot.npy", np.eye(4)); np.save("latin.npy", np.array([b"\\xe4", b"", b"", b""])); np.save("dates.npy", np.zeros((4, 3), "M8[ns]")); np.save("texts.npy", np.array([["a", "b"]]))
            npy("bad1.npy", "{'descr': '<f4', 'fortran_order': False}", f4); npy("bad2.npy", "{'descr': '<f4', 'fortran_order': 0, 'shape': (4, 3)}", f4)
            npy("bad3.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (4, -3)}", f4); npy("bad4.npy", "{" * 900, f4); npy("bad5.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3)} x", f4)
            """, folder.url.path)
        for name in ["h1", "h2", "h3", "h4", "h5", "h6"] {
            for label in name == "h1" ? ["t1", "t2", "t3", "t4", "t5", "t6"] : ["t1"] {
                let outcome = try mpiVAE(
                    "import", "npy", "\(name).npy", "--labels", "\(label).npy", "--output", "all.h5", "--name", name + label,
                    folder: folder.url)
                #expect(outcome.status == 0, "\(outcome)")
            }
        }
        for name in ["z", "zb"] {
            #expect(
                try mpiVAE("import", "npz", "\(name).npz", "--output", "all.h5", "--name", name, folder: folder.url).status == 0)
        }
        try python(
            """
            f = h5py.File("all.h5", "r"); assert len(f) == 13
            read = lambda n: [b.decode() if isinstance(b, bytes) else b for b in f[n]["label"][:].tolist()]
            for n in f: assert (f[n]["data"][:] == np.arange(12).reshape(4, 3)).all(), n
            assert read("h1t1") == ["T", "B", "", "\\u00e4\\U0001F600"] and read("h1t2") == ["T", "B", "", "\\u00e4b"] and read("h1t3") == read("h1t4") == ["T", "B", "", "x"]
            assert read("h1t5") == [1, 0, 0, 1] and f["h1t5/label"].dtype == "u1" and read("h1t6") == [3, 2, 1, 0] and f["h1t6/label"].shape == (4,)
            assert read("z") == read("zb") == list("abcd")
            """, folder.url.path)
        func refused(_ text: String, _ arguments: String...) throws {
            let outcome = try mpiVAE(arguments: ["import", "npy"] + arguments + ["--output", "x.h5"], folder: folder.url)
            #expect(
                outcome.status == 65 && outcome.errorLines.count == 1 && outcome.errors.contains(text), "\(arguments): \(outcome)"
            )
        }
        try refused("must have rows and columns", "structured.npy")
        try refused("structured array (fields mass, charge): save one of its fields", "h1.npy", "--labels", "structured.npy")
        try refused("objects of Python", "objects.npy")
        try refused("numpy.argmax(labels, axis=1)", "h1.npy", "--labels", "onehot.npy")
        try refused("the text of row 0 is not Unicode", "h1.npy", "--labels", "latin.npy")
        try refused("elements of type '<M8[ns]'", "dates.npy")
        try refused("only whole and floating-point numbers", "texts.npy")
        for name in ["bad1", "bad2", "bad4", "bad5"] {
            try refused("an NPY header without descr, fortran_order and shape", "\(name).npy")
        }
        try refused("claims the shape [4, -3]", "bad3.npy")
    }
}
