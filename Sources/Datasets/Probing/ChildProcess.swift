internal import Distributed
internal import Foundation
package import Support

/// This program, run once more in a child process, whose end ends nothing else.
package enum ChildProcess {
    package enum End: Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        /// It said nothing for so long that it was killed.
        case silent
    }

    /// More is not taken from a child.
    private static let largestOutput = 64 << 20

    /// Runs to the end and gives what was written to stdout.
    ///
    /// - Parameter patience: the seconds that the child may be silent.
    /// - Throws: ``Failure`` if it cannot be started.
    static func run(_ arguments: [String], patience: Int) throws(Failure) -> (output: Data, end: End) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw cannotStart(errno) }
        let (reader, writer) = (ends[0], ends[1])
        defer { close(reader) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // Signals that ask the job to stop reach all processes of a rank, and are not meant for this one.
        let started = Result { () throws(Failure) in
            try start(arguments, signals: set([SIGTERM, SIGINT, SIGUSR1, SIGUSR2])) { actions in
                posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
                posix_spawn_file_actions_adddup2(&actions, writer, 1)
                posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
            }
        }
        close(writer)
        let child = try started.get()
        let (output, isAtEnd) = read(reader, patience: patience)
        if !isAtEnd { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return (output, isAtEnd ? end(status) : .silent)
    }

    /// Runs to the end with the input and output of this process, which does nothing else: what asks it to end, the child is told.
    ///
    /// - Throws: ``Failure`` if it cannot be started.
    package static func runInPlace(_ arguments: [String]) throws(Failure) -> (child: Int32, end: End) {
        var (awaited, before) = (set([SIGCHLD, SIGTERM, SIGINT, SIGHUP]), sigset_t())
        pthread_sigmask(SIG_BLOCK, &awaited, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let child = try start(arguments, signals: before) { _ in }
        var status: Int32 = 0
        while waitpid(child, &status, WNOHANG) == 0 {
            var signal: Int32 = 0
            sigwait(&awaited, &signal)
            if signal != SIGCHLD { kill(child, signal) }
        }
        return (child, end(status))
    }

    /// - Parameter signals: those that the child is not told.
    private static func start(
        _ arguments: [String], signals: sigset_t, _ connect: (inout posix_spawn_file_actions_t) -> Void
    ) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        connect(&actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = signals
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var environment = ProcessInfo.processInfo.environment
        // A page of registers helps nobody here.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        let words = (["mpi-vae"] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, "/proc/self/exe", &actions, &attributes, words, variables)
        guard status == 0 else { throw cannotStart(status) }
        return child
    }

    private static func set(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }

    /// - Parameter status: as `waitpid` gives it.
    private static func end(_ status: Int32) -> End {
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
    }

    /// Reads until the other end is closed, or nothing comes for `patience` seconds.
    private static func read(_ descriptor: Int32, patience: Int) -> (output: Data, isAtEnd: Bool) {
        var output = Data()
        var silence = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while output.count < largestOutput {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // The watchdog need not wait with us: this wait ends.
            Heartbeat.beat()
            let ready = poll(&waiting, 1, 1000)
            if ready < 0, errno == EINTR { continue }
            if ready < 0 { return (output, false) }
            silence = ready == 0 ? silence + 1 : 0
            if silence >= patience { return (output, false) }
            if ready == 0 { continue }
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return (output, true) }
            output.append(contentsOf: buffer[..<count])
        }
        return (output, false)
    }

    private static func cannotStart(_ number: Int32) -> Failure {
        Failure(.unavailable, "a process cannot be started: \(String(cString: strerror(number)).lowercased())")
    }
}
