/// How well a score ranks the rows that are looked for before the others: exact, also where scores are equal.
package struct Ranking {
    /// The area under the receiver operating characteristic: how probably one that is looked for has a higher score than one that is
    /// not, half where they are equal (Mann & Whitney 1947).
    package let areaUnderROC: Double
    /// The sum over thresholds of the gain in recall times the precision there, as scikit-learn defines it.
    package let averagePrecision: Double

    /// - Parameters:
    ///   - wanted: the scores of the rows that are looked for, in ascending order.
    ///   - others: those of all others, in ascending order.
    /// - Returns: nil if all rows are of one kind.
    package init?(_ wanted: [Float], against others: [Float]) {
        guard !wanted.isEmpty, !others.isEmpty else { return nil }
        var found = 0
        var pairs = 0.0
        var precision = 0.0
        var end = wanted.count
        while end > 0 {
            // Rows with one score are found all at once.
            let score = wanted[end - 1]
            let first = Self.count(in: wanted, upTo: end) { $0 < score }
            let right = end - first
            end = first
            let below = Self.count(in: others, upTo: others.count) { $0 < score }
            let reached = others.count - below
            let equal = Self.count(in: others, upTo: others.count) { $0 <= score } - below
            pairs += Double(right) * (Double(below) + 0.5 * Double(equal))
            found += right
            precision += Double(right) / Double(wanted.count) * Double(found) / Double(found + reached)
        }
        areaUnderROC = pairs / Double(wanted.count) / Double(others.count)
        averagePrecision = precision
    }

    /// How many of the first `end` values, in ascending order, a condition holds for that no later one fulfils.
    private static func count(in values: [Float], upTo end: Int, _ condition: (Float) -> Bool) -> Int {
        var (low, high) = (0, end)
        while low < high {
            let middle = (low + high) / 2
            if condition(values[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
