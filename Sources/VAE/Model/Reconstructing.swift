extension Workspace {
    /// The mean of p(x | z) at every row's code, the posterior's mean: what the model takes a row for.
    ///
    /// - Parameter mean: `[rowCount, inputSize]`, in the scale of prepared rows.
    public func reconstruct(_ batch: Batch, into mean: UnsafeMutablePointer<Float>) {
        let c = model.configuration
        for first in stride(from: 0, to: batch.rowCount, by: model.microBatch) {
            let piece = batch.slice(first..<min(first + model.microBatch, batch.rowCount), inputSize: c.inputSize)
            _ = run(
                model.encoder, on: piece.encoderInput ?? piece.input, rows: piece.rowCount, products(rows: piece.rowCount))
            copyCode(rows: piece.rowCount, to: z.pointer)
            decode(z.pointer, rowCount: piece.rowCount, mean: mean + first * c.inputSize)
        }
    }
}
