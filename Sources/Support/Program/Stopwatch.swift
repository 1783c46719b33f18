internal import Dispatch

/// Measures laps of time, in seconds.
package struct Stopwatch {
    private var last = DispatchTime.now().uptimeNanoseconds

    package init() {}

    /// The seconds since the start or the last lap.
    package mutating func lap() -> Double {
        let now = DispatchTime.now().uptimeNanoseconds
        defer { last = now }
        return Double(now - last) * 1e-9
    }
}
