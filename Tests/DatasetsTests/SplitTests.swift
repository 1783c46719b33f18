import Datasets
import Testing

/// The division of rows: exact numbers, every row once, and folds of which each row is validated in one.
struct SplitTests {
    /// The rows of training, validation and test.
    private func rows(_ split: Split) -> [[Int64]] {
        [Part.train, .validation, .test].map { part in
            let set = split.rows(part)
            return set.rows(0..<set.count)
        }
    }

    private static let sets = [
        RowSet(all: 1), RowSet(all: 10), RowSet(all: 997), RowSet(RowSet(all: 2000)) { row, _ in row % 3 == 0 },
    ]

    @Test(arguments: sets.indices, [(0.0, 0.0), (0.1, 0), (0, 0.25), (0.2, 0.2), (0.5, 0.5), (0.05, 0.001)])
    func fractions(set: Int, fractions: (validation: Double, test: Double)) {
        let all = Self.sets[set]
        let split = Split(all, validation: fractions.validation, test: fractions.test, fold: nil, seed: 3)
        let parts = rows(split)
        let (validation, test) = (Double(all.count) * fractions.validation, Double(all.count) * fractions.test)
        #expect(parts[1].count == Int(validation.rounded()))
        // Of an odd number of rows two halves are one too many: the test has what is left.
        #expect(parts[2].count == min(Int(test.rounded()), all.count - parts[1].count))
        #expect(parts.flatMap { $0 }.sorted() == all.rows(0..<all.count), "every row is in one part")
        for (part, rows) in zip([Part.train, .validation, .test], parts) {
            #expect(rows.allSatisfy { split.part(ofRow: Int($0)) == part })
        }
    }

    @Test(arguments: sets.indices.dropFirst(), [(2, 0.0), (3, 0), (5, 0.1), (7, 0.33), (10, 0)])
    func folds(set: Int, folds: (count: Int, test: Double)) {
        let all = Self.sets[set]
        let splits = (1...folds.count).map {
            rows(Split(all, validation: 0.9, test: folds.test, fold: (number: $0, of: folds.count), seed: 5))
        }
        let tested = splits[0][2]
        #expect(tested.count == Int((Double(all.count) * folds.test).rounded()))
        #expect(splits.allSatisfy { $0[2] == tested }, "the test rows are those of all folds")
        let sizes = splits.map { $0[1].count }
        #expect(sizes.max()! - sizes.min()! <= 1, "\(sizes)")
        #expect((tested + splits.flatMap { $0[1] }).sorted() == all.rows(0..<all.count), "every other row is validated on once")
        for parts in splits { #expect(parts.flatMap { $0 }.sorted() == all.rows(0..<all.count)) }
    }

    /// The seed draws, and draws from all rows.
    @Test func theSeedDecides() {
        func validation(_ seed: UInt64) -> [Int64] {
            rows(Split(RowSet(all: 1000), validation: 0.1, test: 0.1, fold: nil, seed: seed))[1]
        }
        #expect(validation(1) == validation(1) && validation(1) != validation(2))
        // The mean of 100 of 1000 has the standard deviation sqrt(1000^2 / 12 / 100 * 0.9).
        for seed in 0..<20 {
            let mean = validation(UInt64(seed)).reduce(0) { $0 + Double($1) } / 100
            #expect(abs(mean - 499.5) < 5 * 27.4, "\(mean)")
        }
    }
}
