import Foundation
import TestSupport
import Testing

/// Files that were made to do harm, or are strange: refused or read, at once, in little memory, and no other file is touched.
@Suite(.serialized)
struct HostileFileTests {
    /// What a file is, and how the commands end with it.
    private struct Case {
        let name: String
        /// Of `check` and `inspect`, with what they say.
        let looked: Int
        let says: String
        /// Of `train`, with its error; nil where it is not tried.
        let trained: Int?
        let error: String

        init(_ name: String, _ looked: Int, _ says: String, train: Int? = nil, _ error: String = "") {
            (self.name, self.looked, self.says, trained, self.error) = (name, looked, says, train, error)
        }
    }

    private static let cases = [
        // Other files: named is a pipe, and whoever opens it hangs.
        Case("external-link", 65, "/data: is a link to another file", train: 65, "/data: is a link to another file"),
        Case("soft-to-external", 65, "/away: is a link to another file", train: 65, "is a link to another file"),
        Case("external-storage", 65, "keeps its data in other files"),
        Case("virtual", 65, "is a virtual data set", train: 65, "is a virtual data set"),
        Case("virtual-gone", 65, "is a virtual data set"),
        // Claims.
        Case("claim", 65, "never written", train: 65, "never written"),
        Case("claim-partly", 65, "never written", train: 65, "never written"),
        Case("claim-overflow", 65, "impossible size"),
        Case("claim-contiguous", 65, "never written"),
        Case("chunk-4g", 65, "has chunks of 4092 MiB", train: 65, "has chunks of 4092 MiB"),
        Case("long-strings", 65, "has strings of 2147483647 bytes", train: 65, "has strings of"),
        Case("bomb", 65, "has another length", train: 65, "is damaged: the chunk at row 0"),
        // Filters: those that Debian has a package for, and others.
        Case("filter-32000", 65, "lzf (filter 32000), which mpi-vae does not read", train: 65, "Debian package hdf5-plugin-lzf"),
        Case("filter-32001", 65, "blosc (filter 32001)"),
        Case("filter-32008", 65, "bitshuffle (filter 32008)"),
        Case("filter-40000", 65, "something unknown (filter 40000)"),
        // Links and names.
        Case("soft-loop", 0, "soft-loop", train: 65, "no data set"),
        Case("cycle", 0, "/g/x"),
        Case("links", 0, "links.h5"),
        Case("deep", 0, "more"),
        Case("attributes", 0, "/data"),
        Case("names", 65, #"/esc\u{1B}[31m"#, train: 65, #"/new\nline"#),
        // Shapes and types.
        Case("rank32", 0, "float32"),
        Case("no-rows", 0, "[0, 5]"),
        Case("nothing", 0, "[0]"),
        Case("float24", 0, "float24"),
        Case("long-double", 0, "float128"),
        Case("bool", 0, "int8", train: 0),
        Case("compound", 0, "neither numbers nor strings"),
        Case("reference", 0, "neither numbers nor strings"),
        Case("bitfield", 0, "neither numbers nor strings"),
        Case("lists", 0, "neither numbers nor strings"),
    ]

    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, os, sys, zlib
            from h5py import h5a, h5d, h5p, h5s, h5t, h5z
            d = sys.argv[1] + "/"
            x = np.random.default_rng(1).random((100, 6)).astype("f4")
            pipe = d + "pipe"; os.mkfifo(pipe)
            def new(name, libver="latest"): return h5py.File(d + name + ".h5", "w", libver=libver)
            def created(f, name, t, shape, setup=lambda p: None, data=None):
                p = h5p.create(h5p.DATASET_CREATE); setup(p)
                s = h5d.create(f.id, name, t, h5s.create_simple(shape), p)
                if data is not None: s.write(h5s.ALL, h5s.ALL, data)
                return s
            with new("external-link") as f: f["data"] = h5py.ExternalLink(pipe, "/x")
            with new("soft-to-external") as f: f["away"] = h5py.ExternalLink(pipe, "/"); f["data"] = h5py.SoftLink("/away/x")
            with new("external-storage") as f:
                created(f, b"data", h5t.NATIVE_FLOAT, (100, 6), lambda p: p.set_external(pipe.encode(), 0, 2400))
            for name, source in [("virtual", pipe), ("virtual-gone", "gone.h5")]:
                with new(name) as f:
                    v = h5py.VirtualLayout((3, 2), "f8"); v[:] = h5py.VirtualSource(source, "x", (3, 2))
                    f.create_virtual_dataset("data", v)
            with new("claim") as f: f.create_dataset("data", (2**50, 64), "f4", chunks=(1024, 64))
            with new("claim-partly") as f: f.create_dataset("data", (2**50, 64), "f4", chunks=(1024, 64))[:10] = 1
            with new("claim-overflow") as f: f.create_dataset("data", (10, 2**40, 2**40), "f4", chunks=(1, 64, 64))
            with new("claim-contiguous") as f: f.create_dataset("data", (2**50, 64), "f4")
            with new("chunk-4g") as f: 
                f.create_dataset("data", (2**20, 1023), "f4", chunks=(2**20, 1023), compression="gzip").id.write_direct_chunk(
                    (0, 0), zlib.compress(bytes(1 << 24)) * 250)
            with new("long-strings") as f:
                t = h5t.C_S1.copy(); t.set_size(2**31 - 1); f["data"] = x; created(f, b"label", t, (100,))
            with new("bomb") as f:  # 64 KB claimed, 1 GB inside
                s = f.create_dataset("data", (256, 64), "f4", chunks=(256, 64), compression="gzip")
                c = zlib.compressobj(9); zeros = bytes(1 << 24)
                s.id.write_direct_chunk((0, 0), b"".join(c.compress(zeros) for _ in range(64)) + c.flush())
            for i in [32000, 32001, 32008, 40000]:
                with new("filter-%d" % i) as f:
                    def setup(p): p.set_chunk((100, 6)); p.set_filter(i, h5z.FLAG_OPTIONAL, ())
                    created(f, b"data", h5t.NATIVE_FLOAT, (100, 6), setup).write_direct_chunk((0, 0), bytes(2400))
            with new("soft-loop") as f: f["data"] = h5py.SoftLink("/b"); f["b"] = h5py.SoftLink("/data")
            with new("cycle") as f:
                g = f.create_group("g"); g["x"] = x
                for i in range(20): g["again%d" % i] = f["/"]; g["self%d" % i] = g
            with new("links") as f:
                for i in range(100000): f.id.links.create_soft(b"l%06d" % i, b"/none")
            with new("deep") as f:
                g = f
                for i in range(2000): g = g.create_group("g")
                g["x"] = x
            with new("attributes") as f:
                f["data"] = x; space = h5s.create(h5s.SCALAR)
                for i in range(20000): h5a.create(f.id, b"a%07d" % i, h5t.NATIVE_INT8, space)
            with new("names") as f:
                for n in [b"new\\nline", b"..", b"esc\\x1b[31m", b"\\xff\\xfe", b"n" * 65000, b"mpi-vae: error: x\\nmpi-vae: error: y"]: f[n] = x
            with new("rank32") as f: f["data"] = np.ones((2,) + (1,) * 31, "f4")
            with new("no-rows") as f: f["data"] = np.zeros((0, 5))
            with new("nothing") as f: f["data"] = h5py.Empty("f4")
            t = h5t.IEEE_F32LE.copy(); t.set_fields(23, 15, 8, 0, 15); t.set_size(3)
            with new("float24") as f: created(f, b"data", t, (100, 6), data=x)
            with new("long-double") as f: f["data"] = x.astype(np.longdouble)
            with new("bool") as f: f["data"] = x > 0.5
            with new("compound") as f: f["data"] = np.zeros((50, 2), dtype=[("a", "f4"), ("b", "i4")])
            with new("reference") as f: f.create_dataset("data", (5, 2), h5py.ref_dtype)[0, 0] = f.ref
            with new("bitfield") as f: created(f, b"data", h5t.STD_B8LE, (5, 2))
            with new("lists") as f: f.create_dataset("data", (5, 2), h5py.vlen_dtype("f4"))[0, 0] = [1, 2]
            with new("good") as f: f["data"] = x
            """, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private func expect(
        _ outcome: Measured, _ name: String, _ status: Int, _ text: String, in output: String, seconds: Double
    ) {
        #expect(outcome.status == status, "\(name): \(outcome)")
        #expect(outcome.errorLines.count == (status == 0 ? 0 : 1), "\(name): \(outcome)")
        #expect(text.isEmpty || output.contains(text), "\(name): \(text): \(outcome)")
        #expect(!outcome.output.contains("\u{1B}") && !outcome.errors.contains("\u{1B}"), "\(name)")
        #expect(outcome.took(lessThan: seconds) && outcome.megabytes < 200, "\(name): \(outcome)")
    }

    @Test(arguments: ["check", "inspect"]) func look(_ command: String) throws {
        let folder = try Self.files.get()
        let outcomes = try Measured.run(Self.cases.map { [command, folder.path("\($0.name).h5")] })
        for (item, outcome) in zip(Self.cases, outcomes) {
            expect(outcome, "\(command) \(item.name)", item.looked, item.says, in: outcome.output, seconds: 1)
        }
    }

    @Test func train() throws {
        let (folder, runs) = (try Self.files.get(), try TemporaryFolder())
        let cases = Self.cases.filter { $0.trained != nil }
        let outcomes = try Measured.run(
            cases.map {
                [
                    "train", "--data", folder.path("\($0.name).h5"), "--hidden", "4", "--global-batch", "8", "--epochs", "1",
                    "--likelihood", "gaussian", "--output", runs.path($0.name),
                ]
            }, ranks: 2)
        for (item, outcome) in zip(cases, outcomes) {
            expect(outcome, "train \(item.name)", item.trained!, item.error, in: outcome.errors, seconds: 5)
        }
    }

    @Test func embedAndEvaluate() throws {
        let (folder, runs) = (try Self.files.get(), try TemporaryFolder())
        let trained = try mpiVAE(
            "train", "--data", folder.path("good.h5"), "--hidden", "4", "--global-batch", "8", "--epochs", "1", "--output",
            runs.path("run"))
        #expect(trained.status == 0, "\(trained)")
        func arguments(_ name: String) -> [String] {
            ["--checkpoint", runs.path("run"), "--data", folder.path("\(name).h5")]
        }
        let outcomes = try Measured.run(
            [
                ["evaluate"] + arguments("soft-to-external"),
                ["embed", "--output", runs.path("e.h5")] + arguments("claim-partly"),
            ], ranks: 2)
        expect(outcomes[0], "evaluate", 65, "is a link to another file", in: outcomes[0].errors, seconds: 5)
        expect(outcomes[1], "embed", 65, "never written", in: outcomes[1].errors, seconds: 5)
        #expect(!FileManager.default.fileExists(atPath: runs.path("e.h5")))
    }

    /// Strings lie in a part of files that has no checksum in any version: there a bit makes the library crash, or loop.
    @Test func filesThatCrashTheLibrary() throws {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, sys
            d = sys.argv[1] + "/"
            with h5py.File(d + "whole.h5", "w", libver="earliest") as f:
                f["data"] = np.random.default_rng(1).random((20, 6)); f["label"] = ["a%d" % i for i in range(20)]
            b = open(d + "whole.h5", "rb").read(); heap = b.index(b"GCOL")
            for name, byte, bit in [("crash", 31, 7), ("loop", 25, 3)]:
                flipped = bytearray(b); flipped[heap + byte] ^= 1 << bit; open(d + name + ".h5", "wb").write(flipped)
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
        let (crash, loop) = (folder.path("crash.h5"), folder.path("loop.h5"))
        #expect(try mpiVAE("check", folder.path("whole.h5")).status == 0)
        for command in ["check", "inspect"] {
            let outcome = try mpiVAE(command, crash)
            #expect(outcome.status == 65 && outcome.errorLines.count == 1, "\(outcome)")
            #expect((outcome.output + outcome.errors).contains("\(crash): damaged: the HDF5 library crashes on it"), "\(outcome)")
        }
        let looped = try mpiVAE("check", loop)
        #expect(looped.status == 65 && looped.output.contains("damaged: the HDF5 library does not come to an end"), "\(looped)")
        let trained = try mpiVAE(
            ranks: 2,
            ["train", "--data", "\(crash):/data", "--hidden", "4", "--global-batch", "8", "--output", folder.path("run")])
        #expect(trained.status == 65 && trained.errorLines.count == 1, "\(trained)")
        #expect(trained.errors.contains("damaged: the HDF5 library crashes on it"), "\(trained)")
    }

    /// A string's length lies in the file, and the library takes as much memory before it looks for the string.
    @Test func stringsThatClaim4GiB() throws {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, struct, sys
            with h5py.File(sys.argv[1], "w") as f:
                f["data"] = np.random.default_rng(1).random((100, 6)).astype("f4")
                f.create_dataset("label", (100,), h5py.string_dtype(), chunks=(1,))[:] = "a"
            with h5py.File(sys.argv[1], "r+") as f:
                length, address, index = struct.unpack("<IQI", f["label"].id.read_direct_chunk((50,))[1])
                f["label"].id.write_direct_chunk((50,), struct.pack("<IQI", 4222460682, address, index))
            # Much memory, and rightly: 120 MB in a chunk of 120 KB.
            with h5py.File(sys.argv[2], "w") as f:
                f["data"] = np.random.default_rng(1).random((2000, 6)).astype("f4")
                f.create_dataset("label", data=np.full(2000, b"a", "S60000"), chunks=(2000,), compression="gzip")
            """, [folder.path("claim.h5"), folder.path("long.h5")])
        #expect(python.status == 0, "\(python)")
        let trained = try mpiVAE(
            "train", "--data", folder.path("long.h5"), "--hidden", "4", "--epochs", "1", "--output", folder.path("long"))
        #expect(trained.status == 0, "\(trained)")
        let claim = folder.path("claim.h5")
        let outcomes = try Measured.run(
            [
                ["check", claim],
                ["train", "--data", claim, "--hidden", "4", "--global-batch", "8", "--output", folder.path("run")],
                [
                    "train", "--data", claim, "--fit-normal", "a", "--hidden", "4", "--global-batch", "8", "--output",
                    folder.path("fit"),
                ],
            ], ranks: 1)
        for (name, outcome) in zip(["check", "train", "train --fit-normal"], outcomes) {
            expect(outcome, name, 65, "cannot be read", in: outcome.output + outcome.errors, seconds: 3)
        }
    }
}
