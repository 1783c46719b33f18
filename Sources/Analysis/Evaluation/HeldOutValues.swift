internal import CKernels
internal import Randomness
internal import Statistics
internal import Support
internal import Training
internal import VAE

/// How near a model that knows of missing values comes to values that it does not see, and whether its draws of them are as wide as they should be: of a
/// value and 19 draws each of the 20 ranks of the value is as probable, where draws are from the value's distribution (Talts et al. 2018, "Validating Bayesian
/// inference algorithms with simulation-based calibration", section 4).
final class HeldOutValues: RowFigures {
    /// Values, their squared errors, those within the middle 10 and 18 ranks.
    let width = 4
    private static let draws = 19
    private static let samples = 1000

    private let share: Double
    private let applied: AppliedModel
    private let imputer: Imputer
    private let hasDraws: Bool
    private let key: NoiseKey
    private var sums = (count: 0.0, squares: 0.0, half: 0.0, most: 0.0)

    /// - Parameters:
    ///   - share: of a row's values that are there.
    ///   - hasDraws: whether anything can be drawn from the model.
    init(share: Double, _ applied: AppliedModel, _ configuration: Configuration, hasDraws: Bool) {
        (self.share, self.applied, self.hasDraws) = (share, applied, hasDraws)
        imputer = Imputer(applied, configuration, draws: hasDraws ? Self.draws : 0, samples: Self.samples)
        key = NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .heldOut)
    }

    func write(_ evaluated: EvaluatedBatch, into column: UnsafeMutablePointer<Float>) {
        // Draws of a few rows at a time, which may be long.
        let most = max(1, (1 << 20) / (Self.draws * applied.model.inputSize))
        for first in stride(from: 0, to: evaluated.batch.rowCount, by: most) {
            let rows = first..<min(first + most, evaluated.batch.rowCount)
            write(evaluated.batch, rows, evaluated.worker, into: column + first * width)
        }
    }

    private func write(_ batch: Batch, _ rows: Range<Int>, _ worker: Int, into column: UnsafeMutablePointer<Float>) {
        let features = applied.model.inputSize
        let (first, count) = (rows.lowerBound * features, rows.count * features)
        let (seen, mask) = (AlignedBuffer(count: count), AlignedBuffer(count: count))
        seen.pointer.update(from: batch.input + first, count: count)
        mask.pointer.update(from: batch.mask! + first, count: count)
        let held = rows.indices.map { row in
            let own = (row - rows.lowerBound) * features
            let there = (0..<features).filter { mask.pointer[own + $0] != 0 }
            let held = HeldOutRanking.held(there, row: batch.rows[row], share: share, key: key)
            for feature in held { mask.pointer[own + feature] = 0 }
            return held
        }
        let joined = AlignedBuffer(count: 2 * count)
        kernel_join_mask(seen.pointer, mask.pointer, joined.pointer, rows.count, features)
        let left = Batch(
            input: seen.pointer, encoderInput: joined.pointer, mask: mask.pointer,
            conditions: batch.conditions.map { $0 + rows.lowerBound * applied.model.conditionSize },
            weights: batch.weights + rows.lowerBound, rowCount: rows.count, rows: batch.rows + rows.lowerBound)
        let draws = hasDraws ? Self.draws : 0
        let (mean, drawn) = (AlignedBuffer(count: count), AlignedBuffer(count: max(1, draws * count)))
        imputer.fill(left, worker, mean: mean.pointer, draws: drawn.pointer)
        for (index, row) in rows.enumerated() {
            let figures = column + index * width
            figures.update(repeating: 0, count: width)
            for feature in held[index] {
                let value = batch.input[row * features + feature]
                let difference = mean.pointer[index * features + feature] - value
                figures[0] += 1
                figures[1] += difference * difference
                let others = (0..<draws).map { drawn.pointer[(index * draws + $0) * features + feature] }
                // Where draws are equal to the value, as counts are, its place among them is drawn.
                let uniform = key.uniform(row: UInt64(batch.rows[row]), index: UInt32(features + feature))
                let (below, equal) = (others.count { $0 < value }, others.count { $0 == value })
                let rank = below + min(equal, Int(uniform * Double(equal + 1)))
                if (5..<15).contains(rank) { figures[2] += 1 }
                if (1..<19).contains(rank) { figures[3] += 1 }
            }
        }
    }

    func add(_ column: UnsafePointer<Float>, rows: Range<Int>) {
        for row in 0..<rows.count {
            let own = column + row * width
            sums.count += Double(own[0])
            sums.squares += Double(own[1])
            sums.half += Double(own[2])
            sums.most += Double(own[3])
        }
    }

    func fill(_ report: inout EvaluationReport) {
        let count = max(sums.count, 1)
        report.heldOutValues = Int(sums.count)
        report.imputedError = sums.squares / count
        if hasDraws { (report.imputedCoverage50, report.imputedCoverage90) = (sums.half / count, sums.most / count) }
    }
}
