internal import Foundation
internal import Support

/// How two divisions of the same rows agree.
package struct Agreement {
    private let table: [[Double]]
    private let count: Double

    /// - Parameters:
    ///   - first, second: each row's part, from 0.
    package init(_ first: [Int], _ second: [Int]) {
        var table = [[Double]](
            repeating: [Double](repeating: 0, count: (second.max() ?? 0) + 1), count: (first.max() ?? 0) + 1)
        for (a, b) in zip(first, second) { table[a][b] += 1 }
        self.table = table
        count = Double(first.count)
    }

    private var rows: [Double] { table.map { $0.reduce(0, +) } }
    private var columns: [Double] { table[0].indices.map { column in table.reduce(0) { $0 + $1[column] } } }

    /// In nats.
    package var mutualInformation: Double {
        let (rows, columns) = (rows, columns)
        var sum = 0.0
        for (i, row) in table.enumerated() {
            for (j, n) in row.enumerated() where n > 0 { sum += n / count * Elementary.log(n * count / (rows[i] * columns[j])) }
        }
        return max(sum, 0)
    }

    private func entropy(_ counts: [Double]) -> Double {
        counts.reduce(0) { $1 > 0 ? $0 - $1 / count * Elementary.log($1 / count) : $0 }
    }

    /// Of the second division, in nats.
    package var secondEntropy: Double { entropy(columns) }

    /// Mutual information by the mean of both entropies; 1 for two divisions into one part each.
    package var normalizedMutualInformation: Double {
        let mean = (entropy(rows) + entropy(columns)) / 2
        return mean > 0 ? mutualInformation / mean : 1
    }

    /// The Rand index, adjusted so that it is 0 on average for divisions at random (Hubert & Arabie 1985, equation 5).
    package var adjustedRandIndex: Double {
        func pairs(_ counts: [Double]) -> Double { counts.reduce(0) { $0 + $1 * ($1 - 1) / 2 } }
        let together = pairs(table.flatMap { $0 })
        let (a, b, all) = (pairs(rows), pairs(columns), count * (count - 1) / 2)
        let (expected, most) = (a * b / max(all, 1), (a + b) / 2)
        return most == expected ? 1 : (together - expected) / (most - expected)
    }
}
