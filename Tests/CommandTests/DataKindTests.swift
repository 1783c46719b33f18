import Foundation
import TestSupport
import Testing

/// Data as scientists have them, read as numpy reads them: `import hdf5` writes what was read, for h5py to compare.
@Suite(.serialized)
struct DataKindTests {
    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d = sys.argv[1] + "/"
            r = np.random.default_rng(7)
            def values(dtype, shape):
                t = np.dtype(dtype)
                if t.kind == "f": return (r.normal(size=shape) * 100).astype(t)
                if t.kind == "b": return r.random(shape) < 0.5
                i = np.iinfo(t); return r.integers(i.min, i.max, shape, t.newbyteorder("="), endpoint=True).astype(t)
            with h5py.File(d + "types.h5", "w") as f:
                for order in "<>":
                    for kind in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]:
                        name = {"<": "little", ">": "big"}[order] + "/" + kind
                        f.create_dataset(name + "/chunked", data=values(order + kind, (203, 7)), chunks=(20, 3), shuffle=True, compression="gzip")
                        f.create_dataset(name + "/plain", data=values(order + kind, (50, 7)))
                f["bool"] = values("?", (60, 5))
                f.create_dataset("long", data=values("f8", (20, 4)).astype(np.longdouble))
                for rank in range(1, 6):
                    shape = (40,) + (5, 3, 4, 2, 3)[:rank]
                    f.create_dataset(f"rank/{rank}", data=values("i2", shape), chunks=(7,) + tuple(max(1, s // 2) for s in shape[1:]), fletcher32=True)
                f["pair/a"] = values("f4", (30, 2, 2)); f["pair/b"] = values("i4", 30); f["pair/c"] = values("u1", (30, 3)); f["pair/short"] = values("f4", (29, 2))
                f["label"] = np.arange(203) % 5; f["good"] = (np.arange(203) % 3 == 0).astype("u1")
                bits = values("?", (40, 21)); f["bits/packed"] = np.packbits(bits, axis=1); f["bits/plain"] = bits
                n = 12
                maps = [np.argwhere(np.triu(r.random((n, n)) < 0.2)) for _ in range(50)]
                lists = f.create_dataset("maps/contacts", (50,), h5py.vlen_dtype(np.int16))
                for i, m in enumerate(maps): lists[i] = np.concatenate([m[:, 0], m[:, 1]]).astype("i2")
                dense = np.zeros((50, n, n), "i1")
                for i, m in enumerate(maps): dense[i][m[:, 0], m[:, 1]] = 1
                f["maps/dense"] = dense
                for name, bad in [("odd", [0, 1, 2]), ("outside", [0, 12, 1, 3]), ("negative", [-1, 3])]:
                    g = f.create_dataset("maps/" + name, (50,), h5py.vlen_dtype(np.int16))
                    for i in range(50): g[i] = bad if i == 31 else [0, 11]
            for i in [1, 2, 10]:
                with h5py.File(f"{d}run-{i}.h5", "w") as f:
                    f["rows"] = values("f4", (10 + i, 4)); f["label"] = np.full(10 + i, i); f["id"] = [f"{i}-{k}" for k in range(10 + i)]
            with h5py.File(d + "other.h5", "w") as f: f["rows"] = values("f4", (5, 3)); f["bytes"] = values("u1", (5, 4))
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    /// Imports with `arguments` and compares with what numpy says of `f`, the file of types.
    private func compare(_ data: String, _ arguments: [String] = [], expected: String) throws {
        let source = try Self.files.get()
        let folder = try TemporaryFolder()
        let outcome = try Program.run(
            Program.built("mpi-vae"),
            ["import", "hdf5", "--data", source.path(data), "--output", folder.path("out.h5")] + arguments)
        #expect(outcome.status == 0, "\(data): \(outcome)")
        let python = try Program.python(
            """
            import h5py, glob, numpy as np, sys
            f, o = h5py.File(sys.argv[1] + "/types.h5", "r"), h5py.File(sys.argv[2], "r")
            d, x = sys.argv[1], o["data"]
            assert x.chunks and x.fletcher32 and x.compression == "gzip"
            \(expected)
            print("right")
            """, [source.url.path, folder.path("out.h5")])
        #expect(python.output == "right\n", "\(data): \(python)")
    }

    @Test func everyTypeAndOrder() throws {
        for order in ["little", "big"] {
            for kind in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"] {
                for layout in ["chunked", "plain"] {
                    try compare(
                        "types.h5:/\(order)/\(kind)/\(layout)",
                        expected: """
                            y = f["\(order)/\(kind)/\(layout)"][:]
                            assert (x[:] == y).all() and x.shape == y.shape
                            assert x.dtype == np.dtype("\(kind == "f2" ? "f4" : kind)"), x.dtype
                            """)
                }
            }
        }
        try compare("types.h5:/bool", expected: "assert (x[:] == f['bool'][:]).all() and x.dtype == np.int8")
        try compare("types.h5:/long", expected: "assert x.dtype == np.float64 and (x[:] == f['long'][:]).all()")
    }

    @Test(arguments: 1...5)
    func rowsOfEveryRank(rank: Int) throws {
        try compare("types.h5:/rank/\(rank)", expected: "assert (x[:] == f['rank/\(rank)'][:]).all() and x.dtype == np.int16")
    }

    @Test func sideBySide() throws {
        try compare(
            "types.h5:/pair/a+/pair/b",
            expected: "assert x.dtype == np.float64 and (x[:] == np.c_[f['pair/a'][:].reshape(30, 4), f['pair/b'][:]]).all()")
        try compare(
            "types.h5:/pair/a+/pair/c",
            expected: "assert (x[:] == np.c_[f['pair/a'][:].reshape(30, 4), f['pair/c'][:].astype('f4') / np.float32(255)]).all()"
        )
    }

    @Test func severalFiles() throws {
        let expected = """
            n = ["run-1.h5", "run-10.h5", "run-2.h5"]
            g = [h5py.File(d + "/" + i, "r") for i in n]
            assert (x[:] == np.concatenate([i["rows"][:] for i in g])).all()
            assert (o["label"][:] == [1] * 11 + [10] * 20 + [2] * 12).all() and o["id"][11] == b"10-0" and o["id"][42] == b"2-11"
            """
        try compare("run-*.h5:/rows", expected: expected)
        let folder = try Self.files.get()
        try compare("run-1.h5:/rows,\(folder.path("run-10.h5")):/rows,\(folder.path("run-2.h5")):/rows", expected: expected)
    }

    @Test(arguments: [
        ("10:30", "slice(10, 30)"), (":-100:7", "slice(0, -100, 7)"), ("5:6,100:,0:2", "[0, 1, 5] + list(range(100, 203))"),
        ("/good", "f['good'][:] == 1"),
    ])
    func someRows(rows: String, index: String) throws {
        try compare(
            "types.h5:/little/f4/chunked", ["--rows", rows, "--labels", "/label"],
            expected:
                "i = \(index); assert (x[:] == f['little/f4/chunked'][:][i]).all() and (o['label'][:] == (np.arange(203) % 5)[i]).all()"
        )
    }

    @Test func packedBits() throws {
        try compare(
            "types.h5:/bits/packed", ["--packed-bits", "21"],
            expected: "assert (x[:] == f['bits/plain'][:]).all() and x.shape == (40, 21)")
    }

    @Test func contactMaps() throws {
        try compare("types.h5:/maps/contacts", expected: "assert (x[:] == f['maps/dense'][:]).all()")
        // As a user trains on them: on several ranks, on maps and lists alike.
        let source = try Self.files.get()
        let folder = try TemporaryFolder()
        for (name, ranks) in [("contacts", 3), ("dense", 1)] {
            let outcome = try mpiVAE(
                ranks: ranks,
                [
                    "train", "--data", source.path("types.h5") + ":/maps/\(name)", "--hidden", "8", "--latent", "2",
                    "--global-batch",
                    "16", "--epochs", "2", "--output", folder.path(name),
                ])
            #expect(outcome.status == 0, "\(outcome)")
        }
        #expect(try metrics(folder.path("contacts")) == metrics(folder.path("dense")))
        let embedded = try mpiVAE(
            "embed", "--checkpoint", folder.path("contacts"), "--data", source.path("types.h5") + ":/maps/contacts", "--rows",
            "0:7",
            "--output", folder.path("e.h5"))
        #expect(embedded.status == 0, "\(embedded)")
    }

    @Test(
        arguments: [
            (65, "/pair/short has 29 rows", "types.h5:/pair/a+/pair/short", []),
            (65, "other.h5:/rows has rows of shape [3]", "run-1.h5:/rows,FOLDER/other.h5:/rows", []),
            (65, "bytes are taken for pixels", "run-1.h5:/rows,FOLDER/other.h5:/bytes", []),
            (66, "no file fits the pattern", "none-*.h5:/rows", []),
            (78, "must be FIRST:END", "types.h5:/bool", ["--rows", "4"]),
            (78, "must be FIRST:END", "types.h5:/bool", ["--rows", "0:9:-1"]),
            (65, "leave none of 60", "types.h5:/bool", ["--rows", "70:90"]),
            (65, "no mask of rows at /good", "types.h5:/bool", ["--rows", "/good"]),
            (65, "9 packed bits need [2] uint8", "types.h5:/bits/packed", ["--packed-bits", "9"]),
            (65, "row 31 has 3 numbers, but contacts are pairs", "types.h5:/maps/odd", []),
            (65, "row 31 has the contact (-1, 3) outside", "types.h5:/maps/negative", []),
        ] as [(Int32, String, String, [String])])
    func refused(status: Int32, text: String, data: String, options: [String]) throws {
        let source = try Self.files.get()
        let folder = try TemporaryFolder()
        let path = source.path(data.replacing("FOLDER", with: source.url.path))
        for command in [["import", "hdf5"], ["train", "--likelihood", "mse"]] {
            let outcome = try Program.run(
                Program.built("mpi-vae"), command + ["--data", path, "--output", folder.path("out")] + options)
            #expect(outcome.status == status && outcome.errorLines.count == 1, "\(outcome)")
            #expect(outcome.errors.contains(text), "\(text): \(outcome)")
        }
    }

    /// A map that is too small for what it is applied to.
    @Test func contactsOutsideTheModel() throws {
        let source = try Self.files.get()
        let folder = try TemporaryFolder()
        func train(_ size: String) throws -> Outcome {
            try mpiVAE(
                "train", "--data", source.path("types.h5") + ":/maps/outside", "--map-size", size, "--hidden", "4",
                "--global-batch", "16",
                "--epochs", "1", "--output", folder.path(size))
        }
        #expect(try train("13").status == 0)
        let small = try train("12")
        #expect(
            small.status == 65 && small.errors.contains("row 31 has the contact (12, 3) outside a map of 12 x 12"), "\(small)")
    }
}
