internal import CKernels
package import Randomness

/// What is done to the rows that the encoder of a denoising model sees, while it is trained to give the rows as they were (Vincent
/// et al. 2008, "Extracting and composing robust features with denoising autoencoders", section 2.3).
///
/// It is drawn anew each epoch, as a function of seed, epoch, row and feature.
public struct Corruption: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case none
        /// Normal noise is added.
        case gaussian
        /// Values become 0.
        case masking
        /// Values become the least or the greatest one of their row.
        case saltAndPepper = "salt-and-pepper"
    }

    package let kind: Kind
    /// The standard deviation, in the scale of prepared rows, or the share of the values.
    package let level: Float

    package init(kind: Kind, level: Float) {
        self.kind = kind
        self.level = level
    }

    /// Writes `[rows, features]` corrupted; `noise` gives seed and epoch.
    package func apply(
        _ values: UnsafePointer<Float>, into corrupted: UnsafeMutablePointer<Float>, rowNumbers: UnsafePointer<Int64>, rows: Int,
        features: Int, noise: NoiseKey
    ) {
        let (purpose, epoch) = (NoisePurpose.corruption.rawValue, UInt32(truncatingIfNeeded: noise.epoch))
        switch kind {
        case .none: corrupted.update(from: values, count: rows * features)
        case .gaussian:
            kernel_corrupt_gaussian(corrupted, values, rowNumbers, rows, features, level, noise.seed, purpose, epoch)
        case .masking:
            kernel_corrupt_masking(corrupted, values, rowNumbers, rows, features, level, noise.seed, purpose, epoch)
        case .saltAndPepper:
            kernel_corrupt_salt_and_pepper(corrupted, values, rowNumbers, rows, features, level, noise.seed, purpose, epoch)
        }
    }
}
