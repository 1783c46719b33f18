import Foundation
import TestSupport
import Testing

/// Files and folders that are not what they should be, or that somebody planted: refused with the right code, or replaced; nothing
/// is ever written through a link, and what is not ours stays.
@Suite(.serialized)
struct PlaceTests {
    private let folder: TemporaryFolder
    private var run: String { folder.path("run") }

    init() throws { folder = try TemporaryFolder() }

    private func arguments(_ run: String, data: String? = nil) throws -> [String] {
        [
            "train", "--data", try data ?? BadInputTests.files.get().path("good.h5") + ":/images", "--hidden", "4",
            "--global-batch", "8", "--epochs", "2", "--output", run,
        ]
    }

    private func make(_ path: String, _ text: String = "") throws {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// Runs as root in a namespace of mounts of its own, after some lines of shell.
    private func asRoot(_ lines: String, _ arguments: [String]) throws -> Outcome {
        let command = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", "\(lines)\nexec \"$@\"", "sh", try Program.built("mpi-vae")]
        let isRoot = getuid() == 0
        return try Program.run(
            isRoot ? command[0] : "/usr/bin/sudo", (isRoot ? Array(command.dropFirst()) : command) + arguments)
    }

    private func expect(_ status: Int32, _ texts: [String], _ outcome: Outcome) {
        #expect(outcome.status == status && outcome.errorLines.count == 1, "\(texts): \(outcome)")
        for text in texts { #expect(outcome.errorLines.first?.contains(text) == true, "\(text): \(outcome)") }
    }

    /// For root too: a mount that is read-only, and a folder that nobody may change. And another user's.
    @Test func foldersThatCannotBeWritten() throws {
        try make(folder.path("a/keep"))
        let a = folder.path("a")
        expect(
            73, ["read-only file system", "--output"],
            try asRoot("mount --bind \(a) \(a) && mount -o remount,ro,bind \(a)", arguments("\(a)/run")))
        expect(73, ["not permitted", "--output"], try asRoot("chattr +i \(a)", arguments("\(a)/run")))
        #expect(try asRoot("chattr -i \(a); exit 0", []).status == 0)
        // Who runs it as somebody else must be able to read it.
        let program = folder.path("mpi-vae")
        try FileManager.default.copyItem(atPath: Program.built("mpi-vae"), toPath: program)
        let data = folder.path("data.h5")
        try FileManager.default.copyItem(atPath: BadInputTests.files.get().path("good.h5"), toPath: data)
        for path in [folder.url.path, a, program] { chmod(path, 0o755) }
        func asNobody(_ arguments: [String]) throws -> Outcome {
            try asRoot("shift; set -- setpriv --reuid 65534 --regid 65534 --clear-groups \(program) \"$@\"", arguments)
        }
        expect(73, ["permission denied", "--output"], try asNobody(arguments("\(a)/run", data: data + ":/images")))
        chmod(data, 0)
        chmod(a, 0o777)
        expect(77, ["data.h5", "permission denied"], try asNobody(arguments("\(a)/run", data: data + ":/images")))
        #expect(FileManager.default.fileExists(atPath: "\(a)/keep"))
    }

    /// The folder can no longer be written to: 74 or 73 at the next save, and what was saved stays.
    @Test func becomesUnwritable() throws {
        let running = try FaultTests.start(run, ranks: 2, ["--epochs", "100000", "--checkpoint-every-steps", "50"])
        FaultTests.waitForCheckpoint(run)
        #expect(try asRoot("chattr +i \(run)/checkpoints; exit 0", []).status == 0)
        let before = FaultTests.checkpoints(run)
        let outcome = try running.wait(timeout: 30)
        #expect(FaultTests.checkpoints(run) == before && !before.isEmpty)
        #expect(try asRoot("chattr -i \(run)/checkpoints; exit 0", []).status == 0)
        #expect([73, 74].contains(outcome.status) && outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errors.contains("\(run)/checkpoints/step-") && outcome.errors.contains("not permitted"), "\(outcome)")
        try FaultTests.expectWhole(run)
    }

    @Test func inputsThatAreNoFiles() throws {
        let pipe = folder.path("pipe.h5")
        #expect(mkfifo(pipe, 0o600) == 0)
        try FileManager.default.createSymbolicLink(atPath: folder.path("loop.h5"), withDestinationPath: folder.path("loop.h5"))
        try FileManager.default.createSymbolicLink(atPath: folder.path("gone.h5"), withDestinationPath: folder.path("none.h5"))
        for (path, status, text) in [
            (pipe, Int32(65), "is not a regular file"), ("/dev/zero", 65, "is not a regular file"),
            (folder.path("gone.h5"), 66, "no such file"),
            (folder.path("loop.h5"), 66, "symbolic links"), ("/proc/self/mem", 65, "not an HDF5 file"),
        ] {
            for command in [
                try arguments(run, data: path), ["inspect", path], ["check", path], try arguments(run) + ["--resume", path],
            ] { expect(status, [text], try mpiVAE(arguments: command)) }
        }
        let place = folder.url.path
        for command in [try arguments(run, data: place), ["check", place]] {
            expect(65, ["is a folder"], try mpiVAE(arguments: command))
        }
        // These take the folder of a run.
        for command in [["inspect", place], try arguments(run) + ["--resume", place]] {
            expect(66, ["holds no checkpoint"], try mpiVAE(arguments: command))
        }
    }

    /// Links under every name that a run writes: replaced, or refused; what they lead to is not touched.
    @Test func plantedLinks() throws {
        let straight = folder.path("straight")
        #expect(try mpiVAE(arguments: arguments(straight)).status == 0)
        let precious = folder.path("precious")
        let newest = try #require(FaultTests.checkpoints(straight).last)
        let names = ["metrics.csv", "config.toml", "best.h5", "embeddings.h5", "checkpoints/\(newest)", "checkpoints/.probe"]
        for isHard in [false, true] {
            let run = folder.path(isHard ? "hard" : "soft")
            try make("\(run)/checkpoints/notes.txt", "mine")
            try make(precious, "precious")
            for name in names {
                if isHard {
                    try FileManager.default.linkItem(atPath: precious, toPath: "\(run)/\(name)")
                } else {
                    try FileManager.default.createSymbolicLink(atPath: "\(run)/\(name)", withDestinationPath: precious)
                }
            }
            // A planted checkpoint of that name cannot be read, so it is not gone on with.
            let refused = try mpiVAE(arguments: arguments(run))
            expect(65, ["none of the 1 checkpoints"], refused)
            unlink("\(run)/checkpoints/\(newest)")
            let outcome = try mpiVAE(arguments: arguments(run))
            #expect(outcome.status == 0, "\(outcome)")
            #expect(try String(contentsOfFile: precious, encoding: .utf8) == "precious")
            #expect(try newestCheckpoint(run) == newestCheckpoint(straight))
            #expect(try String(contentsOfFile: "\(run)/checkpoints/notes.txt", encoding: .utf8) == "mine")
            for name in names.dropLast() {
                var status = stat()
                #expect(lstat("\(run)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG, "\(name)")
            }
        }
        // The lock, to a file that is there, and to none.
        for target in [precious, folder.path("none")] {
            let run = folder.path("lock-\(target == precious)")
            try make("\(run)/keep")
            try FileManager.default.createSymbolicLink(atPath: "\(run)/lock", withDestinationPath: target)
            expect(73, ["\(run)/lock", "symbolic links"], try mpiVAE(arguments: arguments(run)))
            #expect(try String(contentsOfFile: precious, encoding: .utf8) == "precious")
            #expect(!FileManager.default.fileExists(atPath: folder.path("none")))
        }
    }

    /// Links that are planted while a run goes on, under the names of the tables that grow with each epoch: replaced, with every line.
    @Test func plantedDuringARun() throws {
        let precious = folder.path("precious")
        try make(precious, "precious")
        let running = try FaultTests.start(run, ranks: 2, ["--epochs", "100000"])
        FaultTests.waitForCheckpoint(run)
        for (name, isHard) in [("metrics.csv", false), ("ranks.csv", true)] {
            unlink("\(run)/\(name)")
            if isHard {
                try FileManager.default.linkItem(atPath: precious, toPath: "\(run)/\(name)")
            } else {
                try FileManager.default.createSymbolicLink(atPath: "\(run)/\(name)", withDestinationPath: precious)
            }
        }
        usleep(500_000)
        try make("\(run)/STOP")
        let outcome = try running.wait(timeout: 30)
        #expect(outcome.status == 75, "\(outcome)")
        #expect(try String(contentsOfFile: precious, encoding: .utf8) == "precious")
        for (name, linesPerEpoch) in [("metrics.csv", 1), ("ranks.csv", 2)] {
            var status = stat()
            #expect(
                lstat("\(run)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 1, "\(name)")
            let lines = try String(contentsOfFile: "\(run)/\(name)", encoding: .utf8).split(separator: "\n").dropFirst()
            let epochs = lines.compactMap { Int($0.prefix { $0 != "," }) }
            #expect(epochs == (0..<lines.count).map { $0 / linesPerEpoch + 1 } && lines.count > 4, "\(name): \(epochs.suffix(5))")
        }
    }

    /// What lies about in a run folder: others' files stay, what killed runs left goes.
    @Test func foreignAndStaleFiles() throws {
        let foreign = [
            "notes.txt", ".hidden", "checkpoints/step-one.h5", "checkpoints/other.h5", "checkpoints/step-1.h5.bak", "old/best.h5",
            "x.tmp.1.2", ".notes.txt.tmp.99.ab12", ".best.h5.tmp.mine.ab12", "checkpoints/.best.h5.tmp.99.ab12",
        ]
        let stale = [
            ".best.h5.tmp.99.ab12", "checkpoints/.step-0000000003.h5.tmp.99.ab12",
            "checkpoints/.step-0000000004.h5.tmp.99.cd/file",
        ]
        for name in foreign + stale { try make("\(run)/\(name)", name) }
        // A name like a checkpoint's is taken for one, and for a damaged one.
        let refused = try mpiVAE(arguments: arguments(run))
        expect(65, ["none of the 1 checkpoints", "step-one.h5"], refused)
        unlink("\(run)/checkpoints/step-one.h5")
        let outcome = try mpiVAE(arguments: arguments(run) + ["--keep", "1"])
        #expect(outcome.status == 0, "\(outcome)")
        for name in foreign where !name.contains("step-one") {
            #expect(try String(contentsOfFile: "\(run)/\(name)", encoding: .utf8) == name)
        }
        for name in stale {
            let path = name.hasSuffix("/file") ? String(name.dropLast(5)) : name
            #expect(!FileManager.default.fileExists(atPath: "\(run)/\(path)"), "\(name)")
        }
    }
}
