import Foundation
import TestSupport
import Testing

/// Processes that are killed, stopped or told to stop, and disks that are full: the run folder always holds a complete checkpoint,
/// and the same command ends with the bytes of a run that nothing happened to.
@Suite(.serialized)
struct FaultTests {
    static let options = [
        "--likelihood", "gaussian", "--scale", "min-max", "--hidden", "48", "--latent", "4", "--validation-fraction", "0.1",
        "--global-batch", "64", "--seed", "5", "--shards", "8",
    ]

    static func arguments(_ run: String, _ more: [String]) throws -> [String] {
        ["train", "--data", try Fixtures.digits.get(), "--output", run] + options + more
    }

    /// Trains to the end; anything else is wrong.
    static func train(
        _ run: String, ranks: Int, _ more: [String], environment: [String: String] = [:], timeout: Double = 60
    ) throws {
        let outcome = try mpiVAE(ranks: ranks, arguments(run, more), environment: environment, timeout: timeout)
        #expect(outcome.status == 0, "\(ranks) ranks: \(outcome)")
    }

    static func start(
        _ run: String, ranks: Int, _ more: [String], environment: [String: String] = [:]
    ) throws -> Running {
        try Program.startMPI(ranks: ranks, Program.built("mpi-vae"), arguments(run, more), environment: environment)
    }

    static func checkpoints(_ run: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(run)/checkpoints")) ?? [])
            .filter { $0.hasPrefix("step-") }.sorted()
    }

    /// Waits until a run has saved something.
    /// Until a run that was just started holds its folder, from when on signals stop it in good order.
    static func waitForLock(_ run: String) {
        let end = Date().addingTimeInterval(30)
        while !FileManager.default.fileExists(atPath: "\(run)/lock"), Date() < end { usleep(1000) }
    }

    static func waitForCheckpoint(_ run: String) {
        let end = Date().addingTimeInterval(30)
        while checkpoints(run).isEmpty, Date() < end { usleep(1000) }
    }

    /// The newest checkpoint, the best one and the figures are those of the unbroken run; nothing unfinished lies about.
    static func expectSame(_ run: String, _ straight: String) throws {
        #expect(try newestCheckpoint(run) == newestCheckpoint(straight))
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: "\(run)/best.h5"))
                == Data(contentsOf: URL(fileURLWithPath: "\(straight)/best.h5")))
        #expect(try metrics(run) == metrics(straight))
        for folder in [run, "\(run)/checkpoints"] {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!names.contains { $0.contains(".tmp.") || $0 == "lock" || $0 == "STOP" }, "\(names)")
        }
    }

    /// Every checkpoint there is can be read whole.
    static func expectWhole(_ run: String) throws {
        let names = checkpoints(run)
        #expect(!names.isEmpty)
        let outcome = try Program.run(Program.built("mpi-vae"), ["check"] + names.map { "\(run)/checkpoints/\($0)" })
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// Runs that are not over before they are told to stop, ten times over.
    static let stoppable = ["--epochs", "3000"]

    /// mpirun waits twice a second before it kills what is left of a job; these tests need no such patience.
    static let impatient = ["OMPI_MCA_odls_base_sigkill_timeout": "0"]

    private let folder: TemporaryFolder
    private var run: String { folder.path("run") }
    private var straight: String { folder.path("straight") }

    init() throws { folder = try TemporaryFolder() }

    /// Killed again and again at moments and on ranks that the seed chose, and gone on with on another number of ranks.
    @Test func killedAgainAndAgain() throws {
        let rounds = ProcessInfo.processInfo.environment["MPI_VAE_TEST_FAULT_ROUNDS"].flatMap { Int($0) } ?? 10
        let (start, seed) = (Date(), UInt64(20_261))
        // Each round makes some progress, but all of them do not come to the end.
        let options = ["--epochs", "\(300 * rounds)", "--max-steps", "\(1000 * rounds)"]
        let patience = 60 + 10 * Double(rounds)
        try Self.train(straight, ranks: 1, options, timeout: patience)
        var generator = Seeded(state: seed)
        var (killed, inSaves, launchersFailed) = (0, 0, 0)
        for round in 0..<rounds {
            let ranks = Int.random(in: 1...5, using: &generator)
            let running = try Self.start(
                run, ranks: ranks, options + ["--checkpoint-every-steps", "13"], environment: Self.impatient)
            usleep(UInt32.random(in: 300_000...1_800_000, using: &generator))
            let victims = running.descendants(named: "mpi-vae")
            if let victim = victims.randomElement(using: &generator), kill(victim, SIGKILL) == 0 { killed += 1 }
            // Open MPI 4.1's launcher itself hangs at times when a rank is killed while others start, or dies of SIGPIPE; the ranks end.
            let left = running.waitForDescendants(named: "mpi-vae", timeout: 30)
            #expect(left.isEmpty, "round \(round): \(left.count) of \(ranks) ranks outlived the job")
            let outcome = try running.wait(timeout: 5)
            let launcherFailed = outcome.timedOut || outcome.errors.contains("setsid: child")
            if launcherFailed { launchersFailed += 1 }
            #expect(launcherFailed || [0, 137].contains(outcome.status), "round \(round): \(outcome)")
            // A file that has no name yet: the kill came while it was written.
            let names = [run, "\(run)/checkpoints"].flatMap {
                (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? []
            }
            if names.contains(where: { $0.contains(".tmp.") }) { inSaves += 1 }
            if !Self.checkpoints(run).isEmpty { try Self.expectWhole(run) }
        }
        print(
            "seed \(seed): \(rounds) rounds, \(killed) killed, \(inSaves) of them within a save, \(launchersFailed) launchers "
                + "that failed, \(Self.checkpoints(run).last ?? "no checkpoint") after "
                + "\(Int(Date().timeIntervalSince(start))) s")
        // About one in forty does.
        #expect(launchersFailed <= max(3, rounds / 10))
        #expect(killed > rounds / 2, "only \(killed) of \(rounds) were killed")
        try Self.expectWhole(run)
        try Self.train(run, ranks: 3, options, timeout: patience)
        try Self.expectSame(run, straight)
    }

    /// A run that has all its steps stays as it is, also by a command that asks for fewer.
    @Test func allStepsAreThere() throws {
        try Self.train(run, ranks: 2, ["--max-steps", "20"])
        let (checkpoint, figures) = (try newestCheckpoint(run), try metrics(run))
        for steps in ["20", "10"] {
            let again = try mpiVAE(ranks: 1, Self.arguments(run, ["--max-steps", steps]))
            #expect(again.status == 0 && again.errors.contains("a larger max-steps goes on"), "\(again)")
            #expect(try newestCheckpoint(run) == checkpoint && metrics(run) == figures && Self.checkpoints(run).count == 1)
        }
        try Self.train(run, ranks: 1, ["--max-steps", "30"])
        #expect(Self.checkpoints(run).last == "step-0000000030.h5")
    }

    /// Killed at each moment of a save.
    @Test func killedWhileSaving() throws {
        let options = ["--epochs", "3", "--checkpoint-every-steps", "10"]
        try Self.train(straight, ranks: 1, options)
        for (ranks, point) in [
            (1, "opened:step-0000000040"), (2, "written:step-0000000040"), (1, "synced:step-0000000040"),
            (3, "renamed:step-0000000040"), (1, "pruned:step-0000000020"), (2, "renamed:best"),
        ] {
            let run = folder.path(point)
            let environment = Self.impatient.merging(["MPI_VAE_TEST_KILL_AT": point]) { $1 }
            let outcome = try mpiVAE(ranks: ranks, Self.arguments(run, options), environment: environment)
            #expect(outcome.status == 137, "\(point): \(outcome)")
            if !point.hasSuffix("best") { try Self.expectWhole(run) }
            try Self.train(run, ranks: 3 - ranks % 2, options)
            try Self.expectSame(run, straight)
        }
    }

    /// Without the launcher ranks end by themselves, and the lock with them.
    /// Also where each rank runs in a shell that stays.
    @Test(arguments: [false, true])
    func launcherKilled(inShells: Bool) throws {
        let options = ["--epochs", "400", "--checkpoint-every-steps", "5"]
        let arguments = try [Program.built("mpi-vae")] + Self.arguments(run, options)
        let shell = inShells ? ["/bin/sh", "-c", "\"$@\"; true", "sh"] : []
        let line = shell + arguments
        let running = try Program.startMPI(ranks: 3, line[0], Array(line.dropFirst()))
        Self.waitForCheckpoint(run)
        let ranks = running.descendants(named: "mpi-vae")
        #expect(ranks.count == 3)
        for launcher in running.descendants(named: "mpirun") { kill(launcher, SIGKILL) }
        let killed = Date()
        while ranks.contains(where: { kill($0, 0) == 0 }), Date().timeIntervalSince(killed) < 20 { usleep(10_000) }
        #expect(Date().timeIntervalSince(killed) < 10, "ranks outlived their launcher")
        let outcome = try running.wait(timeout: 20)
        #expect(outcome.status != 0 && !outcome.timedOut, "\(outcome)")
        try Self.expectWhole(run)
        // Not blocked by a lock that nobody holds.
        let again = try mpiVAE(ranks: 2, Self.arguments(run, options + ["--time-limit", "1s"]))
        #expect(again.status == 75 && again.errors.contains("going on after step"), "\(again)")
    }

    /// A rank that is stopped (SIGSTOP) is found and named by the others, in shared memory and without.
    @Test(arguments: [[:], ["MPI_VAE_TEST_RANKS_PER_NODE": "2"], ["MPI_VAE_TEST_NO_SHARED_MEMORY": "1"]])
    func rankStopped(environment: [String: String]) throws {
        let running = try Self.start(
            run, ranks: 4, ["--epochs", "4000", "--checkpoint-every-steps", "5", "--timeout", "2"], environment: environment)
        Self.waitForCheckpoint(run)
        let ranks = running.descendants(named: "mpi-vae")
        #expect(ranks.count == 4)
        kill(ranks[2], SIGSTOP)
        let stopped = Date()
        let outcome = try running.wait(timeout: 40)
        #expect(outcome.status == 69 && !outcome.timedOut, "\(outcome)")
        #expect(Date().timeIntervalSince(stopped) < 20, "\(Date().timeIntervalSince(stopped)) s")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("no progress for"), "\(outcome)")
        let expected =
            environment["MPI_VAE_TEST_NO_SHARED_MEMORY"] == nil ? "rank 2 of 4 on" : "cannot be told from here"
        #expect(outcome.errors.contains(expected), "\(outcome)")
        try Self.expectWhole(run)
    }

    /// A job that is stopped as a whole, and goes on, was not late.
    @Test func jobStopped() throws {
        let options = ["--epochs", "40", "--timeout", "2"]
        let running = try Self.start(run, ranks: 2, options)
        Self.waitForCheckpoint(run)
        let ranks = running.descendants(named: "mpi-vae")
        #expect(ranks.count == 2)
        for rank in ranks { kill(rank, SIGSTOP) }
        sleep(4)
        for rank in ranks { kill(rank, SIGCONT) }
        let outcome = try running.wait(timeout: 30)
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// The network between two hosts goes down: ranks of both end by themselves, and one host alone comes to the same bytes. A rank of
    /// the other host that is stopped is named.
    @Test(arguments: ["MPI_VAE_TEST_CUT_WHEN", "MPI_VAE_TEST_STOP_WHEN"]) func twoHosts(fault: String) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../scripts/two-hosts").standardized.path
        let command =
            try ["10", "0", "2", Program.built("mpi-vae")] + Self.arguments(run, ["--epochs", "100000", "--timeout", "4"])
        let isRoot = getuid() == 0
        let running = try Program.start(
            isRoot ? script : "/usr/bin/sudo", (isRoot ? [] : ["-E", script]) + command,
            environment: [fault: "\(run)/best.h5"])
        Self.waitForCheckpoint(run)
        let (start, binary) = (Date(), try Program.built("mpi-vae"))
        func ranks() -> [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter {
                let words = (try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8)) ?? ""
                return words.hasPrefix(binary) && words.contains(run)
            } ?? []
        }
        while !ranks().isEmpty, Date().timeIntervalSince(start) < 40 { usleep(50_000) }
        let seconds = Date().timeIntervalSince(start)
        #expect(seconds > 3 && seconds < 30, "ranks outlived the network for \(seconds) s")
        // mpirun ends when the kernel gives up what nobody confirms.
        let outcome = try running.wait(timeout: 40)
        let end = Date().timeIntervalSince(start)
        print("\(fault): ranks gone after \(seconds) s, the launcher after \(end) s")
        #expect(!outcome.timedOut && outcome.errors.contains("no progress for"), "\(outcome)")
        if fault == "MPI_VAE_TEST_STOP_WHEN" {
            #expect(outcome.errors.contains(/rank [23] of 4 on host2 is late in/), "\(outcome)")
        } else {
            #expect(outcome.errors.contains("the network is down"), "\(outcome)")
        }
        try Self.expectWhole(run)
        let saved = try #require(Self.checkpoints(run).last.flatMap { Int($0.dropFirst(5).dropLast(3)) })
        let steps = ["--epochs", "100000", "--max-steps", "\(saved + 40)"]
        try Self.train(run, ranks: 3, steps)
        try Self.train(folder.path("alone"), ranks: 1, steps)
        #expect(try newestCheckpoint(run) == newestCheckpoint(folder.path("alone")))
    }

    /// A full disk: exit code 74 with the path, and what was saved before is whole.
    @Test func fullDisk() throws {
        let script = """
            mount -t tmpfs -o size=1500k tmpfs "$1" && shift && "$@" & wait $!; status=$?
            cp -r "$0/disk/run" "$0/copy"; exit $status
            """
        let disk = folder.path("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let command =
            try [
                "-m", "/bin/sh", "-c", script, folder.url.path, disk, Program.built("mpi-vae"),
            ] + Self.arguments("\(disk)/run", ["--hidden", "200", "--keep", "100", "--checkpoint-every-steps", "10"])
        let isRoot = getuid() == 0
        let outcome = try Program.run(
            isRoot ? "/usr/bin/unshare" : "/usr/bin/sudo", (isRoot ? [] : ["/usr/bin/unshare"]) + command)
        #expect(outcome.status == 74, "\(outcome)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("no space left on device"), "\(outcome)")
        #expect(outcome.errors.contains("\(disk)/run/"), "\(outcome)")
        try Self.expectWhole(folder.path("copy"))
    }

    /// A limit to the size of files, as a quota: an error like others, not a signal.
    @Test func fileSizeLimit() throws {
        let options = ["--epochs", "5", "--hidden", "8000"]
        try Self.train(run, ranks: 1, options + ["--max-steps", "10"])
        let before = try newestCheckpoint(run)
        let outcome = try Program.run(
            "/bin/sh",
            ["-c", "ulimit -f 20000; exec \"$@\"", "sh", Program.built("mpi-vae")] + Self.arguments(run, options))
        #expect(outcome.status == 74 && outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errors.contains("cannot write \(run)/") && outcome.errors.contains("file too large"), "\(outcome)")
        #expect(try newestCheckpoint(run) == before)
        try Self.train(run, ranks: 2, options)
    }

    /// A bit that flips in one rank's parameters.
    @Test func replicaDiffers() throws {
        let outcome = try mpiVAE(
            ranks: 3, Self.arguments(run, ["--epochs", "5", "--check-replicas", "5"]),
            environment: ["MPI_VAE_TEST_NO_SHARED_MEMORY": "1", "MPI_VAE_TEST_FLIP_BIT": "1:7"])
        #expect(outcome.status == 70 && outcome.errorLines.count == 1, "\(outcome)")
        #expect(outcome.errors.contains("after step 10 the parameters of rank 1 on"), "\(outcome)")
        #expect(Self.checkpoints(run).isEmpty)
    }
}

/// SplitMix64 (Steele, Lea & Flood 2014): the same numbers in every run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
