internal import Randomness
internal import Support
internal import Training
internal import VAE

/// Draws samples of the posterior of some rows again and again.
struct PosteriorSampler {
    private let applied: AppliedModel
    private let seed: UInt64

    init(_ applied: AppliedModel, seed: UInt64) {
        self.applied = applied
        self.seed = seed
    }

    /// Calls `body` with every sample z of a batch `[rowCount, latentSize]` and its logarithmic weights `[rowCount]`.
    ///
    /// The noise of a sample is a function of seed, row and sample.
    func draw(
        _ samples: Int, of batch: Batch, worker: Int, mean: UnsafePointer<Float>,
        logVariance: UnsafePointer<Float>,
        _ body: (_ sample: Int, _ z: UnsafePointer<Float>, _ logWeights: UnsafePointer<Double>) -> Void
    ) {
        let size = batch.rowCount * applied.model.latentSize
        let deviation = AlignedBuffer(count: size)
        let z = AlignedBuffer(count: size)
        for i in 0..<size { deviation.pointer[i] = Elementary.exp(0.5 * logVariance[i]) }
        let logWeights = UnsafeMutablePointer<Double>.allocate(capacity: batch.rowCount)
        defer { logWeights.deallocate() }
        for sample in 0..<samples {
            applied[worker].sampleImportance(
                batch, applied.parameters, noise: NoiseKey(seed: seed, epoch: sample, purpose: .importance), mean: mean,
                logVariance: logVariance, deviation: deviation.pointer, z: z.pointer, logWeights: logWeights)
            body(sample, z.pointer, logWeights)
        }
    }
}
