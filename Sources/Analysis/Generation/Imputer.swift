internal import Randomness
internal import Statistics
internal import Support
internal import Training
internal import VAE

/// What a model makes of the values of rows that it does not see.
struct Imputer {
    private let applied: AppliedModel
    private let seed: UInt64
    /// Of each row.
    private let draws: Int
    /// Of the posterior, that draws are chosen from, and that means are taken over where they are weighted.
    private let samples: Int
    /// Whether means are taken over samples by their importance: of models that were trained so, but tables, whose categories have no mean.
    private let weighsMeans: Bool

    init(_ applied: AppliedModel, _ configuration: Configuration, draws: Int, samples: Int) {
        (self.applied, self.draws, self.samples) = (applied, draws, samples)
        seed = configuration.training.seed
        weighsMeans = configuration.objective.objective == .iwae && configuration.model.likelihoods.isEmpty
    }

    /// Writes the model's means of all values of a batch, `[rows, features]`, and draws of them, `[rows, draws, features]`, as it has them.
    func fill(
        _ batch: Batch, _ worker: Int, mean: UnsafeMutablePointer<Float>, draws drawn: UnsafeMutablePointer<Float>
    ) {
        let (model, rows) = (applied.model, batch.rowCount)
        let (latent, features) = (model.latentSize, model.inputSize)
        let (codes, logVariance) = (AlignedBuffer(count: rows * latent), AlignedBuffer(count: rows * latent))
        applied[worker].encode(batch, applied.parameters, mean: codes.pointer, logVariance: logVariance.pointer)
        if weighsMeans {
            average(batch, worker, mean: codes.pointer, logVariance: logVariance.pointer, into: mean)
        } else {
            applied[worker].decode(
                codes.pointer, rowCount: rows, .ofRows(batch), conditions: batch.conditions, applied.parameters, mean: mean)
        }
        if draws == 0 { return }
        let chosen = resample(batch, worker, mean: codes.pointer, logVariance: logVariance.pointer)
        let value = AlignedBuffer(count: rows * features)
        for draw in 0..<draws {
            applied[worker].drawMissing(
                of: batch, chosen.pointer + draw * rows * latent, applied.parameters,
                noise: NoiseKey(seed: seed, epoch: draw, purpose: .imputation), into: value.pointer)
            for row in 0..<rows {
                (drawn + (row * draws + draw) * features).update(from: value.pointer + row * features, count: features)
            }
        }
    }

    /// The mean of p(x | z) over the posterior's samples by their importance weights (Mattei & Frellsen 2019, equation 12), sample after sample.
    private func average(
        _ batch: Batch, _ worker: Int, mean: UnsafePointer<Float>, logVariance: UnsafePointer<Float>,
        into average: UnsafeMutablePointer<Float>
    ) {
        let (features, rows) = (applied.model.inputSize, batch.rowCount)
        let (value, sums) = (AlignedBuffer(count: rows * features), AlignedMemory<Double>(count: rows * features))
        var weights = [ImportanceWeights](repeating: ImportanceWeights(), count: rows)
        PosteriorSampler(applied, seed: seed).draw(
            samples, of: batch, worker: worker, mean: mean, logVariance: logVariance
        ) { _, z, logWeights in
            applied[worker].decode(
                z, rowCount: rows, .ofRows(batch), conditions: batch.conditions, applied.parameters, mean: value.pointer)
            for row in 0..<rows {
                weights[row].add(logWeights[row])
                // Of all weights so far.
                let share = Elementary.exp(logWeights[row] - weights[row].logSum)
                for i in row * features..<(row + 1) * features {
                    sums.pointer[i] += share * (Double(value.pointer[i]) - sums.pointer[i])
                }
            }
        }
        for i in 0..<rows * features { average[i] = Float(sums.pointer[i]) }
    }

    /// Codes `[draws, rowCount, latentSize]`, each one of the posterior's samples, chosen by its importance weight (Rubin 1987).
    ///
    /// Sample after sample takes each place with its share of the weights so far, so none but the chosen ones are kept.
    private func resample(
        _ batch: Batch, _ worker: Int, mean: UnsafePointer<Float>,
        logVariance: UnsafePointer<Float>
    ) -> AlignedBuffer {
        let (latent, rows) = (applied.model.latentSize, batch.rowCount)
        let chosen = AlignedBuffer(count: draws * rows * latent)
        var weights = [ImportanceWeights](repeating: ImportanceWeights(), count: rows)
        PosteriorSampler(applied, seed: seed).draw(
            samples, of: batch, worker: worker, mean: mean, logVariance: logVariance
        ) { sample, z, logWeights in
            let key = NoiseKey(seed: seed, epoch: sample, purpose: .resampling)
            for row in 0..<rows {
                weights[row].add(logWeights[row])
                let share = Elementary.exp(logWeights[row] - weights[row].logSum)
                for draw in 0..<draws
                where sample == 0 || key.uniform(row: UInt64(batch.rows[row]), index: UInt32(draw)) < share {
                    (chosen.pointer + (draw * rows + row) * latent).update(from: z + row * latent, count: latent)
                }
            }
        }
        return chosen
    }
}
