internal import Foundation
internal import Logging

/// How far an import has come, on stderr: one line rewritten in place on a terminal, a line every 10 seconds in a log.
///
/// Plain characters and a carriage return only: no colours or cursor movements that a terminal might not know. Used by one thread.
final class ImportProgress {
    private let title: String
    private let unit: String
    private let total: Int
    private let log: Logger
    private let isTerminal: Bool
    private let start = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant
    private var shownWidth = 0

    /// - Parameters:
    ///   - title: what is being done, in a word or two.
    ///   - unit: what is counted, in the plural.
    init(_ title: String, total: Int, unit: String, log: Logger) {
        self.title = title
        self.total = max(total, 1)
        self.unit = unit
        self.log = log
        isTerminal = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
        // A terminal shows the first step at once, a log nothing of what takes less than 10 seconds.
        lastShown = isTerminal ? start - .seconds(1) : start
    }

    deinit { finish() }

    /// Says that `done` of the total are done, if it is time to.
    func update(to done: @autoclosure () -> Int) {
        let now = ContinuousClock.now
        if now - lastShown < (isTerminal ? .milliseconds(100) : .seconds(10)) { return }
        lastShown = now
        let done = done()
        let share = min(Double(done) / Double(total), 1)
        let seconds = max((now - start) / .seconds(1), 1e-3)
        let rate = Double(done) / seconds
        let left = Int(min(Double(max(total - done, 0)) / max(rate, 1e-9), 1e9).rounded(.up))
        let figures = "\(done)/\(total) \(unit), \(Int(rate))/s, \(Self.clock(left)) left"
        let percent = String(format: "%3.0f%%", (100 * share).rounded(.down))
        guard isTerminal else { return log.notice("\(title): \(percent) (\(figures))") }
        let bar = String(repeating: "#", count: Int(16 * share)).padding(toLength: 16, withPad: ".", startingAt: 0)
        // A line that wraps could not be rewritten.
        let line = String("\(title) \(percent) [\(bar)] \(figures)".prefix(Self.columns - 1))
        rewrite(line)
        shownWidth = line.count
    }

    /// Leaves an empty line on a terminal for what is said next.
    func finish() {
        if shownWidth == 0 { return }
        rewrite("")
        shownWidth = 0
        rewrite("")
    }

    private func rewrite(_ line: String) {
        let blanks = String(repeating: " ", count: max(shownWidth - line.count, 0))
        let bytes = Array("\r\(line)\(blanks)".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private static var columns: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    private static func clock(_ seconds: Int) -> String {
        seconds < 3600
            ? String(format: "%d:%02d", seconds / 60, seconds % 60)
            : String(format: "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}
