internal import Randomness
internal import Statistics
internal import Support
internal import Training
internal import VAE

/// How well a model ranks items of rows that it does not see.
final class HeldOutItems: RowFigures {
    let width = HeldOutRanking.width
    private let share: Double
    private let applied: AppliedModel
    private let key: NoiseKey
    private var ranking = HeldOutRanking()

    /// - Parameter share: of a row's items.
    init(share: Double, _ applied: AppliedModel, seed: UInt64) {
        (self.share, self.applied) = (share, applied)
        key = NoiseKey(seed: seed, epoch: 0, purpose: .heldOut)
    }

    func write(_ evaluated: EvaluatedBatch, into column: UnsafeMutablePointer<Float>) {
        let (batch, features) = (evaluated.batch, applied.model.inputSize)
        let (seen, means) = (AlignedBuffer(count: batch.rowCount * features), AlignedBuffer(count: batch.rowCount * features))
        seen.pointer.update(from: batch.input, count: seen.count)
        let held = (0..<batch.rowCount).map { row in
            let own = seen.pointer + row * features
            let held = HeldOutRanking.held((0..<features).filter { own[$0] != 0 }, row: batch.rows[row], share: share, key: key)
            for item in held { own[item] = 0 }
            return held
        }
        var left = batch
        left.input = UnsafePointer(seen.pointer)
        applied[evaluated.worker].reconstruct(left, applied.parameters, into: means.pointer)
        for row in 0..<batch.rowCount {
            var ranking = HeldOutRanking()
            ranking.add(means.pointer + row * features, count: features, seen: seen.pointer + row * features, held: held[row])
            ranking.write(to: column + row * width)
        }
    }

    func add(_ column: UnsafePointer<Float>, rows: Range<Int>) {
        for row in 0..<rows.count { ranking.add(column: column + row * width) }
    }

    func fill(_ report: inout EvaluationReport) {
        let rows = Double(max(ranking.rows, 1))
        report.heldOutRows = ranking.rows
        (report.recallAt20, report.recallAt50) = (ranking.recallAt20 / rows, ranking.recallAt50 / rows)
        report.ndcgAt100 = ranking.gainAt100 / rows
    }
}
