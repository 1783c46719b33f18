internal import VAE

/// Figures of rows that `evaluate` adds up besides the loss: each row gives some numbers, which root adds in the rows' order. A new one is a file beside
/// this one and a line in ``TrainedModel/evaluate(_:_:_:)``.
protocol RowFigures: AnyObject {
    /// The numbers that a row gives.
    var width: Int { get }

    /// Writes those of a batch, `[rows, width]`. Called by several workers at a time.
    func write(_ batch: EvaluatedBatch, into column: UnsafeMutablePointer<Float>)

    /// Adds those of some rows, by their numbers in the selection. Used by root alone. Throws ``Failure``.
    func add(_ column: UnsafePointer<Float>, rows: Range<Int>) throws

    /// Says what came out, when the loss has been filled in.
    func fill(_ report: inout EvaluationReport)
}

/// A batch of rows and what a model makes of it.
struct EvaluatedBatch {
    let batch: Batch
    let worker: Int
    /// Of the posterior, `[rows, latents]`.
    let mean: UnsafePointer<Float>
    let logVariance: UnsafePointer<Float>
    /// The mean of p(x | z) at the posterior's mean, `[rows, features]`, in the scale of prepared rows.
    let expected: UnsafePointer<Float>
}
