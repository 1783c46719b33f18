/// Scores above which rows count as anomalies: quantiles of the scores of rows that are taken for normal. Used by root alone.
struct ScoreThresholds {
    /// In ascending order.
    let quantiles: [Double]
    /// By score: of each quantile the threshold.
    let values: [[Float]]
    /// The rows that they are quantiles of.
    let rowCount: Int
    /// What rows these are.
    let origin: String

    /// - Parameter scores: by score, the values of the rows.
    init(_ quantiles: [Double], of scores: [[Float]], origin: String) {
        self.quantiles = quantiles
        self.origin = origin
        rowCount = scores.first?.count ?? 0
        values = scores.map { scores in
            let sorted = scores.sorted { $0 < $1 || !$0.isNaN && $1.isNaN }
            return quantiles.map { Self.quantile($0, of: sorted) }
        }
    }

    /// The smallest of the values, which are in ascending order, that a share of at least `q` of them does not exceed (Hyndman & Fan
    /// 1996, definition 1).
    static func quantile(_ q: Double, of sorted: [Float]) -> Float {
        sorted[min(max(Int((q * Double(sorted.count)).rounded(.up)), 1), sorted.count) - 1]
    }

    /// How many of the thresholds of a score a value is above.
    func level(_ value: Float, of score: Int) -> Int { values[score].count { value > $0 } }
}
