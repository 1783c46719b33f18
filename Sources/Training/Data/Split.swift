internal import VAE

/// What a row is used for.
public enum Part: UInt8, Sendable, CaseIterable {
    case train = 0
    case validation = 1
    case test = 2

    public var name: String {
        switch self {
        case .train: "train"
        case .validation: "validation"
        case .test: "test"
        }
    }
}

/// Divides the rows of one data set into training, validation and test rows: a function of the seed and the rows alone, with exact
/// numbers of rows.
struct Split: Sendable {
    private let parts: [Part: RowSet]

    /// - Parameter rows: those in use.
    init(_ rows: RowSet, validationFraction: Double, testFraction: Double, seed: UInt64) {
        let validationCount = Int((Double(rows.count) * validationFraction).rounded())
        let testCount = Int((Double(rows.count) * testFraction).rounded())
        let none = RowSet(universe: rows.universe, bits: [UInt64](repeating: 0, count: (rows.universe + 63) / 64))
        guard validationCount + testCount > 0 else {
            parts = [.train: rows, .validation: none, .test: none]
            return
        }
        let order = Permutation(count: rows.count, key: NoiseKey(seed: seed, epoch: 0, purpose: .split), domain: 0)
        func part(_ places: Range<Int>) -> RowSet {
            places.isEmpty ? none : RowSet(rows) { _, number in places.contains(order[number]) }
        }
        parts = [
            .validation: part(0..<validationCount), .test: part(validationCount..<validationCount + testCount),
            .train: part(validationCount + testCount..<rows.count),
        ]
    }

    /// The rows of a part.
    func rows(_ part: Part) -> RowSet { parts[part]! }

    /// The part that a row in use belongs to.
    func part(ofRow row: Int) -> Part {
        rows(.train).contains(row) ? .train : rows(.validation).contains(row) ? .validation : .test
    }
}
