internal import Datasets
internal import Randomness
internal import Statistics
internal import Support
internal import Training
internal import VAE

/// Computes the anomaly scores of rows. Memory for each worker is taken once.
final class RowScorer {
    /// The scores of a row, in the order of its columns.
    let scores: [AnomalyScore]

    private let applied: AppliedModel
    private let codes: Whitening
    private let activations: Whitening
    private let noise: NoiseKey
    private let sampler: PosteriorSampler
    private let samples: Int
    private let scratch: [Scratch]

    /// - Parameters:
    ///   - codes, activations: of the fitted rows.
    ///   - noise: what the one sample of the posterior is drawn by.
    ///   - samples: of the posterior for ``AnomalyScore/iw``; 0 for none.
    init(
        _ applied: AppliedModel, codes: Whitening, activations: Whitening, noise: NoiseKey, seed: UInt64,
        samples: Int
    ) {
        self.applied = applied
        self.codes = codes
        self.activations = activations
        self.noise = noise
        self.samples = samples
        sampler = PosteriorSampler(applied, seed: seed)
        scores = AnomalyScore.allCases.filter { $0 != .iw || samples > 0 }
        scratch = applied.workers.indices.map { Scratch(applied, worker: $0, codes: codes, activations: activations) }
    }

    /// What a worker needs for a block of rows.
    private final class Scratch {
        let mean: AlignedBuffer
        let logVariance: AlignedBuffer
        let reconstruction: AlignedBuffer
        let kl: AlignedBuffer
        let hidden: HiddenDifferences
        let differences: AlignedBuffer
        let codes: Whitening.Scratch
        let activations: Whitening.Scratch
        let distances: UnsafeMutablePointer<Double>
        var weights: [ImportanceWeights] = []

        init(_ applied: AppliedModel, worker: Int, codes: Whitening, activations: Whitening) {
            let rows = BlockPlan.blockSize
            let latent = applied.model.latentSize
            mean = AlignedBuffer(count: rows * latent)
            logVariance = AlignedBuffer(count: rows * latent)
            reconstruction = AlignedBuffer(count: rows)
            kl = AlignedBuffer(count: rows)
            hidden = HiddenDifferences(applied, worker: worker)
            differences = AlignedBuffer(count: rows * hidden.width)
            self.codes = codes.makeScratch(rows: rows)
            self.activations = activations.makeScratch(rows: rows)
            distances = .allocate(capacity: rows)
        }

        deinit { distances.deallocate() }
    }

    /// Writes the scores of a batch of at most a block of rows, a column each. Every worker has memory of its own.
    func score(_ batch: Batch, worker: Int, into columns: [UnsafeMutablePointer<Float>]) {
        let own = scratch[worker]
        let count = batch.rowCount
        applied[worker].evaluate(
            batch, applied.parameters, noise: noise,
            into: .init(
                mean: own.mean.pointer, logVariance: own.logVariance.pointer, reconstruction: own.reconstruction.pointer,
                kl: own.kl.pointer))
        own.hidden.measure(batch, mean: own.mean.pointer, into: own.differences.pointer)
        for (score, column) in zip(scores, columns) {
            switch score {
            case .reconstruction: column.update(from: own.reconstruction.pointer, count: count)
            case .elbo: for row in 0..<count { column[row] = own.reconstruction.pointer[row] + own.kl.pointer[row] }
            case .mahalanobis:
                codes.squaredDistances(own.mean.pointer, rowCount: count, own.codes, into: own.distances)
                let degrees = Double(max(codes.count - 1, 1))
                for row in 0..<count { column[row] = Float((own.distances[row] * degrees).squareRoot()) }
            // A row's own differences are the first.
            case .squaredError: squareLengths(own, count, first: applied.model.inputSize, into: column)
            case .sap: squareLengths(own, count, first: own.hidden.width, into: column)
            case .nap:
                activations.squaredDistances(
                    own.hidden.whitened(own.differences.pointer, rowCount: count), rowCount: count, own.activations,
                    into: own.distances)
                for row in 0..<count { column[row] = Float(own.distances[row]) }
            case .iw:
                own.weights.removeAll(keepingCapacity: true)
                for _ in 0..<count { own.weights.append(ImportanceWeights()) }
                sampler.draw(
                    samples, of: batch, worker: worker, mean: own.mean.pointer, logVariance: own.logVariance.pointer
                ) { _, _, logWeights in
                    for row in 0..<count { own.weights[row].add(logWeights[row]) }
                }
                for row in 0..<count { column[row] = Float(-own.weights[row].logMean) }
            }
        }
    }

    /// The sum of the squares of each row's first differences.
    private func squareLengths(_ scratch: Scratch, _ rows: Int, first: Int, into sums: UnsafeMutablePointer<Float>) {
        for row in 0..<rows {
            let own = scratch.differences.pointer + row * scratch.hidden.width
            var sum = 0.0
            for i in 0..<first { sum += Double(own[i]) * Double(own[i]) }
            sums[row] = Float(sum)
        }
    }
}
