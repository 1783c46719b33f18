import Foundation
import TestSupport
import Testing

/// A Slurm with two nodes on this machine, for the tests of one suite (`scripts/slurm-cluster`).
final class SlurmCluster: Sendable {
    @TaskLocal static var current: SlurmCluster?

    private let folder: TemporaryFolder
    private let script = repositoryPath("scripts/slurm-cluster")

    init() throws {
        folder = try TemporaryFolder()
        // It ends with the process of the tests, should that be killed.
        let outcome = try administer("start", "--owner", "\(getpid())")
        guard outcome.status == 0 else { throw CannotRun(description: outcome.errors) }
    }

    func stop() throws {
        let outcome = try administer("stop")
        #expect(outcome.status == 0, "\(outcome)")
    }

    /// Daemons, jobs and what they started, by their command lines.
    func processes() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.compactMap { pid in
            let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()
            guard environment.range(of: Data("SLURM_CONF=\(path)/".utf8)) != nil else { return nil }
            return try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
        }
    }

    var path: String { folder.path("slurm") }

    private func administer(_ command: String...) throws -> Outcome {
        let isRoot = getuid() == 0
        return try Program.run(
            isRoot ? script : "/usr/bin/sudo", (isRoot ? [] : ["-E", script]) + command + ["--folder", path])
    }

    /// Runs one of Slurm's commands, with the built `mpi-vae` in the PATH of the jobs.
    @discardableResult
    func run(_ command: String, _ arguments: [String], folder: URL? = nil) throws -> String {
        // Debian's Python has Debian's h5py.
        let programs = URL(fileURLWithPath: try Program.built("mpi-vae")).deletingLastPathComponent().path
        let outcome = try Program.run(
            "/usr/bin/\(command)", arguments,
            environment: [
                "SLURM_CONF": "\(path)/slurm.conf",
                "PATH": "\(programs):/usr/bin:/bin",
            ], folder: folder)
        guard outcome.status == 0 else { throw CannotRun(description: "\(command) \(arguments): \(outcome)") }
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Queues a job script and gives the job's number.
    func submit(_ script: String, options: [String] = [], _ arguments: [String] = [], folder: URL) throws -> String {
        try run("sbatch", ["--parsable"] + options + [script] + arguments, folder: folder)
    }

    /// What `scontrol show job` tells of a job: one line for each task of an array.
    func description(_ job: String) throws -> String { try run("scontrol", ["--oneliner", "show", "job", job]) }

    /// Waits until a job has ended, all tasks if it is an array, and gives its last description.
    func ended(_ job: String, timeout: Double = 60) throws -> String {
        var text = ""
        let isOver = try isSoon(timeout) {
            text = try description(job)
            return !["PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED"].contains { text.contains("JobState=\($0)") }
        }
        if !isOver { throw CannotRun(description: "job \(job) has not ended: \(text)") }
        return text
    }
}

/// Waits until something is so; false if it is not within `timeout` seconds.
func isSoon(_ timeout: Double, _ isSo: () throws -> Bool) rethrows -> Bool {
    let end = Date().addingTimeInterval(timeout)
    while Date() < end {
        if try isSo() { return true }
        usleep(100_000)
    }
    return false
}

/// A file of the repository.
func repositoryPath(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../\(name)").standardized.path
}

/// Starts a Slurm before the first test of a suite and stops it after the last one.
struct WithSlurm: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let cluster = try SlurmCluster()
        do {
            try await SlurmCluster.$current.withValue(cluster) { try await function() }
        } catch {
            try cluster.stop()
            throw error
        }
        try cluster.stop()
        let isClean = try isSoon(3) { try cluster.processes().isEmpty }
        let left = try cluster.processes()
        #expect(isClean, "left behind: \(left)")
        #expect(!FileManager.default.fileExists(atPath: cluster.path))
    }
}
