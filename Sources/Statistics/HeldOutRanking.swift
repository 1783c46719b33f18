package import Randomness
internal import Support

/// How well a model that sees some of a row's items (clicks, words) ranks the others that the row has: Recall@20, Recall@50 and NDCG@100 as Liang et al.
/// 2018, "Variational autoencoders for collaborative filtering", section 4.2, define them.
package struct HeldOutRanking {
    /// The floats that ``write(to:)`` writes.
    package static let width = 4

    /// Rows of at least two items, and the sums of their figures.
    package private(set) var rows = 0
    package private(set) var recallAt20 = 0.0
    package private(set) var recallAt50 = 0.0
    package private(set) var gainAt100 = 0.0

    package init() {}

    /// Which of a row's items the model does not see: a share of them, rounded down but one at least, drawn by the key; none of fewer than two.
    package static func held(_ items: [Int], row: Int64, share: Double, key: NoiseKey) -> [Int] {
        guard items.count > 1 else { return [] }
        let drawn = items.map { (key.uniform(row: UInt64(row), index: UInt32($0)), $0) }.sorted { $0 < $1 }
        return drawn.prefix(max(1, Int(share * Double(items.count)))).map(\.1)
    }

    /// Takes a row.
    ///
    /// - Parameters:
    ///   - scores: of all items; of equal ones the first is ranked higher.
    ///   - seen: other than 0 for the items that the model saw, which are not ranked.
    ///   - held: the items that are looked for, of which the model saw none.
    package mutating func add(_ scores: UnsafePointer<Float>, count: Int, seen: UnsafePointer<Float>, held: [Int]) {
        guard !held.isEmpty else { return }
        func precedes(_ a: Int, _ b: Int) -> Bool { scores[a] == scores[b] ? a < b : scores[a] > scores[b] }
        let wanted = held.sorted(by: precedes)
        // By the place among those looked for, the items that come before it and not before the one ahead of it.
        var before = [Int](repeating: 0, count: wanted.count)
        for item in 0..<count where seen[item] == 0 {
            var (low, high) = (0, wanted.count)
            while low < high {
                let middle = (low + high) / 2
                if precedes(item, wanted[middle]) { high = middle } else { low = middle + 1 }
            }
            if low < wanted.count { before[low] += 1 }
        }
        var rank = 0
        let ranks = before.map { count in
            rank += count
            return rank
        }
        rows += 1
        func recall(_ most: Int) -> Double { Double(ranks.count { $0 < most }) / Double(min(most, wanted.count)) }
        recallAt20 += recall(20)
        recallAt50 += recall(50)
        func gain(_ ranks: some Sequence<Int>) -> Double {
            // The base of the logarithms does not matter to the ratio.
            ranks.reduce(0.0) { $1 < 100 ? $0 + 1 / Elementary.log(Double($1 + 2)) : $0 }
        }
        gainAt100 += gain(ranks) / gain(0..<wanted.count)
    }

    /// As floats, for a column of one row's figures.
    package func write(to column: UnsafeMutablePointer<Float>) {
        for (i, value) in [Double(rows), recallAt20, recallAt50, gainAt100].enumerated() { column[i] = Float(value) }
    }

    /// Adds such floats.
    package mutating func add(column: UnsafePointer<Float>) {
        rows += Int(column[0])
        recallAt20 += Double(column[1])
        recallAt50 += Double(column[2])
        gainAt100 += Double(column[3])
    }
}
