internal import Statistics
internal import VAE

/// The importance-weighted log-likelihood of rows (Burda et al. 2016, equation 8).
final class LogLikelihoods: RowFigures {
    let width = 2
    private let samples: Int
    private let sampler: PosteriorSampler
    /// The mean over rows, and the sum of the squared deviations from it (West 1979); of the samples' variances.
    private var mean = 0.0
    private var squares = 0.0
    private var variance = 0.0
    private var count = 0.0

    /// - Parameter samples: K, of each row.
    init(samples: Int, _ sampler: PosteriorSampler) { (self.samples, self.sampler) = (samples, sampler) }

    func write(_ evaluated: EvaluatedBatch, into column: UnsafeMutablePointer<Float>) {
        let batch = evaluated.batch
        var weights = [ImportanceWeights](repeating: ImportanceWeights(), count: batch.rowCount)
        sampler.draw(
            samples, of: batch, worker: evaluated.worker, mean: evaluated.mean, logVariance: evaluated.logVariance
        ) { _, _, logWeights in
            for row in 0..<batch.rowCount { weights[row].add(logWeights[row]) }
        }
        for row in 0..<batch.rowCount {
            column[2 * row] = Float(weights[row].logMean)
            column[2 * row + 1] = Float(weights[row].variance)
        }
    }

    func add(_ column: UnsafePointer<Float>, rows: Range<Int>) {
        for row in 0..<rows.count {
            count += 1
            let likelihood = Double(column[2 * row])
            let difference = likelihood - mean
            mean += difference / count
            squares += difference * (likelihood - mean)
            variance += Double(column[2 * row + 1])
        }
    }

    func fill(_ report: inout EvaluationReport) {
        guard count > 0 else { return }
        report.samples = samples
        report.logLikelihood = mean
        report.logLikelihoodError = variance.squareRoot() / count
        report.logLikelihoodRowError = (squares / max(count - 1, 1) / count).squareRoot()
    }
}
