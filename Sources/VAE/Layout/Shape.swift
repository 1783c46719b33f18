/// The shape of one row of values, channels last: `[features]`, `[height, width, channels]`.
public struct Shape: Sendable, Equatable, CustomStringConvertible {
    public let sizes: [Int]

    /// - Precondition: all sizes are positive.
    public init(_ sizes: [Int]) {
        precondition(!sizes.isEmpty && sizes.allSatisfy { $0 > 0 })
        self.sizes = sizes
    }

    /// No row and no weight has as many values.
    static let most = 0x1p40

    /// A row of so many features.
    public init(_ features: Int) { self.init([features]) }

    /// The values of a row.
    public var count: Int { sizes.reduce(1, *) }

    /// The places of a map or sequence, each with its channels; 1 of a row of features.
    var positions: Int { sizes.dropLast().reduce(1, *) }

    /// As users type it: "28x28x1".
    public var text: String { sizes.map(String.init).joined(separator: "x") }

    public var description: String { "[\(sizes.map(String.init).joined(separator: ", "))]" }
}
