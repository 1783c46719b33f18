internal import CKernels

/// What random numbers are for; each purpose has numbers of its own.
public enum NoisePurpose: UInt16, Sendable {
    /// Samples of the posterior while training.
    case training = 1
    /// Samples of the posterior in validation and evaluation.
    case validation = 2
    /// The order of a shard's rows in an epoch.
    case shuffle = 3
    /// The division of rows into training, validation and test rows.
    case split = 4
    /// The first parameters.
    case initialization = 5
    /// Draws of rows that are taken for probabilities.
    case binarization = 6
    /// Samples of the posterior that are weighted by importance; the epoch is the sample.
    case importance = 7
    /// Rows that are looked at in place of all.
    case subsample = 8
    /// The division of rows for a probe of the code.
    case probe = 9
    /// The first centres of clusters; the epoch is the attempt.
    case clustering = 10
    /// Which samples are drawn again; the epoch is the sample.
    case resampling = 11
    /// Draws of missing values; the epoch is the draw.
    case imputation = 12
    /// Second codes of rows by classes, while training and in validation and evaluation.
    case classes = 13
    case classesValidation = 14
    /// Items of rows that are held out, to be ranked.
    case heldOut = 15
    /// What a denoising model's encoder sees in place of its rows, while training.
    case corruption = 20
    /// Codes that are drawn to be decoded.
    case generation = 21
    /// Which component of a mixture each of these codes is from.
    case component = 22

    /// What a layer of dropout drops; each layer has a number of its own. Above all others.
    public static func dropout(_ layer: Int) -> UInt16 { 256 + UInt16(layer) }
}

/// Names a set of random numbers: together with a row and an index it gives a number, without any state.
///
/// The generator is Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4.3): the seed is
/// its key; row, purpose, epoch and index make its counter.
public struct NoiseKey: Sendable, Equatable {
    public var seed: UInt64
    public var epoch: Int
    public var purpose: NoisePurpose

    public init(seed: UInt64, epoch: Int, purpose: NoisePurpose) {
        self.seed = seed
        self.epoch = epoch
        self.purpose = purpose
    }

    /// Fills `noise[rows, size]` with standard normal numbers, a function of key, row and column.
    public func fillNormal(
        _ noise: UnsafeMutablePointer<Float>, rows: UnsafePointer<Int64>, rowCount: Int, size: Int
    ) {
        kernel_normal(noise, rows, rowCount, size, seed, purpose.rawValue, UInt32(truncatingIfNeeded: epoch))
    }

    /// A number in 0..<1 for an index of a row, a multiple of 2^-53.
    public func uniform(row: UInt64, index: UInt32) -> Double {
        let words = words(row: row, index: index)
        return Double((UInt64(words.x) << 32 | UInt64(words.y)) >> 11) * 0x1p-53
    }

    /// Four random words for an index of a row.
    package func words(row: UInt64, index: UInt32) -> Philox.Block {
        Philox.block(
            counter: Philox.Block(
                index, UInt32(truncatingIfNeeded: row),
                UInt32(truncatingIfNeeded: row >> 32) | UInt32(purpose.rawValue) << 16,
                UInt32(truncatingIfNeeded: epoch)),
            key: seed)
    }
}

/// The counter-based generator Philox 4x32-10.
package enum Philox {
    package typealias Block = SIMD4<UInt32>

    /// The random block that belongs to a counter.
    package static func block(counter: Block, key: UInt64) -> Block {
        var words = (counter.x, counter.y, counter.z, counter.w)
        withUnsafeMutableBytes(of: &words) {
            kernel_philox(
                $0.baseAddress!.assumingMemoryBound(to: UInt32.self), UInt32(truncatingIfNeeded: key),
                UInt32(truncatingIfNeeded: key >> 32))
        }
        return Block(words.0, words.1, words.2, words.3)
    }
}
