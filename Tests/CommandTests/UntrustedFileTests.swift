import Foundation
import TestSupport
import Testing

/// Files of a few kilobytes that claim gigabytes, never end, or speak to terminals: refused at once in little memory, or read and shown harmlessly.
@Suite(.serialized)
struct UntrustedFileTests {
    /// A function of Python that makes the text of 16 bytes in an attribute of a file claim 1.6 GB.
    private static let claimText = """
        def claim_text(name):
            b = bytearray(open(name, "rb").read())
            for i in range(len(b) - 16):
                size, address, index = struct.unpack_from("<IQI", b, i)
                if size == 16 and address < len(b) and b[address:address + 4] == b"GCOL" and index == 1:
                    struct.pack_into("<I", b, i, 0x60000000)
            open(name, "wb").write(b)
        """

    private static let files = Result {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            #"""
            import gzip, h5py, numpy as np, os, struct, sys, zipfile, zlib
            os.chdir(sys.argv[1])
            x = np.random.default_rng(1).random((400, 6)).astype("f4")
            with h5py.File("good.h5", "w") as f: f["data"] = x
            with h5py.File("escapes.h5", "w") as f: f["\x1b]0;TITLE\x07\x1b[31mred"] = x
            texts = ["<script>alert(1)</script>", "=cmd|'/c calc'!A0", "\x1b[31mRED\x1b[0m", "-1.5"]
            with h5py.File("texts.h5", "w") as f:
                f["data"], f["label"], f["id"] = x, [texts[i % 4] for i in range(400)], ["@SUM(A1)"] * 400
            # Categories that are their own group.
            with h5py.File("recursive.h5", "w") as f:
                g = f.create_group("label")
                f["data"], g["codes"], g["categories"] = x, np.zeros(400, "i1"), g
            \#(UntrustedFileTests.claimText)
            # A text of 1.6 GB in an attribute.
            def claim(name, attribute, make):
                with h5py.File(name, "w", libver="earliest") as f: make(f).attrs.create(attribute, "ABCDEFGHIJKLMNOP", dtype=h5py.string_dtype())
                claim_text(name)
            def matrix(f): g = f.create_group("m"); g["data"] = x; return g
            claim("claim.h5", "encoding-type", matrix)
            claim("checkpoint.h5", "format", lambda f: f)
            shape = "(" + "1," * 524000 + ")"
            def header(shape): return ("{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % shape).encode()
            def npy(h): return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(h)) + h + b"\0" * 4
            with zipfile.ZipFile("headers.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
                for i in range(100): z.writestr("a%d.npy" % i, npy(header(shape)))
            with zipfile.ZipFile("members.npz", "w") as z:
                for i in range(1001): z.writestr("a%d.npy" % i, npy(header("(1, 1)")))
            open("dimensions.npy", "wb").write(npy(header("(" + "1," * 33 + ")")))
            h = b"{'descr': '<f4', 'fortran_order': True, 'shape': (20000000000, 4), }"
            with open("fortran.npy", "wb") as f:
                f.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", len(h)) + h); f.truncate(f.tell() + 320000000000)
            open("wide.csv", "w").write(",".join(["1"] * 20_000_000) + "\n")
            # Nothing but ends of lines, or none, beyond 64 MiB.
            for name, byte in [("lines.csv", b"\n"), ("blanks.csv", b" "), ("line.csv", b"1")]:
                open(name, "wb").write(gzip.compress(byte * (72 << 20), 1))
            with open("row.idx", "wb") as f: f.write(bytes([0, 0, 8, 2]) + struct.pack(">II", 1, 2**32 - 1)); f.truncate(2**32 + 11)
            os.mkdir("cells")
            open("cells/matrix.mtx", "w").write("%%MatrixMarket matrix coordinate real general\n3 4 1\n1 1 1\n")
            open("cells/barcodes.tsv", "w").write("a\n" * 5)
            # Members whose sizes are not what the list of contents says, and a list that claims more of them.
            def archive(name, size, count=1, comp=0):
                b = npy(header("(4, 4)")) + bytes(64)
                common = struct.pack("<HHHHHIIIHH", 20, 0, comp, 0, 0, zlib.crc32(b), size, size, 8, 0)
                file = b"PK\3\4" + common + b"data.npy" + b
                contents = b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"data.npy"
                open(name, "wb").write(file + contents + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(contents), len(file), 0))
            whole = len(npy(header("(4, 4)"))) + 64
            archive("whole.npz", whole); archive("more.npz", 2**32 - 2); archive("less.npz", whole - 40)
            archive("members16.npz", whole, 65535); archive("deflate.npz", whole, comp=8)
            # Images: more pixels than a row may have; a hundred words, each of which unpacks to 8 MB and more; and claims of no room.
            def png(name, width, height, between=b"", rows=0, color=2):
                def chunk(t, d): return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
                os.makedirs(os.path.dirname(name), exist_ok=True)
                body = zlib.compress(bytes((width * (3 if color == 2 else 4) + 1) * rows))
                open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0))
                    + (b"" if not between else b"".join(chunk(b"zTXt", b"k%d\0\0" % i + between) for i in range(200)))
                    + chunk(b"IDAT", body) + chunk(b"IEND", b""))
            png("large/x.png", 8192, 8192, rows=1)
            png("words/x.png", 4, 4, zlib.compress(bytes(1 << 27), 9), rows=4)
            # In place of the pixels, words that claim 2 GB.
            png("claim/x.png", 4, 4, rows=4)
            whole = open("claim/x.png", "rb").read(); pixels = whole.index(b"IDAT") - 4
            open("claim/x.png", "wb").write(whole[:pixels] + struct.pack(">I", 0x7e000019) + b"zTXt" + whole[pixels + 8:])
            png("room/x.png", 8000, 8000, rows=1, color=6)
            open("dots.toml", "w").write("[" + ".".join(["a"] * 200000) + "]\n")
            os.makedirs("images/0")
            for level in range(24):
                os.makedirs(f"images/{level + 1}", exist_ok=True)
                for link in "ab": os.symlink(f"../{level + 1}", f"images/{level}/{link}")
            """#, [folder.url.path])
        if python.status != 0 { throw CannotRun(description: "\(python)") }
        return folder
    }

    private func expect(_ outcome: Measured, _ status: Int, _ texts: [String], seconds: Double = 1) {
        #expect(outcome.status == status && outcome.seconds < seconds && outcome.megabytes < 200, "\(texts): \(outcome)")
        for text in texts { #expect((outcome.output + outcome.errors).contains(text), "\(text): \(outcome)") }
        #expect(!(outcome.output + outcome.errors).contains("\u{1B}"), "\(outcome)")
    }

    private func train(_ data: String, _ run: String) -> [String] {
        [
            "train", "--data", data, "--hidden", "4", "--global-batch", "8", "--epochs", "1", "--likelihood", "gaussian",
            "--output", run,
        ]
    }

    /// An attribute's text is taken from the file's length of it: found out by the child, which all commands have look first.
    @Test func claimsOfText() throws {
        let (folder, runs) = (try Self.files.get(), try TemporaryFolder())
        let (claim, checkpoint) = (folder.path("claim.h5"), folder.path("checkpoint.h5"))
        let outcomes = try Measured.run(
            [
                ["check", claim], ["inspect", claim], ["inspect", checkpoint], ["check", checkpoint],
                train("\(claim):/m", runs.path("a")),
                train(folder.path("good.h5"), runs.path("b")) + ["--resume", checkpoint],
                ["evaluate", "--checkpoint", checkpoint, "--data", folder.path("good.h5")],
            ])
        expect(outcomes[0], 65, ["attribute encoding-type"])
        expect(outcomes[1], 65, ["attribute encoding-type"])
        expect(outcomes[2], 65, ["attribute format"])
        expect(outcomes[3], 65, ["attribute format"])
        for outcome in outcomes[4...] { expect(outcome, 65, ["claims more than 67.1 MB of text"], seconds: 2) }
        let several = try Measured.run([train("\(claim):/m", runs.path("c"))], ranks: 3)
        expect(several[0], 65, ["claims more than 67.1 MB of text"], seconds: 5)
    }

    @Test func categoriesOfThemselves() throws {
        let (folder, runs) = (try Self.files.get(), try TemporaryFolder())
        let path = folder.path("recursive.h5")
        let outcomes = try Measured.run(
            [train(path, runs.path("run")), ["import", "hdf5", path, "--output", runs.path("out.h5")], ["check", path]])
        for outcome in outcomes { expect(outcome, 65, ["/label/categories", "stand for others"], seconds: 3) }
    }

    @Test func importsThatClaim() throws {
        let (folder, runs) = (try Self.files.get(), try TemporaryFolder())
        let cases = [
            (["npz", "headers.npz"], "a header of 1048"), (["npz", "members.npz"], "has 1001 arrays, but at most 1000"),
            (["npy", "dimensions.npy"], "claims 33 dimensions, but at most 32"), (["npy", "fortran.npy"], "more than is free"),
            (["csv", "wide.csv"], "more than 1048576 columns"), (["images", "images"], "is a link to a folder"),
            (["csv", "lines.csv"], "without the end of a row"), (["csv", "blanks.csv"], "without the end of a row"),
            (["csv", "line.csv"], "without the end of a row"),
            (["idx", "row.idx"], "has rows of 4294967295 values, but at most"),
            (["mtx", "cells"], "barcodes.tsv: has more lines than the matrix"), (["npz", "more.npz"], "claims 4294967294 bytes"),
            (["npz", "less.npz"], "claims the shape [4, 4]"), (["npz", "members16.npz"], "not a zip file, or damaged"),
            (["npz", "deflate.npz"], "damaged"), (["images", "large"], "has rows of 201326592 values, but at most"),
            (["images", "claim"], "cannot be read as PNG"),
        ]
        let outcomes = try Measured.run(
            cases.map { ["import", $0.0[0], folder.path($0.0[1]), "--output", runs.path("out.h5")] })
        // The table is of 40 MB.
        for (item, outcome) in zip(cases, outcomes) { expect(outcome, 65, [item.1], seconds: item.0[0] == "csv" ? 10 : 1) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: runs.url.path).isEmpty)
        // What is sound is read, whatever lies about it.
        let good = try Measured.run(
            [(["npz", "whole.npz"], "a.h5"), (["images", "words"], "b.h5")].map {
                ["import", $0.0[0], folder.path($0.0[1]), "--output", runs.path($0.1)]
            })
        for outcome in good { expect(outcome, 0, ["wrote"]) }
    }

    /// An import that a file crashes, here for want of memory, ends as a line of another process, and leaves nothing.
    @Test func importsThatCrash() throws {
        let (folder, runs) = (try Self.files.get(), try TemporaryFolder())
        let arguments = ["import", "images", folder.path("room"), "--size", "8x8", "--output", runs.path("out.h5")]
        let outcome = try Program.run(
            "/bin/sh", ["-c", "ulimit -d 200000; exec \"$@\"", "sh", Program.built("mpi-vae")] + arguments)
        #expect(outcome.status == 65 && outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        #expect(outcome.errors.contains("\(folder.path("room")): damaged, or takes more memory than is free"), "\(outcome)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: runs.url.path).isEmpty)
        let whole = try mpiVAE(arguments: arguments)
        #expect(whole.status == 65 && whole.errors.contains("cannot be read as PNG"), "\(whole)")
    }

    /// One that comes no further is ended by the system's limit of computing; whoever ends the program ends it too, so that the signal is
    /// what the test is told.
    @Test(arguments: [
        (SIGXCPU, Int32(65), "came no further in 600 seconds"), (SIGKILL, 69, "was killed"), (SIGTERM, SIGTERM, ""),
    ])
    func importsThatAreEnded(signal: Int32, status: Int32, message: String) throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
        let running = try Program.start(
            Program.built("mpi-vae"), ["import", "idx", folder.path("pipe"), "--output", folder.path("out.h5")])
        var processes: [Int32] = []
        for _ in 0..<500 where processes.count < 2 {
            usleep(10_000)
            processes = running.descendants(named: "mpi-vae")
        }
        try #require(processes.count == 2)
        // The child began later. Who asks the program to end speaks to the other.
        usleep(100_000)
        kill(processes[signal == SIGTERM ? 0 : 1], signal)
        let outcome = try running.wait(timeout: 10)
        #expect(outcome.status == status && outcome.errorLines.count == (message.isEmpty ? 0 : 1), "\(outcome)")
        #expect(outcome.errors.contains(message) || message.isEmpty, "\(outcome)")
        for process in processes { #expect(kill(process, 0) != 0, "\(process) is still there") }
    }

    /// The folder of a run that others made: texts, tables and results that take gigabytes, or claim them.
    @Test func runsOfOthers() throws {
        let (folder, runs) = (try Self.files.get(), try TemporaryFolder())
        let (run, good) = (runs.path("run"), folder.path("good.h5"))
        #expect(try mpiVAE(arguments: train(good, run)).status == 0)
        func grow(_ name: String) { truncate("\(run)/\(name)", 6 << 30) }
        for name in ["config.toml", "summary.json", "metrics.csv"] { grow(name) }
        let outcomes = try Measured.run(
            [
                ["report", run, "--output", runs.path("a.html")], ["evaluate", "--checkpoint", run, "--data", good],
                ["reproduce", run, "--output", runs.path("again")], train(good, run) + ["--epochs", "2"],
            ])
        for outcome in outcomes[..<2] { expect(outcome, 0, [], seconds: 5) }
        expect(outcomes[2], 65, ["holds no config.toml that can be read"], seconds: 5)
        expect(outcomes[3], 65, ["metrics.csv: cannot be read, or has more than"], seconds: 5)
        for name in ["config.toml", "summary.json", "metrics.csv"] { unlink("\(run)/\(name)") }
        let python = try Program.python(
            """
            import h5py, numpy as np, shutil, struct, sys, zlib
            \(Self.claimText)
            run, wide = sys.argv[1] + "/embeddings.h5", sys.argv[2] + "/embeddings.h5"
            shutil.copytree(sys.argv[1], sys.argv[2]); zeros = zlib.compress(bytes(400 << 18), 1)
            with h5py.File(run) as f: columns = {k: f[k][()] for k in ["reconstruction_error", "elbo", "row", "source", "split"]}
            with h5py.File(wide, "w") as f:
                for k, v in columns.items(): f[k] = v
                for k in ["latent/mean", "latent/log_variance"]:
                    d = f.create_dataset(k, (400, 1 << 22), "f4", chunks=(400, 1 << 16), compression="gzip")
                    for j in range(64): d.id.write_direct_chunk((0, j << 16), zeros)
            with h5py.File(run, "w", libver="earliest") as f:
                for k, v in columns.items(): f[k] = v
                f["latent/mean"] = f["latent/log_variance"] = np.zeros((400, 20), "f4")
                f.attrs.create("step", "ABCDEFGHIJKLMNOP", dtype=h5py.string_dtype())
            claim_text(run)
            """, [run, runs.path("wide")])
        #expect(python.status == 0, "\(python)")
        let reports = try Measured.run(
            [["report", run, "--output", runs.path("b.html")], ["report", runs.path("wide"), "--output", runs.path("c.html")]])
        expect(reports[0], 65, ["attribute step: cannot be read", "of text"], seconds: 5)
        expect(reports[1], 0, [], seconds: 5)
    }

    /// Attributes are read by the first rank alone: here the others' file has none, so it is no matrix for them.
    @Test func attributesOfTheFirstRank() throws {
        let folder = try TemporaryFolder()
        let python = try Program.python(
            """
            import h5py, numpy as np, os, sys
            for place in "ab":
                os.mkdir(f"{sys.argv[1]}/{place}")
                with h5py.File(f"{sys.argv[1]}/{place}/x.h5", "w") as f:
                    g = f.create_group("m")
                    g["data"], g["indices"], g["indptr"] = np.ones(200, "f4"), np.arange(200) % 5, np.arange(0, 201, 2)
                    if place == "a": g.attrs["encoding-type"] = "csr_matrix"; g.attrs["shape"] = [100, 5]
            """, [folder.url.path])
        #expect(python.status == 0, "\(python)")
        func part(_ place: String, _ ranks: Int, _ run: String) throws -> [String] {
            try ["--wdir", folder.path(place), "-n", "\(ranks)", Program.built("mpi-vae")] + train("x.h5:/m", folder.path(run))
        }
        func alone(_ place: String, _ run: String) throws -> Outcome {
            try mpiVAE(arguments: train("x.h5:/m", folder.path(run)), folder: folder.url.appendingPathComponent(place))
        }
        let (first, without) = (try alone("a", "one"), try alone("b", "none"))
        #expect(without.status == 65 && without.errors.contains("must have rows and columns"), "\(without)")
        let all = try Program.run("/usr/bin/mpirun", part("a", 1, "three") + [":"] + part("b", 2, "three"))
        #expect(first.status == 0 && all.status == 0, "\(first)\(all)")
        #expect(try newestCheckpoint(folder.path("one")) == newestCheckpoint(folder.path("three")))
    }

    @Test func configurations() throws {
        let folder = try Self.files.get()
        let dots = try mpiVAE("config", "--config", folder.path("dots.toml"))
        #expect(dots.status == 78 && dots.errors.contains("dots.toml:1: not valid TOML"), "\(dots)")
        for (flag, text) in [("--shards", "1048577"), ("--micro-batch", "1099511627776")] {
            let outcome = try mpiVAE("config", flag, text)
            #expect(outcome.status == 78 && outcome.errors.contains("must be a whole number of 0 to"), "\(outcome)")
        }
    }

    /// Too few open files is not the file's fault.
    @Test func tooFewOpenFiles() throws {
        let folder = try Self.files.get()
        let paths = try Program.python(
            """
            import h5py, sys
            for i in range(100): h5py.File(f"{sys.argv[1]}/part{i:02}.h5", "w")["data"] = [[1., 2.]] * 9
            """, [folder.url.path])
        #expect(paths.status == 0)
        let command = train(folder.path("part*.h5"), folder.path("many"))
        let outcome = try Program.run("/bin/sh", ["-c", "ulimit -n 64; exec \"$@\"", "sh", Program.built("mpi-vae")] + command)
        #expect(outcome.status == 74 && outcome.errors.contains("too many open files"), "\(outcome)")
    }

    /// A file that grows between the two passes over a matrix by columns: a line, and no memory that is not ours.
    @Test func matricesThatChange() throws {
        let folder = try TemporaryFolder()
        let (path, stop) = (folder.path("csc.h5"), folder.path("stop"))
        let helper = """
            import h5py, numpy as np, os, sys
            rows, columns, each = 2000, 400, 1000
            with h5py.File(sys.argv[1], "w") as f:
                g = f.create_group("X"); f.create_group("obs")
                g.attrs["encoding-type"] = "csc_matrix"; g.attrs["shape"] = [rows, columns]
                g["data"] = np.ones(columns * each, "f4"); g["indptr"] = np.arange(columns + 1) * each
                g["indices"] = np.tile(np.arange(each, dtype="i4") * 2, columns)
                offset = g["indices"].id.get_offset()
            print("ready", flush=True)
            even, odd = (np.tile(np.arange(each, dtype="i4") * 2 + i, columns).tobytes() for i in (0, 1))
            d = os.open(sys.argv[1], os.O_WRONLY)
            while not os.path.exists(sys.argv[2]): os.pwrite(d, odd, offset); os.pwrite(d, even, offset)
            """
        let writer = try Program.start("/usr/bin/python3", ["-c", helper, path, stop])
        while !FileManager.default.fileExists(atPath: path) { usleep(10_000) }
        usleep(500_000)
        var changes = 0
        for round in 0..<6 {
            let outcome = try mpiVAE(arguments: ["import", "hdf5", "\(path):/X", "--output", folder.path("\(round).h5")])
            // What was written in mid-row may also be two values in one place.
            #expect(outcome.status == 0 || outcome.status == 65 && outcome.errorLines.count == 1, "\(outcome)")
            if outcome.errors.contains("changed while it was read") { changes += 1 }
        }
        try Data().write(to: URL(fileURLWithPath: stop))
        #expect(try writer.wait(timeout: 10).status == 0)
        #expect(changes > 0)
    }

    /// Names, labels and ids: escaped in messages, tables and pages.
    @Test func textsOnTerminals() throws {
        let (folder, runs) = (try Self.files.get(), try TemporaryFolder())
        for name in ["escapes", "texts"] {
            let outcome = try mpiVAE(arguments: train(folder.path("\(name).h5"), runs.path(name)))
            #expect(outcome.status == 0 && !(outcome.output + outcome.errors).contains("\u{1B}"), "\(outcome)")
            let page = try String(contentsOfFile: runs.path("\(name)/report.html"), encoding: .utf8)
            #expect(!page.contains("\u{1B}") && !page.contains("<script>alert"), "\(name)")
            if name == "escapes" {
                #expect(outcome.errors.contains(#"/\u{1B}]0;TITLE\u{07}\u{1B}[31mred"#), "\(outcome)")
                let shown = try mpiVAE("inspect", folder.path("escapes.h5"), "--json")
                #expect(shown.output.contains(#"\u001b]0;TITLE"#) && !shown.output.contains("\u{1B}"), "\(shown)")
            }
        }
        func embed(_ more: String...) throws -> [[String]] {
            let command = ["embed", "--checkpoint", runs.path("texts"), "--data", folder.path("texts.h5"), "--format", "csv"]
            let outcome = try mpiVAE(arguments: command + ["--output", "-"] + more)
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.output.split(separator: "\n").dropFirst().prefix(4).map { $0.split(separator: ",").map(String.init) }
        }
        let (plain, safe) = (try embed(), try embed("--csv-safe"))
        #expect(plain.map { $0[1] } == ["<script>alert(1)</script>", "=cmd|'/c calc'!A0", "\u{1B}[31mRED\u{1B}[0m", "-1.5"])
        #expect(safe.map { $0[1] } == ["<script>alert(1)</script>", "'=cmd|'/c calc'!A0", "\u{1B}[31mRED\u{1B}[0m", "-1.5"])
        #expect(plain.allSatisfy { $0[0] == "@SUM(A1)" } && safe.allSatisfy { $0[0] == "'@SUM(A1)" })
        #expect(zip(plain, safe).allSatisfy { $0[2...] == $1[2...] })
        let refused = try mpiVAE(
            "embed", "--checkpoint", runs.path("texts"), "--data", folder.path("texts.h5"), "--csv-safe", "--output",
            runs.path("e.h5"))
        #expect(refused.status == 64 && refused.errors.contains("--csv-safe is for --format csv"), "\(refused)")
    }
}
