public import Foundation

/// What a program that has ended said, and how it ended.
public struct Outcome: Sendable, CustomStringConvertible {
    /// The status it exited with, or 128 plus the number of the signal that ended it.
    public let status: Int32
    public let output: String
    public let errors: String
    public let timedOut: Bool

    public var description: String {
        "status \(status)\(timedOut ? " (timed out)" : "")\n--- stdout\n\(output)\n--- stderr\n\(errors)"
    }

    /// The lines on stderr that mpi-vae wrote as errors.
    public var errorLines: [Substring] { errors.split(separator: "\n").filter { $0.contains("mpi-vae: error:") } }
}

/// A program that could not be started: in a test that is a failure, never a reason to skip.
public struct CannotRun: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}

public enum Program {
    /// Runs a program to its end, or kills it, with all it started, after `timeout` seconds.
    public static func run(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil,
        timeout: Double = 60
    ) throws -> Outcome {
        let running = try Running(executable, arguments, environment: environment, folder: folder)
        return try running.wait(timeout: timeout)
    }

    /// Starts a program and does not wait.
    public static func start(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil
    ) throws -> Running {
        try Running(executable, arguments, environment: environment, folder: folder)
    }

    /// Runs a program on some ranks under mpirun.
    public static func mpirun(
        ranks: Int, _ executable: String, _ arguments: [String], environment: [String: String] = [:],
        folder: URL? = nil, timeout: Double = 60
    ) throws -> Outcome {
        try startMPI(ranks: ranks, executable, arguments, environment: environment, folder: folder).wait(timeout: timeout)
    }

    /// Starts a program under mpirun and does not wait.
    public static func startMPI(
        ranks: Int, _ executable: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil
    ) throws -> Running {
        let exported = Program.permitting(environment).keys.sorted().flatMap { ["-x", $0] }
        return try Running(
            "/usr/bin/mpirun", ["-n", "\(ranks)"] + exported + [executable] + arguments, environment: environment,
            folder: folder)
    }

    /// The variables, and where some make faults the one without which the program refuses these.
    static func permitting(_ environment: [String: String]) -> [String: String] {
        environment.keys.contains { $0.hasPrefix("MPI_VAE_TEST_") }
            ? environment.merging(["MPI_VAE_TEST_FAULTS": "on"]) { own, _ in own } : environment
    }

    /// Runs lines of Python with Debian's interpreter, which has Debian's h5py.
    public static func python(_ script: String, _ arguments: [String] = [], timeout: Double = 120) throws -> Outcome {
        try run("/usr/bin/python3", ["-c", script] + arguments, timeout: timeout)
    }

    /// A program of this package that was built with the tests, such as `mpi-vae`.
    public static func built(_ name: String) throws -> String {
        // The test bundle lies in the folder of the products.
        let candidates = CommandLine.arguments.prefix(1) + [Bundle.main.executablePath ?? ""]
        for candidate in candidates {
            var folder = URL(fileURLWithPath: candidate).deletingLastPathComponent()
            for _ in 0..<4 {
                let path = folder.appendingPathComponent(name).path
                if FileManager.default.isExecutableFile(atPath: path) { return path }
                folder.deleteLastPathComponent()
            }
        }
        for argument in CommandLine.arguments where argument.hasSuffix(".xctest") {
            let path = URL(fileURLWithPath: argument).deletingLastPathComponent().appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw CannotRun(description: "\(name) was not built beside the tests: \(CommandLine.arguments)")
    }
}

/// A program that runs; it and all it started end with it.
public final class Running: @unchecked Sendable {
    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()
    private let readers = DispatchGroup()
    private nonisolated(unsafe) var outputData = Data()
    private nonisolated(unsafe) var errorData = Data()

    init(_ executable: String, _ arguments: [String], environment: [String: String], folder: URL?) throws {
        // A process group of its own, so that it can be killed whole.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        process.arguments = ["--wait", executable] + arguments
        var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("MPI_VAE_") && !$0.key.hasPrefix("OMPI_") }
        all["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        all["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
        all["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
        all["SWIFT_BACKTRACE"] = "enable=no"
        for (name, value) in Program.permitting(environment) { all[name] = value }
        process.environment = all
        if let folder { process.currentDirectoryURL = folder }
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        guard FileManager.default.isExecutableFile(atPath: executable) else {
            throw CannotRun(description: "\(executable) is missing: scripts/setup --tests installs what the tests need")
        }
        // The threads that run tests block signals, which a child would inherit.
        var (none, old) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        try process.run()
        for (pipe, keep) in [(output, { self.outputData = $0 }), (errors, { self.errorData = $0 })] as [(Pipe, (Data) -> Void)] {
            nonisolated(unsafe) let keep = keep
            let handle = pipe.fileHandleForReading
            readers.enter()
            Thread { [readers] in
                keep(handle.readDataToEndOfFile())
                readers.leave()
            }.start()
        }
    }

    /// The processes that descend from this one and whose program is `name`.
    public func descendants(named name: String) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        var names: [Int32: String] = [:]
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = Int32(entry), let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")")
            else { continue }
            let fields = stat[stat.index(after: close)...].split(separator: " ")
            // One that has ended, but that nobody asked for how, is gone.
            if fields[0] != "Z" { names[pid] = String(stat[stat.index(after: open)..<close]) }
            let parent = Int32(fields[1])!
            children[parent, default: []].append(pid)
        }
        var found: [Int32] = []
        var open = [process.processIdentifier]
        while let pid = open.popLast() {
            if names[pid] == String(name.prefix(15)) { found.append(pid) }
            open += children[pid] ?? []
        }
        return found.sorted()
    }

    /// Waits until none of these is left, or the seconds are over; gives those that are left.
    public func waitForDescendants(named name: String, timeout: Double) -> [Int32] {
        let end = Date().addingTimeInterval(timeout)
        var left = descendants(named: name)
        while !left.isEmpty, Date() < end {
            usleep(20_000)
            left = descendants(named: name)
        }
        return left
    }

    /// Kills the program and everything it started, at once.
    public func kill() {
        for name in ["mpirun", "orted", "mpi-vae", "RankCases"] {
            for pid in descendants(named: name) { Foundation.kill(pid, SIGKILL) }
        }
        for pid in descendants(named: "setsid") { Foundation.kill(pid, SIGKILL) }
    }

    /// Waits for the end; kills after `timeout` seconds.
    public func wait(timeout: Double) throws -> Outcome {
        let end = Date().addingTimeInterval(timeout)
        while process.isRunning, Date() < end { usleep(5000) }
        let timedOut = process.isRunning
        if timedOut { kill() }
        process.waitUntilExit()
        readers.wait()
        let signal = process.terminationReason == .uncaughtSignal
        return Outcome(
            status: signal ? 128 + process.terminationStatus : process.terminationStatus,
            output: String(decoding: outputData, as: UTF8.self), errors: String(decoding: errorData, as: UTF8.self),
            timedOut: timedOut)
    }
}

/// A folder that goes when it is no longer used.
public final class TemporaryFolder: Sendable {
    public let url: URL

    public init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("mpi-vae-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// The path of a file in it.
    public func path(_ name: String) -> String { url.appendingPathComponent(name).path }
}
