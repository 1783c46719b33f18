internal import CKernels
internal import Datasets
internal import Support
internal import Training
internal import VAE

/// How far the encoder sees a row from its reconstruction: the row itself, every hidden layer's activations and the code, minus the same of
/// the mean of p(x | z) at the posterior's mean (Kim et al. 2020, RaPP, section 3).
///
/// Activations are taken before they are normalised: layer normalisation takes away each row's mean and length, which tell rows apart, as
/// the batch normalisation of RaPP's network does not.
final class HiddenDifferences {
    /// Of a row: the row's own values, those of the hidden layers, the code.
    let width: Int
    /// Those of them, or of their means, that are whitened.
    let whitenedWidth: Int
    /// nil where they are whitened as they are.
    private let pooling: DifferencePooling?
    private let pooled: AlignedBuffer?
    private let applied: AppliedModel
    private let inference: Inference
    /// What the decoder makes of a code, and what the encoder sees of it beside the mask.
    private let reconstruction: AlignedBuffer
    private let joined: AlignedBuffer?
    private let code: AlignedBuffer

    /// - Parameters:
    ///   - applied: for whole blocks.
    ///   - worker: whose thread it is for.
    init(_ applied: AppliedModel, worker: Int) {
        self.applied = applied
        inference = applied[worker]
        let (model, rows) = (applied.model, BlockPlan.blockSize)
        precondition(inference.capacity >= rows)
        let hidden = inference.encoderActivations.dropLast().map(\.shape)
        width = hidden.reduce(model.inputSize + model.latentSize) { $0 + $1.count }
        pooling = DifferencePooling(
            inputSize: model.inputSize, hidden: hidden, latentSize: model.latentSize, most: Self.mostWhitened)
        whitenedWidth = pooling?.output ?? width
        pooled = pooling.map { AlignedBuffer(count: rows * $0.output) }
        reconstruction = AlignedBuffer(count: rows * model.inputSize)
        joined = model.specification.seesMask ? AlignedBuffer(count: 2 * rows * model.inputSize) : nil
        code = AlignedBuffer(count: rows * model.latentSize)
    }

    /// The most values of a row that are whitened: the matrix of their products must be diagonalised.
    private static let mostWhitened = TestVariable.mostWhitened.numbers.first ?? 6144

    /// What is whitened of differences that ``measure(_:mean:into:)`` gave, `[rowCount, whitenedWidth]`; there until it is called again.
    func whitened(_ differences: UnsafePointer<Float>, rowCount: Int) -> UnsafePointer<Float> {
        guard let pooling, let pooled else { return differences }
        pooling.pool(differences, rowCount: rowCount, into: pooled.pointer)
        return UnsafePointer(pooled.pointer)
    }

    /// Writes the differences of a batch that has just gone through the encoder of this worker.
    ///
    /// - Parameters:
    ///   - mean: of the posteriors, `[rowCount, latentSize]`.
    ///   - differences: `[rowCount, width]`; 0 for missing values.
    /// - Precondition: the batch has a block of rows at most.
    func measure(_ batch: Batch, mean: UnsafePointer<Float>, into differences: UnsafeMutablePointer<Float>) {
        let rows = batch.rowCount
        let count = rows * applied.model.inputSize
        let values = reconstruction.pointer
        add(batch.input, mean, rows: rows, sign: 1, to: differences, isFirst: true)
        inference.decode(mean, rowCount: rows, .ofRows(batch), conditions: batch.conditions, applied.parameters, mean: values)
        var seen = batch
        (seen.input, seen.encoderInput) = (UnsafePointer(values), nil)
        if let mask = batch.mask, let joined {
            for i in 0..<count { values[i] *= mask[i] }
            kernel_join_mask(values, mask, joined.pointer, rows, applied.model.inputSize)
            seen.encoderInput = UnsafePointer(joined.pointer)
        }
        inference.encode(seen, applied.parameters, mean: code.pointer)
        add(values, code.pointer, rows: rows, sign: -1, to: differences, isFirst: false)
    }

    /// Adds rows and what the encoder made of them, times a sign, to `[rows, width]`.
    private func add(
        _ input: UnsafePointer<Float>, _ code: UnsafePointer<Float>, rows: Int, sign: Float,
        to target: UnsafeMutablePointer<Float>, isFirst: Bool
    ) {
        var place = 0
        func add(_ values: UnsafePointer<Float>, size: Int) {
            for row in 0..<rows {
                let (values, target) = (values + row * size, target + row * width + place)
                for i in 0..<size { target[i] = (isFirst ? 0 : target[i]) + sign * values[i] }
            }
            place += size
        }
        add(input, size: applied.model.inputSize)
        for activations in inference.encoderActivations.dropLast() { add(activations.values, size: activations.shape.count) }
        add(code, size: applied.model.latentSize)
    }
}
