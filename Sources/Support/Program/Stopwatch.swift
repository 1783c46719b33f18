internal import Dispatch

/// Measures laps of time, in seconds, by a clock that only goes forward.
public struct Stopwatch: Sendable {
    private var last = Stopwatch.now

    public init() {}

    /// Seconds since some moment that is the same in all of this process.
    public static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

    /// The seconds since the start or the last lap.
    public var elapsed: Double { Stopwatch.now - last }

    /// The same, and begins the next lap.
    public mutating func lap() -> Double {
        let now = Stopwatch.now
        defer { last = now }
        return now - last
    }
}
