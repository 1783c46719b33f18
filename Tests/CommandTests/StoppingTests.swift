import Foundation
import TestSupport
import Testing

/// Runs that are asked to stop, and folders that two jobs want: saved once, exit code 75, and the same bits in the end.
@Suite(.serialized)
struct StoppingTests {
    private let folder: TemporaryFolder
    private var run: String { folder.path("run") }
    private var straight: String { folder.path("straight") }
    private let options = ["--hidden", "400,200", "--epochs", "400"]

    /// Goes on with a run for some steps more, and expects what a run has that nothing happened to.
    private func expectGoesOn(_ options: [String], ranks: Int) throws {
        let step = try #require(FaultTests.checkpoints(run).last.flatMap { Int($0.dropFirst(5).dropLast(3)) })
        let options = options + ["--max-steps", "\(step + 200)"]
        try FaultTests.train(run, ranks: ranks, options)
        try FaultTests.train(straight, ranks: 1, options)
        try FaultTests.expectSame(run, straight)
    }

    init() throws { folder = try TemporaryFolder() }

    /// Starts a run of which something is saved soon.
    private func start(ranks: Int, _ more: [String] = []) throws -> Running {
        // What an earlier start left says nothing of this one.
        unlink("\(run)/lock")
        let running = try FaultTests.start(run, ranks: ranks, options + more)
        FaultTests.waitForLock(run)
        FaultTests.waitForCheckpoint(run)
        return running
    }

    private func expectStopped(_ outcome: Outcome) throws {
        #expect(outcome.status == 75 && outcome.errors.contains("saved: the same command goes on"), "\(outcome)")
        #expect(outcome.errorLines.isEmpty, "\(outcome)")
    }

    @Test func stopFileAndSignals() throws {
        var running = try start(ranks: 3)
        try Data().write(to: URL(fileURLWithPath: "\(run)/STOP"))
        try expectStopped(try running.wait(timeout: 20))
        #expect(!FileManager.default.fileExists(atPath: "\(run)/STOP"), "obeyed, and so removed")

        // Any one rank.
        running = try start(ranks: 2)
        usleep(500_000)
        kill(running.descendants(named: "mpi-vae").last ?? 0, SIGTERM)
        try expectStopped(try running.wait(timeout: 20))

        // mpirun gives its ranks one second after SIGTERM, no longer passes on what they say, and ends with 1.
        let before = FaultTests.checkpoints(run)
        running = try start(ranks: 2, ["--checkpoint-every-epochs", "100000"])
        usleep(800_000)
        for launcher in running.descendants(named: "mpirun") { kill(launcher, SIGTERM) }
        let outcome = try running.wait(timeout: 20)
        #expect(outcome.status == 1, "\(outcome)")
        #expect(try #require(FaultTests.checkpoints(run).last) > #require(before.last))
        try expectGoesOn(options, ranks: 4)
    }

    /// Each kind of signal, to the launcher, to one rank or to all, at moments that the seed chose, the first while data are read: so
    /// in steps, validation, saves and what lies between. And at each moment of a save.
    @Test func signalledAgainAndAgain() throws {
        let options = FaultTests.stoppable
        var generator = Seeded(state: 7)
        for round in 0..<10 {
            let ranks = Int.random(in: 1...4, using: &generator)
            unlink("\(run)/lock")
            let running = try FaultTests.start(run, ranks: ranks, options, environment: FaultTests.impatient)
            FaultTests.waitForLock(run)
            usleep(50_000 + (round > 0 ? UInt32.random(in: 0...500_000, using: &generator) : 0))
            let own = running.descendants(named: "mpi-vae")
            let (targets, signals): ([Int32], [Int32]) =
                switch round % 3 {
                case 0: (running.descendants(named: "mpirun"), [SIGUSR1, SIGUSR2])
                case 1: ([own.randomElement(using: &generator) ?? 0], [SIGUSR1, SIGUSR2, SIGTERM, SIGINT])
                default: (own, [SIGUSR1, SIGUSR2, SIGTERM, SIGINT])
                }
            let signal = signals.randomElement(using: &generator)!
            for target in targets where target > 0 { kill(target, signal) }
            let outcome = try running.wait(timeout: 30)
            #expect(
                outcome.status == 75 && outcome.errorLines.isEmpty, "round \(round), signal \(signal) to \(targets): \(outcome)")
            try FaultTests.expectWhole(run)
        }
        for point in ["opened", "written", "synced", "renamed"] {
            let step = try #require(FaultTests.checkpoints(run).last.flatMap { Int($0.dropFirst(5).dropLast(3)) })
            let outcome = try mpiVAE(
                ranks: 2, FaultTests.arguments(run, options + ["--checkpoint-every-steps", "1"]),
                environment: FaultTests.impatient.merging(
                    ["MPI_VAE_TEST_STOP_AT": "\(point):step-\(String(format: "%010d", step + 3))"]) { $1 })
            #expect(outcome.status == 75 && outcome.errorLines.isEmpty, "\(point): \(outcome)")
            try FaultTests.expectWhole(run)
        }
        // In the last batch of all there is nothing left to stop: saved and done.
        let last = folder.path("last")
        let short = ["--hidden", "32", "--epochs", "3"]
        try FaultTests.train(folder.path("short"), ranks: 1, short)
        let outcome = try mpiVAE(
            ranks: 2, FaultTests.arguments(last, short), environment: ["MPI_VAE_TEST_STOP_AT": "opened:step-0000000078"])
        #expect([0, 75].contains(outcome.status), "\(outcome)")
        try FaultTests.train(last, ranks: 3, short)
        try FaultTests.expectSame(last, folder.path("short"))
        try expectGoesOn(options, ranks: 4)
    }

    /// A second signal does not wait for the step that would save, which here never ends.
    @Test func secondSignal() throws {
        let running = try start(ranks: 2)
        let ranks = running.descendants(named: "mpi-vae")
        try #require(ranks.count == 2)
        kill(ranks[1], SIGSTOP)
        usleep(300_000)
        kill(ranks[0], SIGUSR1)
        usleep(300_000)
        #expect(kill(ranks[0], 0) == 0, "the first is remembered")
        kill(ranks[0], SIGTERM)
        let outcome = try running.wait(timeout: 20)
        #expect(outcome.status == 143 && !outcome.errors.contains("saved: the same"), "\(outcome)")
        try FaultTests.expectWhole(run)
    }

    /// By the run's own limit, and by what Slurm says of its job.
    @Test(arguments: [["--time-limit", "0-00:00:04"], []])
    func timeLimit(limit: [String]) throws {
        let start = Date()
        let end = Int(start.timeIntervalSince1970) + 9
        let environment = limit.isEmpty ? ["SLURM_JOB_END_TIME": "\(end)"] : [:]
        let outcome = try mpiVAE(
            ranks: 2, FaultTests.arguments(run, ["--epochs", "100000"] + limit), environment: environment)
        try expectStopped(outcome)
        let seconds = Date().timeIntervalSince(start)
        #expect(seconds > 1.5 && seconds < 9, "\(seconds) s")
        #expect(FaultTests.checkpoints(run).count == 2)
    }

    /// Saved by the clock too, by multiples of steps, and pruned.
    @Test func whatIsKept() throws {
        let outcome = try mpiVAE(
            ranks: 2,
            FaultTests.arguments(
                run, ["--epochs", "4", "--keep-every", "20", "--keep", "1", "--checkpoint-every-steps", "9"]))
        #expect(outcome.status == 0, "\(outcome)")
        let steps = FaultTests.checkpoints(run).compactMap { Int($0.dropFirst(5).dropLast(3)) }
        #expect(steps == [20, 40, 60, 80, 100, 104], "\(steps)")

        let other = folder.path("clock")
        let running = try FaultTests.start(
            other, ranks: 2, ["--epochs", "9000", "--checkpoint-every-minutes", "0.005", "--checkpoint-every-epochs", "100000"])
        FaultTests.waitForCheckpoint(other)
        let first = FaultTests.checkpoints(other)[0]
        usleep(1_500_000)
        #expect(FaultTests.checkpoints(other).first.map { $0 > first } ?? false)
        for launcher in running.descendants(named: "mpirun") { kill(launcher, SIGUSR1) }
        try expectStopped(try running.wait(timeout: 20))
    }

    @Test func twoJobs() throws {
        let running = try start(ranks: 2, ["--epochs", "4000"])
        let arguments = try FaultTests.arguments(run, options + ["--epochs", "4000"])
        func expectRefused(_ outcome: Outcome, _ texts: [String]) {
            #expect(outcome.status == 73 && outcome.errorLines.count == 1, "\(outcome)")
            for text in ["in use by process"] + texts { #expect(outcome.errors.contains(text), "\(text): \(outcome)") }
        }
        let start = Date()
        let holder = try #require(running.descendants(named: "mpi-vae").first)
        let host = ProcessInfo.processInfo.hostName
        expectRefused(try mpiVAE(ranks: 2, arguments), ["process \(holder) on \(host)", "choose another --output"])
        #expect(Date().timeIntervalSince(start) < 10)
        // As seen from another host.
        let isRoot = getuid() == 0
        let other = try ["--uts", "/bin/sh", "-c", "hostname other; exec \"$@\"", "sh", Program.built("mpi-vae")] + arguments
        expectRefused(
            try Program.run(isRoot ? "/usr/bin/unshare" : "/usr/bin/sudo", (isRoot ? [] : ["/usr/bin/unshare"]) + other),
            ["process \(holder) on \(host)"])
        // And where the file system has no locks.
        let noLocks = ["MPI_VAE_TEST_NO_FLOCK": "1"]
        expectRefused(try mpiVAE(ranks: 1, arguments, environment: noLocks), ["process \(holder)", "remove \(run)/lock"])
        for launcher in running.descendants(named: "mpirun") { kill(launcher, SIGUSR1) }
        try expectStopped(try running.wait(timeout: 20))
        #expect(!FileManager.default.fileExists(atPath: "\(run)/lock"))
    }

    /// Locks that were left behind, where the file says more than the file system.
    @Test func staleLocks() throws {
        let host = ProcessInfo.processInfo.hostName
        func lock(_ host: String, _ pid: Int, _ job: String) throws {
            try Data(#"{"host":"\#(host)","pid":\#(pid),"job":"\#(job)","start":"2026-01-01T00:00:00Z"}"#.utf8)
                .write(to: URL(fileURLWithPath: "\(run)/lock"))
        }
        func status(_ environment: [String: String]) throws -> Int32 {
            try Program.run(
                Program.built("mpi-vae"), FaultTests.arguments(run, ["--epochs", "1"]), environment: environment
            ).status
        }
        let noLocks = ["MPI_VAE_TEST_NO_FLOCK": "1"]
        #expect(try status(noLocks) == 0)
        // 4194305 is no process: the kernel's numbers end at 2^22.
        try lock(host, 4_194_305, "")
        #expect(try status(noLocks) == 0, "same host, process gone")
        try lock(host, Int(getpid()), "")
        #expect(try status(noLocks) == 73, "same host, process alive")
        #expect(try status([:]) == 0, "the kernel knows that nobody holds it")
        try lock("elsewhere", 1, "77")
        #expect(try status(noLocks) == 73, "another host")
        #expect(try status(noLocks.merging(["SLURM_JOB_ID": "77"]) { $1 }) == 0, "the same job, queued again")
        // Steps of one job run side by side; only what ran before the job was queued again is gone.
        func lock(_ host: String, _ pid: Int32, restarts: Int, ticks: Int? = nil) throws {
            let more = ticks.map { #","ticks":\#($0)"# } ?? ""
            try Data(
                #"{"host":"\#(host)","pid":\#(pid),"job":"77","step":"0","restarts":\#(restarts)\#(more),"start":"2026"}"#.utf8
            ).write(to: URL(fileURLWithPath: "\(run)/lock"))
        }
        let step = noLocks.merging(["SLURM_JOB_ID": "77", "SLURM_STEP_ID": "1"]) { $1 }
        try lock("elsewhere", 1, restarts: 0)
        #expect(try status(step) == 73, "another step of the same job, on another host")
        #expect(try status(step.merging(["SLURM_RESTART_COUNT": "1"]) { $1 }) == 0, "queued again")
        try lock(host, getpid(), restarts: 0)
        #expect(try status(step.merging(["SLURM_RESTART_COUNT": "1"]) { $1 }) == 73, "the same host, and the process is alive")
        try lock(host, getpid(), restarts: 0, ticks: 1)
        #expect(try status(step) == 0, "the same host, and its number is another's")
        try lock(host, 4_194_305, restarts: 0)
        #expect(try status(step) == 0, "another step of the same job, whose process is gone")
        #expect(!FileManager.default.fileExists(atPath: "\(run)/lock"))
    }
}
