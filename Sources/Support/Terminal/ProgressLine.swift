internal import Foundation
internal import Synchronization

/// Shows the ``Activity`` of this process: as one line of a terminal that is rewritten, or as a line a minute in a log.
///
/// All lines that the program writes go by ``write(_:to:isProse:)``, so that they and the rewritten line never mix.
public final class ProgressLine: Sendable {
    /// How progress is shown.
    public enum Style: String, CaseIterable, Sendable {
        /// A bar on a terminal, lines elsewhere.
        case auto
        case bar
        case lines
        case none
    }

    /// Of this process; nil before ``begin(_:isLaunched:)``, and where nothing is shown.
    private static let current = Mutex<ProgressLine?>(nil)

    /// Nil for lines of a log.
    private let screen: Screen?
    /// Whether results appear on a terminal too.
    private let resultsAreSeen: Bool
    private let state: Mutex<Shown>

    private struct Shown {
        /// Of the activity that is shown, since when.
        var number = -1
        var start = ContinuousClock.now
        var text = ""
        /// When anything was written.
        var last = ContinuousClock.now
    }

    private static let minute = Duration.seconds(60)
    private static let erased = "\r\u{1B}[K"

    private init(screen: Screen?, resultsAreSeen: Bool) {
        (self.screen, self.resultsAreSeen) = (screen, resultsAreSeen)
        state = Mutex(Shown())
    }

    /// Begins to show what this process does. Called once, by the one process that speaks.
    ///
    /// - Parameter isLaunched: whether mpirun or its like started this process.
    public static func begin(_ style: Style, isLaunched: Bool) {
        if style == .none { return }
        let screen =
            style == .lines
            ? nil
            : Screen.behind(isLaunched ? STDERR_FILENO : messages, isLaunched: isLaunched) ?? (style == .bar ? .assumed : nil)
        let isSeen = screen != nil && Screen.behind(STDOUT_FILENO, isLaunched: isLaunched) != nil
        let line = ProgressLine(screen: screen, resultsAreSeen: isSeen)
        current.withLock { $0 = line }
        atexit { ProgressLine.end() }
        Thread.detachNewThread {
            while current.withLock({ $0 === line }) {
                line.show()
                usleep(screen == nil ? 1_000_000 : 100_000)
            }
        }
    }

    /// Shows nothing from now on.
    private static func end() {
        let line = current.withLock { current in
            defer { current = nil }
            return current
        }
        line?.state.withLock { line?.erase(&$0) }
    }

    /// Whether somebody looks at figures that change with every step.
    public static var isSeen: Bool { current.withLock { $0?.screen != nil } }

    /// Writes text, which ends a line, to stdout or stderr, in one write where nothing is in the way.
    ///
    /// Where it cannot be written there is nobody to tell; for results, whoever flushes stdout finds out.
    ///
    /// - Parameter isProse: whether a terminal shows it in lines that are broken between words.
    public static func write(_ text: String, to descriptor: Int32, isProse: Bool = true) {
        guard let line = current.withLock({ $0 }) else { return put(text, descriptor) }
        line.state.withLock { shown in
            let isInTheWay = !shown.text.isEmpty
            // Through a launcher the two may arrive in the other order, so that each erases what it finds.
            let screen = descriptor == STDERR_FILENO || line.resultsAreSeen ? line.screen : nil
            if isInTheWay { line.erase(&shown) }
            let columns = isProse ? screen?.width.map { $0 - 1 } : nil
            put((screen == nil ? "" : erased) + (columns.map { text.folded(columns: $0) } ?? text), descriptor)
            shown.last = .now
        }
    }

    /// Writes a line of results to stdout, as it is.
    public static func result(_ line: String) { write(line + "\n", to: STDOUT_FILENO, isProse: false) }

    /// Writes a line of results that is for people alone.
    public static func remark(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    /// Where messages go.
    nonisolated(unsafe) private static var messages = STDERR_FILENO

    /// Leaves stderr to the program alone: what runtimes write there when they crash is lost, for a process whose crash another one tells
    /// of. Called before anything is said.
    public static func keepOthersFromStderr() {
        let (own, nothing) = (fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), open("/dev/null", O_WRONLY | O_CLOEXEC))
        if own >= 0, nothing >= 0, dup2(nothing, STDERR_FILENO) >= 0 { messages = own }
        if nothing >= 0 { close(nothing) }
    }

    private static func put(_ text: String, _ descriptor: Int32) {
        if descriptor == STDOUT_FILENO {
            Swift.print(text, terminator: "")
            fflush(nil)
            return
        }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(messages, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    private func erase(_ shown: inout Shown) {
        guard !shown.text.isEmpty else { return }
        Self.put(Self.erased, STDERR_FILENO)
        shown.text = ""
    }

    private func show() {
        let now = ContinuousClock.now
        let activity = Activity.now
        state.withLock { shown in
            if activity.number != shown.number { (shown.number, shown.start) = (activity.number, now) }
            let text = ProgressText(activity, seconds: (now - shown.start) / .seconds(1))
            if let screen {
                if activity.title.isEmpty { return erase(&shown) }
                // The last column would wrap on some terminals.
                let line = text.line(columns: screen.columns - 1)
                if line != shown.text { Self.put("\r\(line)\u{1B}[K", STDERR_FILENO) }
                shown.text = line
            } else if !activity.title.isEmpty, !text.isComplete, now - shown.last >= Self.minute {
                Self.put("mpi-vae: \(text.plain)\n", STDERR_FILENO)
                shown.last = now
            }
        }
    }
}
