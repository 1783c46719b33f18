/// A set of the rows of a data set, in order: a bit a row, and counts to find the n-th of them at once.
package struct RowSet: Sendable {
    /// The rows of the data set.
    package let universe: Int
    /// The rows in the set.
    package let count: Int
    /// Empty if all rows are in the set.
    private let bits: [UInt64]
    /// The rows of the set before each group of words.
    private let before: [Int]
    private static let wordsPerGroup = 16

    /// All rows.
    package init(all count: Int) {
        universe = count
        self.count = count
        bits = []
        before = []
    }

    /// The rows of another set that a condition, asked once for each, holds for; `number` counts the other set's rows.
    package init(_ rows: RowSet, where isIncluded: (_ row: Int, _ number: Int) -> Bool) {
        var bits = [UInt64](repeating: 0, count: (rows.universe + 63) / 64)
        var number = 0
        for row in 0..<rows.universe where rows.contains(row) {
            if isIncluded(row, number) { bits[row / 64] |= 1 << UInt64(row % 64) }
            number += 1
        }
        self.init(universe: rows.universe, bits: bits)
    }

    /// The rows whose bits are set; bits beyond `universe` must not be.
    package init(universe: Int, bits: [UInt64]) {
        var before: [Int] = []
        var count = 0
        for (index, word) in bits.enumerated() {
            if index % Self.wordsPerGroup == 0 { before.append(count) }
            count += word.nonzeroBitCount
        }
        self.universe = universe
        self.count = count
        self.bits = count == universe ? [] : bits
        self.before = count == universe ? [] : before
    }

    package func contains(_ row: Int) -> Bool { bits.isEmpty || bits[row / 64] & 1 << UInt64(row % 64) != 0 }

    /// The rows numbered `range` among those of the set.
    package func rows(_ range: Range<Int>) -> [Int64] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        if bits.isEmpty { return range.map(Int64.init) }
        if range.isEmpty { return [] }
        // The last group that begins at or before the first row wanted.
        var (low, high) = (0, before.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if before[middle] <= range.lowerBound { low = middle } else { high = middle }
        }
        var found: [Int64] = []
        found.reserveCapacity(range.count)
        var number = before[low]
        var word = low * Self.wordsPerGroup
        while found.count < range.count {
            var rest = bits[word]
            while rest != 0, found.count < range.count {
                if number >= range.lowerBound { found.append(Int64(word * 64 + rest.trailingZeroBitCount)) }
                number += 1
                rest &= rest - 1
            }
            word += 1
        }
        return found
    }

    /// The set as bits, whole words.
    package var words: [UInt64] {
        if !bits.isEmpty { return bits }
        var words = [UInt64](repeating: .max, count: (universe + 63) / 64)
        if universe % 64 != 0 { words[words.count - 1] = 1 << UInt64(universe % 64) - 1 }
        return words
    }
}
