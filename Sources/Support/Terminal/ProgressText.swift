internal import Foundation

/// How an ``Activity`` is written: for a terminal of some width, or for a log.
public struct ProgressText: Sendable {
    private let state: Activity.State
    /// Since it began.
    private let seconds: Double

    public init(_ state: Activity.State, seconds: Double) { (self.state, self.seconds) = (state, seconds) }

    /// A line of at most `columns` characters: what there is no room for is left out, the least important first.
    public func line(columns: Int) -> String {
        guard state.total > 0 else { return String("\(title) \(Self.clock(seconds))".prefix(max(columns, 0))) }
        let start = "\(title) \(percent)"
        let lines = [
            [bar(24), rate, loss, left], [bar(12), rate, loss, left], [bar(12), rate, left], [rate, left], [left],
        ].map { start + list($0) }
        return lines.first { $0.count <= columns } ?? String(start.prefix(max(columns, 0)))
    }

    /// A line of a log, of any length.
    public var plain: String {
        guard state.total > 0 else { return "\(title): \(Self.clock(seconds)) so far" }
        return "\(title):" + list([percent, "\(state.done)/\(state.total) \(state.unit)", rate, loss, left])
    }

    /// Whether there is nothing left of this part: what comes next says more than that all is done.
    public var isComplete: Bool { state.total > 0 && state.done >= state.total }

    private var title: String { state.context + state.title }
    private var share: Double { min(max(Double(state.done) / Double(max(state.total, 1)), 0), 1) }
    /// Rounded down: 100% is done.
    private var percent: String { String(format: "%3.0f%%", (100 * share).rounded(.down)) }

    private func bar(_ width: Int) -> String {
        let full = Int(Double(width) * share)
        return "[\(String(repeating: "#", count: full))\(String(repeating: ".", count: width - full))]"
    }

    private var perSecond: Double? {
        let done = state.done - state.first
        return done > 0 && seconds > 0 ? Double(done) / seconds : nil
    }

    private var rate: String? { perSecond.map { String(format: $0 < 10 ? "%.1f %@/s" : "%.0f %@/s", $0, state.unit) } }
    private var loss: String? { state.loss.map { String(format: "loss %.3f", $0) } }

    /// What is left of this part and of those like it that follow.
    private var left: String? {
        perSecond.map { rate in
            let count = Double(max(state.total - state.done, 0)) + Double(state.following) * Double(state.total)
            return "\(Self.clock((count / rate).rounded(.up))) left"
        }
    }

    /// What there is, each behind a space, with commas between but for the bar.
    private func list(_ parts: [String?]) -> String {
        let parts = parts.compactMap { $0?.trimmingCharacters(in: .whitespaces) }
        return zip([""] + parts, parts).map { ($0.isEmpty || $0.hasSuffix("]") ? " " : ", ") + $1 }.joined()
    }

    /// Minutes and seconds, with hours and days where there are some.
    static func clock(_ seconds: Double) -> String {
        let seconds = Int(min(max(seconds, 0), 1e9))
        let (minutes, hours) = (seconds / 60 % 60, seconds / 3600)
        if hours >= 48 { return "\(hours / 24) days" }
        return hours > 0
            ? String(format: "%d:%02d:%02d", hours, minutes, seconds % 60) : String(format: "%d:%02d", minutes, seconds % 60)
    }
}
