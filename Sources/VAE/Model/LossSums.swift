/// Sums over rows of the parts of the loss, in nats.
public struct LossSums: Sendable, Equatable, BitwiseCopyable {
    /// Of -log p(x | z) with one z from the posterior, summed over features.
    public var reconstruction: Double
    /// Of KL(q(z | x) || p(z)), summed over latents.
    public var kl: Double
    /// Of the rows' weights, which the sums are taken with.
    public var weight: Double
    public var rowCount: Int

    public init(reconstruction: Double = 0, kl: Double = 0, weight: Double = 0, rowCount: Int = 0) {
        self.reconstruction = reconstruction
        self.kl = kl
        self.weight = weight
        self.rowCount = rowCount
    }

    public static func += (sums: inout LossSums, other: LossSums) {
        sums.reconstruction += other.reconstruction
        sums.kl += other.kl
        sums.weight += other.weight
        sums.rowCount += other.rowCount
    }

    public var isFinite: Bool { reconstruction.isFinite && kl.isFinite }
}

/// Rows to work on.
public struct Batch {
    /// `[rowCount, inputSize]`
    public var input: UnsafePointer<Float>
    /// `[rowCount, 2 inputSize]`, values and mask, for a model that sees which values are missing; else nil.
    public var encoderInput: UnsafePointer<Float>?
    /// `[rowCount, inputSize]`: 1 for values that are there, 0 for missing ones; nil if none are missing.
    public var mask: UnsafePointer<Float>?
    /// `[rowCount]`: how much each row counts.
    public var weights: UnsafePointer<Float>
    public var rowCount: Int
    /// The row of the data set that each is; it keys the row's noise.
    public var rows: UnsafePointer<Int64>

    public init(
        input: UnsafePointer<Float>, encoderInput: UnsafePointer<Float>? = nil, mask: UnsafePointer<Float>? = nil,
        weights: UnsafePointer<Float>, rowCount: Int, rows: UnsafePointer<Int64>
    ) {
        self.input = input
        self.encoderInput = encoderInput
        self.mask = mask
        self.weights = weights
        self.rowCount = rowCount
        self.rows = rows
    }

    func slice(_ range: Range<Int>, inputSize: Int) -> Batch {
        Batch(
            input: input + range.lowerBound * inputSize,
            encoderInput: encoderInput.map { $0 + 2 * range.lowerBound * inputSize },
            mask: mask.map { $0 + range.lowerBound * inputSize }, weights: weights + range.lowerBound,
            rowCount: range.count, rows: rows + range.lowerBound)
    }
}
