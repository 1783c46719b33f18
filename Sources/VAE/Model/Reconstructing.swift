extension Workspace {
    /// The mean of p(x | z) at every row's code, the posterior's mean: what the model takes a row for.
    ///
    /// - Parameter mean: `[rowCount, inputSize]`, in the scale of prepared rows.
    public func reconstruct(_ batch: Batch, into mean: UnsafeMutablePointer<Float>) {
        let c = model.configuration
        forEachPiece(of: batch) { piece, first in
            run(model.encoder, on: piece.encoderInput ?? piece.input, 0..<piece.rowCount)
            copyCode(rows: piece.rowCount, to: z.pointer)
            decode(z.pointer, rowCount: piece.rowCount, mean: mean + first * c.inputSize)
        }
    }
}
