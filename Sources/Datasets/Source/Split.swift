internal import Randomness

/// What a row is used for.
public enum Part: UInt8, Sendable, CaseIterable {
    case train = 0
    case validation = 1
    case test = 2
    /// Rows that the run did not have.
    case new = 3

    public var name: String {
        switch self {
        case .train: "train"
        case .validation: "validation"
        case .test: "test"
        case .new: "new"
        }
    }
}

/// Divides the rows of one data set into training, validation and test rows: a function of the seed and the rows alone, with exact
/// numbers of rows.
package struct Split: Sendable {
    private let parts: [Part: RowSet]

    /// By fractions, or by a fold: the folds share what the test rows leave, so that every other row is validated on in one fold and
    /// trained on in the others; their numbers of rows differ by at most one.
    ///
    /// - Parameters:
    ///   - rows: those in use.
    ///   - validation: the fraction to validate on, where there are no folds.
    ///   - fold: the one to validate on, from 1, of how many; nil for none.
    package init(
        _ rows: RowSet, validation validationFraction: Double, test testFraction: Double, fold: (number: Int, of: Int)?,
        seed: UInt64
    ) {
        let testCount = Int((Double(rows.count) * testFraction).rounded())
        // Places in the order that the seed draws.
        let (validation, test): (Range<Int>, Range<Int>)
        if let fold {
            func start(_ number: Int) -> Int { testCount + (rows.count - testCount) * number / fold.of }
            (validation, test) = (start(fold.number - 1)..<start(fold.number), 0..<testCount)
        } else {
            let count = Int((Double(rows.count) * validationFraction).rounded())
            (validation, test) = (0..<count, count..<count + testCount)
        }
        let none = RowSet(universe: rows.universe, bits: [UInt64](repeating: 0, count: (rows.universe + 63) / 64))
        guard validation.count + test.count > 0 else {
            parts = [.train: rows, .validation: none, .test: none]
            return
        }
        let order = Permutation(count: rows.count, key: NoiseKey(seed: seed, epoch: 0, purpose: .split), domain: 0)
        func part(_ places: Range<Int>) -> RowSet {
            places.isEmpty ? none : RowSet(rows) { _, number in places.contains(order[number]) }
        }
        parts = [
            .validation: part(validation), .test: part(test),
            .train: RowSet(rows) { _, number in !validation.contains(order[number]) && !test.contains(order[number]) },
        ]
    }

    /// The rows of a part that a run has.
    package func rows(_ part: Part) -> RowSet { parts[part]! }

    /// The part that a row in use belongs to.
    package func part(ofRow row: Int) -> Part {
        rows(.train).contains(row) ? .train : rows(.validation).contains(row) ? .validation : .test
    }
}
