/// A dense layer, y = f(x W + b), as its place in the flat buffers; it has no state.
struct Dense: Sendable {
    let inputSize: Int
    let outputSize: Int
    /// nil for layers whose output is used as it is.
    let activation: Activation?
    /// The elements of W `[inputSize, outputSize]` and of b `[outputSize]` in the flat buffer.
    let weight: Range<Int>
    let bias: Range<Int>

    init(_ layout: inout ParameterLayout, _ name: String, _ inputSize: Int, _ outputSize: Int, _ activation: Activation?) {
        self.inputSize = inputSize
        self.outputSize = outputSize
        self.activation = activation
        weight = layout.add("\(name)/weight", [inputSize, outputSize])
        bias = layout.add("\(name)/bias", [outputSize])
    }
}

/// The products of one dense layer for one number of rows.
struct DenseProducts {
    let forward: MatrixProduct
    /// The gradient of W, written, and added to what an earlier micro-batch left.
    let weightGradient: MatrixProduct
    let weightGradientAccumulating: MatrixProduct
    /// The gradient of x, with W transposed and packed; nil for the first layer, whose input is data.
    let inputGradient: MatrixProduct?

    init(engine: Engine, layer: Dense, rows: Int, transposed: PackedMatrix?) throws(ComputeError) {
        let (inputs, outputs) = (layer.inputSize, layer.outputSize)
        forward = try MatrixProduct(
            engine: engine, m: rows, k: inputs, n: outputs, .bias, finish: layer.activation?.fused ?? .none)
        weightGradient = try MatrixProduct(engine: engine, m: inputs, k: rows, n: outputs, .transposeA)
        weightGradientAccumulating = try MatrixProduct(
            engine: engine, m: inputs, k: rows, n: outputs, [.transposeA, .accumulate])
        if let transposed {
            inputGradient = try MatrixProduct(
                engine: engine, m: rows, k: outputs, n: inputs, [.packedB, .transposeB], packed: transposed)
        } else {
            inputGradient = nil
        }
    }

    var scratchCount: Int {
        [forward, weightGradient, weightGradientAccumulating, inputGradient ?? forward].map(\.scratchCount).max()!
    }
}
