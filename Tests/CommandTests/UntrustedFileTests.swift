import Foundation
import TestSupport
import Testing

/// Files of a few kilobytes that claim gigabytes, never end, or speak to terminals: refused at once in little memory, or read and shown harmlessly.
@Suite(.serialized)
struct UntrustedFileTests {
    private func train(_ data: String, _ run: String) -> [String] {
        [
            "train", "--data", data, "--hidden", "4", "--global-batch", "8", "--epochs", "1", "--likelihood", "gaussian",
            "--output", run,
        ]
    }

    /// An attribute's text is taken from the file's length of it: found out by the child, which all commands have look first.
    @Test func claimsOfText() throws {
        let (folder, runs) = (try UntrustedFiles.files.get(), try TemporaryFolder())
        let (claim, checkpoint) = (folder.path("claim.h5"), folder.path("checkpoint.h5"))
        let outcomes = try Measured.run(
            [
                ["check", claim], ["inspect", claim], ["inspect", checkpoint], ["check", checkpoint],
                train("\(claim):/m", runs.path("a")),
                train(folder.path("good.h5"), runs.path("b")) + ["--resume", checkpoint],
                ["evaluate", "--checkpoint", checkpoint, "--data", folder.path("good.h5")],
            ])
        UntrustedFiles.expect(outcomes[0], 65, ["attribute encoding-type"])
        UntrustedFiles.expect(outcomes[1], 65, ["attribute encoding-type"])
        UntrustedFiles.expect(outcomes[2], 65, ["attribute format"])
        UntrustedFiles.expect(outcomes[3], 65, ["attribute format"])
        for outcome in outcomes[4...] { UntrustedFiles.expect(outcome, 65, ["claims more than 67.1 MB of text"], seconds: 2) }
        let several = try Measured.run([train("\(claim):/m", runs.path("c"))], ranks: 3)
        UntrustedFiles.expect(several[0], 65, ["claims more than 67.1 MB of text"], seconds: 5)
    }

    @Test func categoriesOfThemselves() throws {
        let (folder, runs) = (try UntrustedFiles.files.get(), try TemporaryFolder())
        let path = folder.path("recursive.h5")
        let outcomes = try Measured.run(
            [train(path, runs.path("run")), ["import", "hdf5", path, "--output", runs.path("out.h5")], ["check", path]])
        for outcome in outcomes { UntrustedFiles.expect(outcome, 65, ["/label/categories", "stand for others"], seconds: 3) }
    }

    /// The folder of a run that others made: texts, tables and results that take gigabytes, or claim them.
    @Test func runsOfOthers() throws {
        let (folder, runs) = (try UntrustedFiles.files.get(), try TemporaryFolder())
        let (run, good) = (runs.path("run"), folder.path("good.h5"))
        #expect(try mpiVAE(arguments: train(good, run)).status == 0)
        func grow(_ name: String) { truncate("\(run)/\(name)", 6 << 30) }
        for name in ["config.toml", "summary.json", "metrics.csv"] { grow(name) }
        let outcomes = try Measured.run(
            [
                ["report", run, "--output", runs.path("a.html")], ["evaluate", "--checkpoint", run, "--data", good],
                ["reproduce", run, "--output", runs.path("again")], train(good, run) + ["--epochs", "2"],
            ])
        for outcome in outcomes[..<2] { UntrustedFiles.expect(outcome, 0, [], seconds: 5) }
        UntrustedFiles.expect(outcomes[2], 65, ["holds no config.toml that can be read"], seconds: 5)
        UntrustedFiles.expect(outcomes[3], 65, ["metrics.csv: cannot be read, or has more than"], seconds: 5)
        for name in ["config.toml", "summary.json", "metrics.csv"] { unlink("\(run)/\(name)") }
        let python = try Program.python(
            """
            import h5py, numpy as np, shutil, struct, sys, zlib
            \(UntrustedFiles.claimText)
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
        UntrustedFiles.expect(reports[0], 65, ["attribute step: cannot be read", "of text"], seconds: 5)
        UntrustedFiles.expect(reports[1], 0, [], seconds: 5)
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
        let folder = try UntrustedFiles.files.get()
        let dots = try mpiVAE("config", "--config", folder.path("dots.toml"))
        #expect(dots.status == 78 && dots.errors.contains("dots.toml:1: not valid TOML"), "\(dots)")
        for (flag, text) in [("--shards", "1048577"), ("--micro-batch", "1099511627776")] {
            let outcome = try mpiVAE("config", flag, text)
            #expect(outcome.status == 78 && outcome.errors.contains("must be a whole number of 0 to"), "\(outcome)")
        }
    }

    /// Too few open files is not the file's fault.
    @Test func tooFewOpenFiles() throws {
        let folder = try UntrustedFiles.files.get()
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
        let (folder, runs) = (try UntrustedFiles.files.get(), try TemporaryFolder())
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
