import Foundation
import TestSupport
import Testing

/// What is imported is what numpy reads from the same files.
@Suite(.serialized)
struct ImportTests {
    private func python(_ script: String, _ arguments: String...) throws {
        let outcome = try Program.python("import gzip, h5py, numpy as np, os, struct, sys, zipfile\n" + script, arguments)
        #expect(outcome.status == 0, "\(outcome)")
    }

    private func refused(_ status: Int32, _ text: String, _ outcome: Outcome) {
        #expect(outcome.status == status && outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)")
    }

    @Test func idxOfDebian() throws {
        try python(
            """
            f = h5py.File(sys.argv[1], "r")
            folder = "/usr/share/datasets/fashion-mnist/t10k-"
            x = np.frombuffer(gzip.open(folder + "images-idx3-ubyte.gz").read(), "u1")[16:].reshape(-1, 28, 28)
            y = np.frombuffer(gzip.open(folder + "labels-idx1-ubyte.gz").read(), "u1")[8:]
            assert f["data"].dtype == np.uint8 and (f["data"][:] == x).all() and (f["label"][:] == y).all()
            assert (f["id"][:] == np.arange(10000)).all() and f["data"].fletcher32
            """, try Fixtures.fashion.get())
    }

    @Test func idxOfEveryType() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            for code, t in [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]:
                x = np.arange(-12, 12).reshape(4, 3, 2).astype(t)
                h = bytes([0, 0, code, 3]) + np.array(x.shape, ">i4").tobytes()
                open(sys.argv[1] + "/%d.idx" % code, "wb").write(h + x.tobytes())
            open(sys.argv[1] + "/cut.idx", "wb").write(h + x.tobytes()[:-3])
            open(sys.argv[1] + "/labels.idx", "wb").write(bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]))
            """, folder.url.path)
        for code in [8, 9, 11, 12, 13, 14] {
            let outcome = try mpiVAE(
                "import", "idx", "--images", folder.path("\(code).idx"), "--output", folder.path("all.h5"), "--name", "t\(code)")
            #expect(outcome.status == 0, "\(outcome)")
        }
        try python(
            """
            f = h5py.File(sys.argv[1], "r")
            for code, t in [(8, "u1"), (9, "i1"), (11, "i2"), (12, "i4"), (13, "f4"), (14, "f8")]:
                d = f["t%d/data" % code]
                assert d.dtype == t and (d[:] == np.arange(-12, 12).reshape(4, 3, 2).astype(t)).all(), t
            """, folder.path("all.h5"))
        func run(_ images: String, labels: String? = nil, output: String = "x.h5", name: String = "n") throws -> Outcome {
            let extra = labels.map { ["--labels", $0] } ?? []
            return try Program.run(
                Program.built("mpi-vae"),
                ["import", "idx", "--images", images, "--output", folder.path(output), "--name", name] + extra)
        }
        refused(65, "bytes, but cannot hold more than", try run(folder.path("cut.idx")))
        refused(65, "labels must be [4]", try run(folder.path("8.idx"), labels: folder.path("labels.idx")))
        refused(65, "not an IDX file", try run("/etc/hostname"))
        refused(66, "no such file", try run("/none/x.idx"))
        refused(73, "has /t8/data already", try run(folder.path("8.idx"), output: "all.h5", name: "t8"))
        refused(
            73, "/none/",
            try Program.run(
                Program.built("mpi-vae"), ["import", "idx", "--images", folder.path("8.idx"), "--output", "/none/x.h5"]))
        refused(
            73, "is there already",
            try mpiVAE("import", "idx", "--images", folder.path("8.idx"), "--output", folder.path("all.h5")))
        #expect(!FileManager.default.fileExists(atPath: folder.path("x.h5")), "nothing half made is left")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).allSatisfy { !$0.hasPrefix(".") })
    }

    @Test func npyOfEveryType() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            x = np.arange(24).reshape(4, 3, 2)
            for t in ["i1", "u1", "<i2", ">u2", "<i4", ">i4", "<i8", "<u8", "<f2", ">f2", "<f4", ">f4", ">f8", "?"]:
                np.save(sys.argv[1] + "/%s.npy" % t.replace("<", "l").replace(">", "b").replace("?", "bool"), x.astype(t))
            np.save(sys.argv[1] + "/fortran.npy", np.asfortranarray(x.astype("f4")))
            np.save(sys.argv[1] + "/y.npy", np.arange(4) * 2); np.save(sys.argv[1] + "/line.npy", np.arange(4.))
            np.save(sys.argv[1] + "/text.npy", np.array([["a"]]))
            """, folder.url.path)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
            .filter { !["y.npy", "line.npy", "text.npy"].contains($0) }
        for name in names {
            let outcome = try mpiVAE(
                "import", "npy", "--file", folder.path(name), "--labels", folder.path("y.npy"), "--output", folder.path("all.h5"),
                "--name", String(name.dropLast(4)))
            #expect(outcome.status == 0, "\(outcome)")
        }
        try python(
            """
            f = h5py.File(sys.argv[1], "r")
            x = np.arange(24).reshape(4, 3, 2)
            assert len(f) == 15, list(f)
            for name in f:
                assert (f[name]["data"][:] == (x > 0 if name == "bool" else x)).all(), name
                assert (f[name]["label"][:] == np.arange(4) * 2).all()
            assert f["u1/data"].dtype == np.uint8 and f["bf8/data"].dtype == np.float64 and f["lf2/data"].dtype == np.float32
            """, folder.path("all.h5"))
        for (name, text) in [("line.npy", "must have rows and columns"), ("text.npy", "only whole and floating-point numbers")] {
            refused(65, text, try mpiVAE("import", "npy", folder.path(name), "--output", folder.path("x.h5")))
        }
        refused(65, "not an NPY file", try mpiVAE("import", "npy", "--file", "/etc/passwd", "--output", folder.path("x.h5")))
    }

    @Test func csv() throws {
        let folder = try TemporaryFolder()
        func write(_ name: String, _ text: String) throws -> String {
            try Data(text.utf8).write(to: folder.url.appendingPathComponent(name))
            return folder.path(name)
        }
        let table = try write("a.csv", "id;x;\"y; z\";kind\r\nr1;1.5;2e3;\"a \"\"b\"\"\"\r\n\r\nr2;-3; 4 ;c\r\n")
        let outcome = try mpiVAE(
            "import", "csv", "--file", table, "--label", "kind", "--id", "#0", "--output", folder.path("a.h5"))
        #expect(outcome.status == 0, "\(outcome)")
        try python(
            """
            f = h5py.File(sys.argv[1], "r")
            assert (f["data"][:] == [[1.5, 2000], [-3, 4]]).all() and [x.decode() for x in f["feature_names"][:]] == ["x", "y; z"]
            assert [x.decode() for x in f["label"][:]] == ['a "b"', "c"] and [x.decode() for x in f["id"][:]] == ["r1", "r2"]
            """, folder.path("a.h5"))
        try python(
            """
            f = h5py.File(sys.argv[1], "r")
            t = np.loadtxt("/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz", delimiter=",")
            assert (f["data"][:] == t[:, :64]).all() and (f["label"][:] == t[:, 64]).all() and f["label"].dtype == np.int64
            """, try Fixtures.digits.get())
    }

    @Test func npz() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            d = sys.argv[1] + "/"; x = np.arange(24).reshape(4, 3, 2); y = np.arange(4) * 2
            for name, save in [("plain", np.savez), ("packed", np.savez_compressed)]:
                save(d + name, data=x.astype("u1"), label=y, other=x[:, :2])
                save(d + name + "-fortran", x=np.asfortranarray(x.astype("f4")), y=y, labels=np.arange(3))
                save(d + name + "-half", x.astype("<f2")); save(d + name + "-big", X=x.astype(">f8"), note=np.array("text"))
                save(d + name + "-only", a=x.astype(">i2"), b=y, label=np.array(list("abcd")))
            """, folder.url.path)
        for kind in ["plain", "packed"] {
            for name in ["", "-fortran", "-half", "-big", "-only"] {
                let outcome = try mpiVAE(
                    "import", "npz", "--file", folder.path("\(kind)\(name).npz"), "--output", folder.path("all.h5"), "--name",
                    "\(kind)\(name)")
                #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
            }
            let outcome = try mpiVAE(
                "import", "npz", "--file", folder.path("\(kind)-only.npz"), "--data", "a", "--labels", "b", "--output",
                folder.path("all.h5"), "--name", "\(kind)-keys")
            #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        }
        try python(
            """
            f = h5py.File(sys.argv[1], "r"); x = np.arange(24).reshape(4, 3, 2)
            types = {"": "u1", "-fortran": "f4", "-half": "f4", "-big": "f8", "-only": "i2", "-keys": "i2"}
            for kind in ["plain", "packed"]:
                for name, t in types.items():
                    g = f[kind + name]
                    assert g["data"].dtype == np.dtype(t) and (g["data"][:] == x).all(), name
                    assert (g["id"][:] == np.arange(4)).all()
                    if name in ("", "-fortran", "-keys"): assert (g["label"][:] == np.arange(4) * 2).all(), name
                    elif name == "-only": assert [t.decode() for t in g["label"][:]] == list("abcd")
                    else: assert "label" not in g
            """, folder.path("all.h5"))
    }

    @Test func damagedAndHostileNPZ() throws {
        let folder = try TemporaryFolder()
        try python(
            """
            d = sys.argv[1] + "/"; x = np.arange(2400.).reshape(40, 60)
            def z(name, **files):
                with zipfile.ZipFile(d + name, "w", zipfile.ZIP_DEFLATED) as f:
                    for key, data in files.items(): f.writestr(key + ".npy", data)
            def npy(x, shape=None, order=False):
                h = repr({"descr": x.dtype.str, "fortran_order": order, "shape": shape or x.shape}).encode()
                return b"\\x93NUMPY\\1\\0" + struct.pack("<H", len(h)) + h + x.tobytes()
            np.savez(d + "two", a=x, b=x.T, c=x[0]); np.savez(d + "line", x[0]); np.savez(d + "good", x=x, y=x[0])
            np.savez(d + "objects", data=np.array([[{}]], dtype=object)); np.savez(d + "zero", data=np.zeros((0, 3)))
            b = bytearray(open(d + "good.npz", "rb").read()); b[5000] ^= 1; open(d + "flip.npz", "wb").write(b)
            open(d + "cut.npz", "wb").write(b[:len(b) // 2]); open(d + "garbage.npz", "wb").write(b"garbage" * 99)
            open(d + "empty.npz", "wb"); zipfile.ZipFile(d + "nothing.npz", "w").close()
            z("short.npz", data=npy(x)[:-8]); z("bomb.npz", data=npy(x, (10**6, 10**8))); z("noise.npz", data=b"noise")
            z("turned.npz", data=npy(x, (10**6, 10**8), True)); z("huge.npz", data=npy(x, (2**62, 2**62, 0)))
            os.mkfifo(d + "fifo.npz")
            with zipfile.ZipFile(d + "text.npz", "w") as f: f.writestr("readme.txt", "x")
            z("claim.npz", data=npy(x)); b = bytearray(open(d + "claim.npz", "rb").read())
            s = b.index(b"PK\\1\\2"); b[s + 24:s + 28] = struct.pack("<I", 2**31); open(d + "claim.npz", "wb").write(b)
            """, folder.url.path)
        func run(_ name: String, _ extra: String...) throws -> Outcome {
            try Program.run(
                Program.built("mpi-vae"),
                ["import", "npz", "--file", folder.path(name), "--output", folder.path("x.h5")] + extra, timeout: 20)
        }
        refused(
            65, "several arrays have rows and columns: name one with --data; there are a [40, 60], b [60, 40], c [60]",
            try run("two.npz"))
        refused(65, "no array has rows and columns", try run("line.npz"))
        refused(65, "no array has rows and columns", try run("zero.npz"))
        refused(65, "arr_0 has the shape [60], but must have rows", try run("line.npz", "--data", "arr_0"))
        refused(65, "has no 'z' for --data; there are x [40, 60], y [60]", try run("good.npz", "--data", "z"))
        refused(65, "has no 'z' for --labels", try run("good.npz", "--labels", "z"))
        refused(65, "good.npz:y has the shape [60], but must have [40]", try run("good.npz", "--labels", "y"))
        refused(65, "objects.npz:data holds elements of type '|O'", try run("objects.npz"))
        refused(65, "flip.npz:x: damaged: crc error", try run("flip.npz"))
        for name in ["cut.npz", "garbage.npz", "empty.npz"] { refused(65, "not a zip file, or damaged", try run(name)) }
        for name in ["nothing.npz", "text.npz"] { refused(65, "has no arrays", try run(name)) }
        refused(65, "noise.npz:data: not an NPY file", try run("noise.npz"))
        for name in ["short.npz", "bomb.npz", "turned.npz"] { refused(65, "bytes, but cannot hold more than", try run(name)) }
        refused(65, "huge.npz:data: claims the shape", try run("huge.npz"))
        refused(65, "claims 2147483648 bytes for data.npy", try run("claim.npz"))
        refused(66, "no such file", try run("none.npz"))
        refused(66, "is not a file", try run("fifo.npz"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("x.h5")))
    }

    /// The bar appears on a terminal only, and goes again.
    @Test func progress() throws {
        let folder = try TemporaryFolder()
        func write(_ rows: Int) throws {
            try python("np.save(sys.argv[1], np.zeros((int(sys.argv[2]), 1000)))", folder.path("x.npy"), "\(rows)")
        }
        try write(3000)
        let arguments = try [
            Program.built("mpi-vae"), "import", "npy", "--file", folder.path("x.npy"), "--output", folder.path("x.h5"), "--name",
        ]
        let script = """
            import os, pty, sys
            name, *command = sys.argv[1:]
            parent, child = pty.openpty()
            import subprocess
            p = subprocess.Popen(command, stderr=child, stdout=subprocess.PIPE, env={**os.environ, "TERM": name})
            os.close(child); said = b""
            try:
                while True:
                    b = os.read(parent, 4096); said += b
                    if not b: break
            except OSError: pass
            print(repr(said)); out = p.stdout.read().decode(); assert out.startswith("wrote ") and out.count(chr(10)) == 1, out
            sys.exit(p.wait())
            """
        var terminal = try Program.python(script, ["xterm"] + arguments + ["a"])
        // A fast machine has read few rows before the line is drawn for the second time.
        for rows in [12_000, 48_000] where !terminal.output.contains("importing") {
            try write(rows)
            terminal = try Program.python(script, ["xterm"] + arguments + ["a\(rows)"])
        }
        #expect(terminal.status == 0 && terminal.output.contains(#/\\rimporting +[0-9]+% \[/#), "\(terminal)")
        #expect(terminal.output.hasSuffix("\\r\\x1b[K'\n"), "\(terminal)")
        let dumb = try Program.python(script, ["dumb"] + arguments + ["b"])
        #expect(dumb.status == 0 && dumb.output == "b''\n", "\(dumb)")
        let log = try Program.run(arguments[0], arguments.dropFirst() + ["c"])
        #expect(log.status == 0 && log.errors.isEmpty, "\(log)")
    }
}
