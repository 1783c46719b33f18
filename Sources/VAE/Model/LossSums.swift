/// Sums over rows of the parts of the loss, in nats.
public struct LossSums: Sendable, Equatable, BitwiseCopyable {
    /// Of -log p(x | z) with one z from the posterior, summed over features.
    public var reconstruction: Double
    /// Of KL(q(z | x) || p(z)), summed over latents.
    public var kl: Double
    public var rowCount: Int

    public init(reconstruction: Double = 0, kl: Double = 0, rowCount: Int = 0) {
        self.reconstruction = reconstruction
        self.kl = kl
        self.rowCount = rowCount
    }

    public static func += (sums: inout LossSums, other: LossSums) {
        sums.reconstruction += other.reconstruction
        sums.kl += other.kl
        sums.rowCount += other.rowCount
    }

    public var isFinite: Bool { reconstruction.isFinite && kl.isFinite }
}

/// Rows to work on.
public struct Batch {
    /// `[rowCount, inputSize]`
    public var input: UnsafePointer<Float>
    public var rowCount: Int
    /// The row of the data set that each is; it keys the row's noise.
    public var rows: UnsafePointer<Int64>

    public init(input: UnsafePointer<Float>, rowCount: Int, rows: UnsafePointer<Int64>) {
        self.input = input
        self.rowCount = rowCount
        self.rows = rows
    }

    func slice(_ range: Range<Int>, inputSize: Int) -> Batch {
        Batch(
            input: input + range.lowerBound * inputSize, rowCount: range.count, rows: rows + range.lowerBound)
    }
}
