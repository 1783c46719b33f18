internal import Support
internal import VAE

/// The squared error of what the model takes rows for, per value that is there.
final class SquaredErrors: RowFigures {
    let width = 2
    private let features: Int
    private let isDistribution: Bool
    private var squares = 0.0
    private var seen = 0.0
    private var count = 0.0

    /// - Parameter isDistribution: whether the loss is one of a density, and so one of bits.
    init(features: Int, isDistribution: Bool) { (self.features, self.isDistribution) = (features, isDistribution) }

    func write(_ evaluated: EvaluatedBatch, into column: UnsafeMutablePointer<Float>) {
        let batch = evaluated.batch
        for row in 0..<batch.rowCount {
            var (squares, seen) = (0.0, 0.0)
            for i in row * features..<(row + 1) * features {
                let weight = Double(batch.mask?[i] ?? 1)
                let difference = Double(evaluated.expected[i]) - Double(batch.input[i])
                squares += weight * difference * difference
                seen += weight
            }
            column[2 * row] = Float(squares)
            column[2 * row + 1] = Float(seen)
        }
    }

    func add(_ column: UnsafePointer<Float>, rows: Range<Int>) {
        for row in 0..<rows.count {
            squares += Double(column[2 * row])
            seen += Double(column[2 * row + 1])
        }
        count += Double(rows.count)
    }

    func fill(_ report: inout EvaluationReport) {
        report.meanSquaredError = squares / max(seen, 1)
        if isDistribution, seen > 0 { report.bitsPerDimension = -report.elbo / (seen / count * Elementary.log(2)) }
    }
}
