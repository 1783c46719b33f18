/// The values that data may have.
public struct ValueSupport: Sendable, Equatable {
    public let range: ClosedRange<Double>
    /// Whether only whole numbers are.
    public let isWhole: Bool
    /// Said to those whose data have others, what and what to do.
    public let reason: String

    public init(range: ClosedRange<Double>, isWhole: Bool = false, reason: String) {
        self.range = range
        self.isWhole = isWhole
        self.reason = reason
    }
}
