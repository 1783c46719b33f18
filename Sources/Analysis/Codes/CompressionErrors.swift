internal import Datasets
internal import Support
internal import Training
internal import VAE

/// How far rows that come back from their codes are from what they were, in the data's scale.
final class CompressionErrors: RowFigures {
    let width = 5
    private let scale: CodeScale
    private let source: DataSource
    private let applied: AppliedModel
    private let preparation: Preparation
    private var squares = 0.0
    private var count = 0.0
    private var largest = 0.0
    private var low = Double.infinity
    private var high = -Double.infinity

    init(_ scale: CodeScale, _ source: DataSource, _ applied: AppliedModel, _ preparation: Preparation) {
        (self.scale, self.source, self.applied, self.preparation) = (scale, source, applied, preparation)
    }

    /// Of values that are there squared errors, their number, the largest error, the least and the largest value.
    func write(_ evaluated: EvaluatedBatch, into column: UnsafeMutablePointer<Float>) {
        let (batch, model) = (evaluated.batch, applied.model)
        let (rows, features) = (batch.rowCount, model.inputSize)
        let (codes, means) = (AlignedBuffer(count: rows * model.latentSize), AlignedBuffer(count: rows * features))
        codes.pointer.update(from: evaluated.mean, count: codes.count)
        scale.round(codes.pointer, rows: rows)
        applied[evaluated.worker].decode(
            codes.pointer, rowCount: rows, .ofRows(batch), conditions: batch.conditions, applied.parameters, mean: means.pointer)
        let truth = preparation.restore(batch.input, rows: rows, features: features)
        let found = preparation.restore(means.pointer, rows: rows, features: features)
        for row in 0..<rows {
            var (squares, count, largest, low, high) = (0.0, 0.0, 0.0, Double.infinity, -Double.infinity)
            for i in row * features..<(row + 1) * features where batch.mask?[i] ?? 1 != 0 {
                let difference = abs(found.pointer[i] - truth.pointer[i])
                squares += difference * difference
                count += 1
                largest = max(largest, difference)
                (low, high) = (min(low, truth.pointer[i]), max(high, truth.pointer[i]))
            }
            for (i, figure) in [squares, count, largest, low, high].enumerated() { column[row * width + i] = Float(figure) }
        }
    }

    func add(_ column: UnsafePointer<Float>, rows: Range<Int>) {
        for row in 0..<rows.count {
            let own = column + row * width
            squares += Double(own[0])
            count += Double(own[1])
            largest = max(largest, Double(own[2]))
            (low, high) = (min(low, Double(own[3])), max(high, Double(own[4])))
        }
    }

    func fill(_ report: inout EvaluationReport) {
        let model = applied.model
        // Besides the codes, the sum of counts, the conditions, and the sum that rows were brought from.
        let besides = (model.likelihood.takesCounts ? 4 : 0) + 4 * model.conditionSize + (preparation.librarySize > 0 ? 8 : 0)
        let rowBytes = Double(scale.type.size * model.latentSize + besides)
        let peak = source.format.numbers == .pixel ? 1 : high - low
        let mean = squares / max(count, 1)
        report.compression = Compression(
            dtype: scale.type.rawValue, rowBytes: rowBytes, ratio: source.storedRowBytes / rowBytes,
            rootMeanSquaredError: mean.squareRoot(), largestError: largest, psnr: 10 * Elementary.log10(peak * peak / mean))
    }
}
