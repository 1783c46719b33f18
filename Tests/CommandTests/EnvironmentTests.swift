import Foundation
import TestSupport
import Testing

/// Limits, closed files, languages and clocks: the same bytes, or one line and the right code; never a crash.
@Suite(.serialized)
struct EnvironmentTests {
    /// What a shell does before it becomes the program, and how that ends.
    private struct Case {
        let prelude: String
        let status: Int32
        let says: String
        let options: [String]
        let ranks: Int

        init(_ prelude: String, _ status: Int32 = 0, _ says: String = "", options: [String] = [], ranks: Int = 1) {
            (self.prelude, self.status, self.says, self.options, self.ranks) = (prelude, status, says, options, ranks)
        }
    }

    private static let large = ["--hidden", "20000,20000"]
    private static let cases = [
        Case("ulimit -n 16", 69, "only 16 open files are allowed (ulimit -n)"),
        Case("ulimit -n 16", 69, "only 16 open files are allowed (ulimit -n)", ranks: 2),
        Case("ulimit -n 64", 0), Case("ulimit -v 1048576", 0),
        Case("ulimit -v 200000", 69, "only 195 MiB of addresses are allowed (ulimit -v)"),
        Case("ulimit -v 400000", 69, "only 390 MiB of addresses are allowed (ulimit -v)", ranks: 2),
        Case("ulimit -v 1500000", 78, "the model has 801 million weights", options: large),
        Case("ulimit -d 300000", 78, "the model has 801 million weights", options: large, ranks: 2),
        // A gradient and the packed weights would have found room, but not all of eight gradients, moments, snapshots and checkpoints.
        Case("ulimit -d 400000", 78, "the model has 5 million weights", options: ["--hidden", "1500,1500"]),
        // All is trained and written; only what was to be printed is lost.
        Case("exec >&-", 74, "could be written to stdout"), Case("exec >/dev/full", 74, "could be written to stdout"),
        Case("exec 2>&-"), Case("exec 2>/dev/full"), Case("exec <&-"), Case("exec <&- 2>&-"),
        Case("unset HOME"), Case("unset HOME USER", ranks: 2),
        Case("export LC_ALL=C"), Case("export LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8"), Case("export LC_ALL=none"),
        Case("export TZ=Nowhere/None"), Case("umask 0777; umask 077"),
        // One rank needs no folder of Open MPI's.
        Case("export TMPDIR=/proc/none"),
    ]

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func arguments(_ run: String, _ more: [String] = []) throws -> [String] {
        [
            "train", "--data", try BadInputTests.files.get().path("good.h5") + ":/images", "--hidden", "4", "--global-batch", "8",
            "--epochs", "2", "--output", run,
        ] + more
    }

    /// Runs a shell that does something first, under mpirun if there are to be several ranks.
    private func start(_ item: Case, _ run: String, environment: [String: String]) throws -> Outcome {
        let shell =
            ["-c", "\(item.prelude); exec \"$@\"", "sh", try Program.built("mpi-vae")] + (try arguments(run, item.options))
        return item.ranks == 1
            ? try Program.run("/bin/sh", shell, environment: environment)
            : try Program.mpirun(ranks: item.ranks, "/bin/sh", shell, environment: environment)
    }

    @Test func limitsAndStreams() throws {
        let plain = try mpiVAE(arguments: arguments(folder.path("plain")))
        #expect(plain.status == 0, "\(plain)")
        let same = try newestCheckpoint(folder.path("plain"))
        // Where Turkish numbers have commas, and i is no longer I in lower case.
        let locale = try Program.run("/usr/bin/localedef", ["-i", "tr_TR", "-f", "UTF-8", folder.path("tr_TR.UTF-8")])
        #expect(FileManager.default.fileExists(atPath: folder.path("tr_TR.UTF-8")), "\(locale)")
        for (index, item) in Self.cases.enumerated() {
            let run = folder.path("\(index)")
            let outcome = try start(item, run, environment: ["LOCPATH": folder.url.path])
            #expect(outcome.status == item.status && !outcome.timedOut, "\(item.prelude): \(outcome)")
            #expect(item.says.isEmpty || outcome.errors.contains(item.says), "\(item.prelude): \(outcome)")
            if item.status > 1 { #expect(outcome.errorLines.count == 1, "\(item.prelude): \(outcome)") }
            if [0, 74].contains(item.status) {
                #expect(try newestCheckpoint(run) == same, "\(item.prelude)")
                #expect(FileManager.default.fileExists(atPath: "\(run)/embeddings.h5"), "\(item.prelude)")
            }
        }
    }

    /// No room for shared memory: slower, said once, and the same bytes.
    @Test func noSharedMemory() throws {
        try FaultTests.train(folder.path("plain"), ranks: 1, ["--epochs", "2", "--hidden", "4000"])
        let isRoot = getuid() == 0
        let command =
            try [
                "/usr/bin/unshare", "-m", "/bin/sh", "-c", "mount -t tmpfs -o size=5m tmpfs /dev/shm && exec \"$@\"", "sh",
                "/usr/bin/mpirun", "-n", "2", Program.built("mpi-vae"),
            ] + FaultTests.arguments(folder.path("run"), ["--epochs", "2", "--hidden", "4000"])
        let outcome = try Program.run(isRoot ? command[0] : "/usr/bin/sudo", isRoot ? Array(command.dropFirst()) : command)
        #expect(outcome.status == 0 && outcome.errors.contains("no room in /dev/shm for gradients"), "\(outcome)")
        #expect(try newestCheckpoint(folder.path("run")) == newestCheckpoint(folder.path("plain")))
    }

    /// The clock of one rank is a day ahead or behind, and so are the times of files: no hang, no endless saves, the same bytes.
    @Test func clocks() throws {
        let options = ["--epochs", "6", "--checkpoint-every-minutes", "1", "--checkpoint-every-epochs", "1000"]
        try FaultTests.train(folder.path("plain"), ranks: 1, options)
        for (index, shift) in ["+1d", "-1d"].enumerated() {
            let run = folder.path("\(index)")
            let program = [try Program.built("mpi-vae")] + (try FaultTests.arguments(run, options + ["--keep", "100"]))
            let shifted = ["/usr/bin/faketime", "--exclude-monotonic", "-f", shift] + program
            func train(_ more: [String]) throws -> Outcome {
                let parts = index == 0 ? (shifted + more, program + more) : (program + more, shifted + more)
                return try Program.run("/usr/bin/mpirun", ["-n", "1"] + parts.0 + [":", "-n", "1"] + parts.1)
            }
            let first = try train(["--max-steps", "70"])
            #expect(first.status == 0 && FaultTests.checkpoints(run) == ["step-0000000070.h5"], "\(shift): \(first)")
            let future = Date().addingTimeInterval(86_400)
            for name in ["metrics.csv", "checkpoints/step-0000000070.h5", "checkpoints", "."] {
                try FileManager.default.setAttributes([.modificationDate: future], ofItemAtPath: "\(run)/\(name)")
            }
            let second = try train([])
            #expect(second.status == 0 && FaultTests.checkpoints(run).count == 2, "\(shift): \(second)")
            #expect(try newestCheckpoint(run) == newestCheckpoint(folder.path("plain")), "\(shift)")
        }
    }
}
