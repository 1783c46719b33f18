/// Exit codes of the program, by sysexits(3).
public enum ExitCode: Int32, Sendable {
    case done = 0
    case usage = 64
    /// Bad data or a checkpoint that cannot be used.
    case badData = 65
    case inputMissing = 66
    /// MPI trouble or a timeout.
    case unavailable = 69
    case `internal` = 70
    /// An output that cannot be created, or is locked by another job.
    case cannotCreate = 73
    case inputOutput = 74
    /// Stopped and saved: run the same command again to go on.
    case temporary = 75
    case noPermission = 77
    case configuration = 78
}

/// What ends a run: one line that says what went wrong, where, and what to do about it, and the code to exit with.
public struct Failure: ExitStatusError, CustomStringConvertible {
    public let code: ExitCode
    public let message: String

    /// - Parameter table: lines of ours below the message; none for most.
    public init(_ code: ExitCode, _ message: String, table: [String] = []) {
        self.code = code
        // They may quote names out of files.
        self.message = ([message.printable(limit: 2000)] + table.map { $0.printable(limit: 2000) }).joined(separator: "\n")
    }

    public var exitStatus: Int32 { code.rawValue }
    public var description: String { message }
}
