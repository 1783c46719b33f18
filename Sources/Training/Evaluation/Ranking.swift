/// How well a score ranks the rows that are looked for before the others: exact, also where scores are equal.
struct Ranking {
    /// The area under the receiver operating characteristic: how probably one that is looked for has a higher score than one that is
    /// not, half where they are equal (Mann & Whitney 1947).
    let areaUnderROC: Double
    /// The sum over thresholds of the gain in recall times the precision there, as scikit-learn defines it.
    let averagePrecision: Double

    /// - Returns: nil if all rows are of one kind.
    init?(_ scores: [Float], isPositive: [Bool]) {
        let positives = isPositive.count { $0 }
        let negatives = scores.count - positives
        guard positives > 0, negatives > 0 else { return nil }
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var (found, passed) = (0, 0)
        var pairs = 0.0
        var precision = 0.0
        var place = 0
        while place < order.count {
            // Rows with one score are found all at once.
            var (right, wrong) = (0, 0)
            let score = scores[order[place]]
            repeat {
                if isPositive[order[place]] { right += 1 } else { wrong += 1 }
                place += 1
            } while place < order.count && scores[order[place]] == score
            pairs += Double(right) * (Double(negatives - passed - wrong) + 0.5 * Double(wrong))
            found += right
            passed += wrong
            precision += Double(right) / Double(positives) * Double(found) / Double(found + passed)
        }
        areaUnderROC = pairs / Double(positives) / Double(negatives)
        averagePrecision = precision
    }
}
