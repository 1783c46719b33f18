/// The values that data may have.
public struct ValueSupport: Sendable, Equatable {
    public let range: ClosedRange<Double>
    /// Said to those whose data have others, what and what to do.
    public let reason: String

    public init(range: ClosedRange<Double>, reason: String) {
        self.range = range
        self.reason = reason
    }
}
