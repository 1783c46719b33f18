internal import Datasets
internal import Foundation
internal import HDF5
public import Support

/// An import in a process of its own: whatever a file does to it, by its size or by damage that a library does not survive, ends in one line.
public enum ImportProcess {
    /// The word in place of `import` by which the program calls itself.
    public static let command = "import-here"

    /// Seconds of computing after which an import that came no further never will.
    private static let patience = 600

    /// Does what `import` was asked for in a child, with the input and output of this process, and gives the status to exit with.
    ///
    /// - Parameters:
    ///   - words: what stood behind `import`.
    ///   - file: what is imported, for messages.
    ///   - output: what is written; nil where none is named.
    /// - Throws: ``Failure`` (65) where the child crashed or came to no end, 69 where somebody else ended it or it cannot be started.
    public static func run(_ words: [String], file: String, output: String?) throws(Failure) -> Int32 {
        let (child, end) = try ChildProcess.runInPlace([command] + words)
        if case .exited(let status) = end { return status }
        if let output { TemporaryName.removeLeft(by: child, of: FilePath.expandingHome(output)) }
        switch end {
        case .killed(let signal) where [SIGTERM, SIGINT, SIGHUP].contains(signal):
            raise(signal)
            return 128 + signal
        case .killed(SIGXCPU):
            throw Failure(
                .badData, "\(file): came no further in \(patience) seconds of computing: damaged, or made to have no end")
        case .killed(SIGKILL):
            throw Failure(.unavailable, "\(file): the process that imported it was killed, perhaps for want of memory")
        case .killed(let signal):
            throw Failure(
                .badData,
                "\(file): damaged, or takes more memory than is free: what imported it crashed (signal \(signal))")
        case .exited, .silent: return ExitCode.internal.rawValue
        }
    }

    /// Makes this process the child: it may take the memory that is free, must come further now and then, and ends with its parent.
    public static func begin() {
        // It was started by another name of the program.
        try? "mpi-vae".write(toFile: "/proc/self/comm", atomically: false, encoding: .utf8)
        ProgressLine.keepOthersFromStderr()
        ChildLimits.limit(__rlimit_resource_t(RLIMIT_CORE.rawValue), to: 0)
        let memory = ChildLimits.memoryInUse + max(ChildLimits.memory, availableMemory())
        ChildLimits.limit(__rlimit_resource_t(RLIMIT_DATA.rawValue), to: memory)
        ChildLimits.allowMoreComputing(seconds: patience)
        let parent = getppid()
        Thread.detachNewThread {
            var before = Activity.now
            while getppid() == parent {
                sleep(1)
                let now = Activity.now
                if now.number != before.number || now.done != before.done {
                    ChildLimits.allowMoreComputing(seconds: patience)
                    before = now
                }
            }
            kill(getpid(), SIGTERM)
        }
    }
}
