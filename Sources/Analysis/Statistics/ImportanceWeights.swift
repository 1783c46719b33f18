internal import Foundation
internal import Randomness
internal import Support
internal import Training
internal import VAE

/// Sums of importance weights, sample after sample, in a form that cannot overflow.
package struct ImportanceWeights {
    /// The largest logarithm so far, and the sums of the weights and their squares relative to it.
    private var largest = -Double.infinity
    private var sum = 0.0
    private var squares = 0.0
    private var count = 0

    package init() {}

    package mutating func add(_ logWeight: Double) {
        count += 1
        // Not a weight that can be compared: it makes all of the sum one.
        guard logWeight > -.infinity else { return }
        if logWeight > largest {
            let factor = Elementary.exp(largest - logWeight)
            sum *= factor
            squares *= factor * factor
            largest = logWeight
        }
        let weight = Elementary.exp(logWeight - largest)
        sum += weight
        squares += weight * weight
    }

    /// The logarithm of the weights' sum.
    package var logSum: Double { largest + Elementary.log(sum) }

    /// The logarithm of the weights' mean.
    package var logMean: Double { logSum - Elementary.log(Double(count)) }

    /// The variance of ``logMean``, by the delta method; needs two samples.
    package var variance: Double {
        let k = Double(count)
        return max(0, (k * squares / (sum * sum) - 1) / (k - 1))
    }
}

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
