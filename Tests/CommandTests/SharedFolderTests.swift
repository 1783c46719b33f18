import Foundation
import TestSupport
import Testing

/// Folders that others may write to as well: what they put there harms no file of ours, and what is theirs is not harmed.
@Suite(.serialized)
struct SharedFolderTests {
    private let folder: TemporaryFolder
    private var run: String { folder.path("run") }

    init() throws { folder = try TemporaryFolder() }

    private func arguments(_ run: String) throws -> [String] {
        [
            "train", "--data", try BadInputTests.files.get().path("good.h5") + ":/images", "--hidden", "4", "--global-batch", "8",
            "--epochs", "1", "--no-report", "--output", run,
        ]
    }

    private func make(_ path: String, _ text: String = "") throws {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    /// Waits for anything hidden in a folder, and puts a link to the victim in its place, or a folder with such a link; counts.
    private static let attacker = """
        import os, sys
        folder, victim, stop = sys.argv[1:]
        count = 0
        print("ready", flush=True)
        while not os.path.exists(stop):
            for name in os.listdir(folder):
                path = f"{folder}/{name}"
                if not name.startswith(".out"): continue
                try:
                    os.rename(path, f"{folder}/gone{count}")
                    count += 1
                    if os.path.isdir(f"{folder}/gone{count - 1}"):
                        os.mkdir(path)
                        os.symlink(victim, f"{path}/file")
                    else: os.symlink(victim, path)
                except OSError: pass
        print(count)
        """

    /// A helper process that swaps the temporary file while it is written, 50 times over: the victim's file stays as it is.
    @Test func raceForTheTemporaryFile() throws {
        let (shared, victim, stop) = (folder.path("shared"), folder.path("victim"), folder.path("stop"))
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
        try make(victim, "precious")
        try make(folder.path("x.csv"), (0..<20).map { "\($0),1,2\n" }.joined())
        let attacker = try Program.start("/usr/bin/python3", ["-c", Self.attacker, shared, victim, stop])
        usleep(300_000)
        for round in 0..<50 {
            let output = "\(shared)/out\(round).h5"
            let outcome = try mpiVAE("import", "csv", folder.path("x.csv"), "--output", output)
            #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious", "round \(round)")
            #expect([0, 73].contains(outcome.status), "\(outcome)")
            var status = stat()
            let isFile = lstat(output, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size > 500
            #expect(isFile == (outcome.status == 0), "\(outcome)")
        }
        try make(stop)
        let count = try attacker.wait(timeout: 10).output.split(separator: "\n").last.flatMap { Int($0) } ?? 0
        #expect(count >= 5, "the attacker came too late each time")
    }

    /// A lock that is a link of another kind, or no file, is refused and stays; STOP counts as a file alone.
    @Test func locksAndStops() throws {
        let precious = folder.path("precious")
        try make(precious, "precious")
        for plant in ["ln \(precious) \(run)/lock", "mkfifo \(run)/lock", "mkdir \(run)/lock"] {
            try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
            #expect(try Program.run("/bin/sh", ["-c", plant]).status == 0)
            for command in [try arguments(run), try arguments(run) + ["--dry-run"]] {
                let outcome = try Program.run(Program.built("mpi-vae"), command, timeout: 10)
                #expect(outcome.status == 73 && outcome.errors.contains("\(run)/lock"), "\(plant): \(outcome)")
            }
            #expect(try String(contentsOfFile: precious, encoding: .utf8) == "precious")
            try FileManager.default.removeItem(atPath: "\(run)/lock")
        }
        try FileManager.default.createDirectory(atPath: "\(run)/STOP", withIntermediateDirectories: true)
        let outcome = try mpiVAE(arguments: arguments(run))
        #expect(outcome.status == 0 && FilePathStatus.isFolder("\(run)/STOP"), "\(outcome)")
    }

    /// A folder that holds something, and nothing of a run.
    @Test func foldersOfOthers() throws {
        for name in ["config.toml", "report.html", "paper.tex"] {
            let place = folder.path("of-\(name)")
            try make("\(place)/\(name)", "mine")
            for more in [[], ["--dry-run"]] {
                let outcome = try mpiVAE(arguments: arguments(place) + more)
                #expect(outcome.status == 73 && outcome.errorLines.count == 1, "\(outcome)")
                #expect(outcome.errors.contains("is not the folder of a run, but holds \(name): choose another"), "\(outcome)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: place) == [name])
            }
            #expect(try String(contentsOfFile: "\(place)/\(name)", encoding: .utf8) == "mine")
        }
    }

    /// The same of a sweep: neither it nor its tables alone touch what is there. Runs of its own names make a folder its own.
    @Test func foldersOfOthersForSweeps() throws {
        func sweep(_ place: String) throws -> [String] { ["sweep", "--folds", "2"] + (try arguments(place)).dropFirst() }
        for name in ["sweep.html", "paper.tex", "fold=1/paper.tex", "other/lock"] {
            let place = folder.path("of-\(name.prefix(5))")
            try make("\(place)/\(name)", "mine")
            if name.hasPrefix("fold") { try make("\(place)/sweep.svg", "mine") }
            let before = try FileManager.default.subpathsOfDirectory(atPath: place).sorted()
            for more in [[], ["--table"]] {
                let outcome = try mpiVAE(arguments: sweep(place) + more)
                #expect(outcome.status == 73 && outcome.errorLines.count == 1, "\(outcome)")
                #expect(outcome.errors.contains("is not the folder of a sweep, but holds"), "\(outcome)")
                #expect(try FileManager.default.subpathsOfDirectory(atPath: place).sorted() == before)
            }
            #expect(try String(contentsOfFile: "\(place)/\(name)", encoding: .utf8) == "mine")
        }
        // As a sweep leaves it that was killed early, beside what its user wrote.
        let begun = folder.path("begun")
        for name in ["fold=1/lock", "notes.txt", ".sweep.csv.tmp.1.ab"] { try make("\(begun)/\(name)", "") }
        let outcome = try mpiVAE(arguments: sweep(begun))
        #expect(outcome.status == 0, "\(outcome)")
        #expect(FileManager.default.fileExists(atPath: "\(begun)/sweep.csv") && FilePathStatus.isFolder("\(begun)/fold=2"))
        #expect(FileManager.default.fileExists(atPath: "\(begun)/notes.txt"))
    }

    /// What a folder's own configuration says is not done where others may have written it.
    @Test func configurationOfOthers() throws {
        let (file, command) = (folder.path("mpi-vae.toml"), ["train", "--dry-run", "--hidden", "4", "--latent", "2"])
        try make(file, "[training]\nepochs = 3\n")
        let (taken, left) = ("10 epochs", "3 epochs")
        for (mode, owner, isTaken) in [(mode_t(0o644), uid_t(0), true), (0o666, 0, false), (0o644, 65534, false)] {
            #expect(chmod(file, mode) == 0)
            if getuid() == 0 { #expect(chown(file, owner, 0) == 0) } else if owner != 0 { continue }
            let outcome = try mpiVAE(arguments: command, folder: folder.url)
            #expect(outcome.status == 0 && outcome.output.contains(isTaken ? left : taken), "\(outcome)")
            #expect(outcome.errors.contains("is not taken, for others") == !isTaken, "\(outcome)")
        }
        let given = try mpiVAE(arguments: command + ["--config", "mpi-vae.toml"], folder: folder.url)
        #expect(given.status == 0 && given.output.contains("3 epochs"), "\(given)")
    }

    /// What is replaced keeps its permissions, and what others planted does not open what is written; no file is left open to others meanwhile.
    @Test func permissions() throws {
        let masked = try Program.run(
            "/bin/sh", ["-c", "umask 077; exec \"$@\"", "sh", Program.built("mpi-vae")] + arguments(run))
        #expect(masked.status == 0, "\(masked)")
        for name in ["config.toml", "metrics.csv", "best.h5", "embeddings.h5", "summary.json"] {
            #expect(mode("\(run)/\(name)") == 0o600, "\(name)")
        }
        // Another start, without the mask.
        let again = try mpiVAE(arguments: arguments(run) + ["--epochs", "2"])
        #expect(again.status == 0, "\(again)")
        for name in ["config.toml", "metrics.csv", "best.h5", "embeddings.h5", "summary.json"] {
            #expect(mode("\(run)/\(name)") == 0o600, "\(name)")
        }
        let output = folder.path("e.h5")
        let embed = ["embed", "--checkpoint", run, "--data", try arguments("")[2], "--force", "--output", output]
        #expect(try mpiVAE(arguments: embed).status == 0 && mode(output) == 0o644)
        #expect(chmod(output, 0o640) == 0)
        #expect(try mpiVAE(arguments: embed).status == 0 && mode(output) == 0o640)
        // A file of two names gives nothing, and so does a link.
        #expect(chmod(output, 0o666) == 0 && link(output, folder.path("other")) == 0)
        #expect(try mpiVAE(arguments: embed).status == 0 && mode(output) == 0o644)
        unlink(output)
        #expect(symlink(folder.path("other"), output) == 0)
        #expect(try mpiVAE(arguments: embed).status == 0 && mode(output) == 0o644 && mode(folder.path("other")) == 0o666)
    }

    /// Links in a run's folder, or under the name of a file that is added to, lead nobody to what their reader alone may see.
    @Test func privateFilesStayPrivate() throws {
        let (secret, data) = (folder.path("secret"), folder.path("secret.h5"))
        #expect(try mpiVAE(arguments: arguments(run)).status == 0)
        try make(secret, "epoch,step,secret\n1,1,hunter2\n{\"epoch\":1,\"step\":1,\"hunter2\":1}\n")
        for name in ["metrics.csv", "ranks.csv", "metrics.jsonl"] {
            unlink("\(run)/\(name)")
            try FileManager.default.createSymbolicLink(atPath: "\(run)/\(name)", withDestinationPath: secret)
        }
        #expect(try mpiVAE(arguments: arguments(run) + ["--epochs", "2"]).status == 0)
        unlink("\(run)/config.toml")
        try FileManager.default.createSymbolicLink(atPath: "\(run)/config.toml", withDestinationPath: secret)
        #expect(try mpiVAE("report", run).status == 0)
        for name in ["metrics.csv", "ranks.csv", "metrics.jsonl", "report.html"] {
            #expect(try !String(contentsOfFile: "\(run)/\(name)", encoding: .utf8).contains("hunter2"), "\(name)")
        }
        try make(folder.path("x.csv"), "1,2\n3,4\n")
        let add = ["import", folder.path("x.csv"), "--output", folder.path("link.h5"), "--name"]
        #expect(try mpiVAE("import", folder.path("x.csv"), "--output", data).status == 0)
        try FileManager.default.createSymbolicLink(atPath: folder.path("link.h5"), withDestinationPath: data)
        #expect(chmod(data, 0o600) == 0)
        #expect(try mpiVAE(arguments: add + ["a"]).status == 0)
        #expect(mode(folder.path("link.h5")) == 0o600 && mode(data) == 0o600)
        // A file of ours that all may read stays so.
        #expect(chmod(folder.path("link.h5"), 0o644) == 0)
        #expect(try mpiVAE(arguments: add + ["b"]).status == 0 && mode(folder.path("link.h5")) == 0o644)
    }

    /// Faults for tests are refused without the word that only tests say, and told with it.
    @Test func faultsForTests() throws {
        for name in ["MPI_VAE_TEST_FLIP_BIT", "MPI_VAE_TEST_BF16", "MPI_VAE_TEST_NEW"] {
            let refused = try mpiVAE(arguments: ["config"], environment: [name: "1:2", "MPI_VAE_TEST_FAULTS": "no"])
            #expect(refused.status == 78 && refused.errors.contains("\(name) makes faults for the tests"), "\(refused)")
            let told = try mpiVAE(arguments: ["config"], environment: [name: "1:2"])
            #expect(told.status == 0 && told.errors.contains("faults for tests are on: \(name)=1:2"), "\(told)")
        }
        #expect(try mpiVAE("config").errors.isEmpty)
    }

    /// Generated data without a folder are in memory: nothing appears under TMPDIR, and hosts need share nothing.
    @Test func generatedDataInMemory() throws {
        let empty = folder.path("tmp")
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        chmod(empty, 0o555)
        let command = ["bench", "--seconds", "0.2", "--hidden", "4", "--latent", "2", "--json"]
        let before = try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter { $0.contains("shapes") }
        let outcome = try mpiVAE(arguments: command, environment: ["TMPDIR": empty])
        #expect(outcome.status == 0 && outcome.errors.contains("generated shapes"), "\(outcome)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: empty).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter { $0.contains("shapes") } == before)
        let ranks = try mpiVAE(ranks: 2, ["train", "--dry-run", "--hidden", "4", "--latent", "2"])
        #expect(ranks.status == 0, "\(ranks)")
    }
}

private enum FilePathStatus {
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
