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

/// Divides the rows of one data set into training, validation and test rows: a function of the seed and the row alone, with exact
/// numbers of rows, and without memory for a list.
struct Split: Sendable {
    let rowCount: Int
    let validationCount: Int
    let testCount: Int
    private let order: Permutation

    init(rowCount: Int, validationFraction: Double, testFraction: Double, seed: UInt64) {
        self.rowCount = rowCount
        validationCount = Int((Double(rowCount) * validationFraction).rounded())
        testCount = Int((Double(rowCount) * testFraction).rounded())
        order = Permutation(count: rowCount, key: NoiseKey(seed: seed, epoch: 0, purpose: .split), domain: 0)
    }

    /// The part that a row belongs to.
    func part(ofRow row: Int) -> Part {
        if validationCount + testCount == 0 { return .train }
        let place = order[row]
        if place < validationCount { return .validation }
        return place < validationCount + testCount ? .test : .train
    }

    func count(_ part: Part) -> Int {
        switch part {
        case .train: rowCount - validationCount - testCount
        case .validation: validationCount
        case .test: testCount
        }
    }

    /// The rows of a part that are numbers `range` among its rows, in the data set's order.
    func rows(_ part: Part, _ range: Range<Int>) -> [Int64] {
        if count(part) == rowCount { return range.map(Int64.init) }
        var rows: [Int64] = []
        rows.reserveCapacity(range.count)
        var number = 0
        for row in 0..<rowCount where self.part(ofRow: row) == part {
            if range.contains(number) { rows.append(Int64(row)) }
            number += 1
            if number == range.upperBound { break }
        }
        return rows
    }
}
