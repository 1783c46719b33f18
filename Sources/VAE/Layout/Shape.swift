/// The shape of one row of values, channels last: `[features]`, `[height, width, channels]`.
public struct Shape: Sendable, Equatable {
    public let sizes: [Int]

    /// - Precondition: all sizes are positive.
    public init(_ sizes: [Int]) {
        precondition(!sizes.isEmpty && sizes.allSatisfy { $0 > 0 })
        self.sizes = sizes
    }

    /// A row of so many features.
    public init(_ features: Int) { self.init([features]) }

    /// The values of a row.
    public var count: Int { sizes.reduce(1, *) }
}
