/// Sums over rows of the parts of the loss, in nats, as the objective names them.
public struct LossSums: Sendable, Equatable, BitwiseCopyable {
    /// The most terms that an objective has.
    public static let mostTerms = 8

    /// Of each of the objective's terms, with the rows' weights; 0 behind the last.
    public var terms: SIMD8<Double>
    /// Of the rows' weights, which the sums are taken with.
    public var weight: Double
    public var rowCount: Int

    public init(terms: SIMD8<Double> = .zero, weight: Double = 0, rowCount: Int = 0) {
        self.terms = terms
        self.weight = weight
        self.rowCount = rowCount
    }

    public static func += (sums: inout LossSums, other: LossSums) {
        sums.terms += other.terms
        sums.weight += other.weight
        sums.rowCount += other.rowCount
    }

    public var isFinite: Bool { (0..<Self.mostTerms).allSatisfy { terms[$0].isFinite } }

    /// A term's mean over the rows; 0 of no rows.
    public func mean(_ term: LossTerm) -> Double { terms[term.index] / (weight > 0 ? weight : 1) }
}

/// A part of the loss.
public struct LossTerm: Sendable, Equatable {
    /// As in the columns of metrics.csv.
    public let name: String
    /// Where its sum is in ``LossSums/terms``.
    let index: Int
}
