/// A dense layer, y = f(x W + b), perhaps normalised, as its place in the flat buffers; it has no state.
struct Dense: Sendable {
    let inputSize: Int
    let outputSize: Int
    /// nil for layers whose output is used as it is.
    let activation: Activation?
    /// The elements of W `[inputSize, outputSize]` and of b `[outputSize]` in the flat buffer.
    let weight: Range<Int>
    let bias: Range<Int>
    /// What is done behind the activation.
    let normalization: LayerNormalization?
    /// The bias, and gain and shift: their gradients are sums over rows, added up.
    let vectors: [Range<Int>]

    init(
        _ layout: inout ParameterLayout, _ name: String, _ inputSize: Int, _ outputSize: Int, _ activation: Activation?,
        _ normalization: Normalization = .none
    ) {
        self.inputSize = inputSize
        self.outputSize = outputSize
        self.activation = activation
        weight = layout.add("\(name)/weight", [inputSize, outputSize])
        bias = layout.add("\(name)/bias", [outputSize])
        switch normalization {
        case .none: self.normalization = nil
        case .layer: self.normalization = LayerNormalization(&layout, name, outputSize)
        }
        vectors = [bias] + (self.normalization.map { [$0.gain, $0.shift] } ?? [])
    }
}

/// The products of one dense layer for one number of rows.
struct DenseProducts {
    let forward: MatrixProduct
    /// nil of a model that does not train.
    let backward: Backward?

    struct Backward {
        /// The gradient of W, written, and added to what an earlier micro-batch left.
        let weightGradient: MatrixProduct
        let weightGradientAccumulating: MatrixProduct
        /// The gradient of x, with W transposed and packed; nil for the first layer, whose input is data.
        let inputGradient: MatrixProduct?
    }

    /// - Parameter layer: the number of one of the model's layers.
    init(_ model: Model, layer index: Int, rows: Int) throws(ComputeError) {
        let (engine, layer, weights) = (model.engine, model.layers[index], model.weights[index])
        let (inputs, outputs) = (layer.inputSize, layer.outputSize)
        let option = model.precision.option
        forward = try MatrixProduct(
            engine: engine, m: rows, k: inputs, n: outputs, option.union(weights == nil ? .bias : [.bias, .packedB]),
            finish: layer.activation?.fused ?? .none, packed: weights)
        guard model.trains else {
            backward = nil
            return
        }
        var inputGradient: MatrixProduct?
        if let transposed = model.transposed[index] {
            inputGradient = try MatrixProduct(
                engine: engine, m: rows, k: outputs, n: inputs, option.union([.packedB, .transposeB]), packed: transposed)
        }
        backward = Backward(
            weightGradient: try MatrixProduct(engine: engine, m: inputs, k: rows, n: outputs, option.union(.transposeA)),
            weightGradientAccumulating: try MatrixProduct(
                engine: engine, m: inputs, k: rows, n: outputs, option.union([.transposeA, .accumulate])),
            inputGradient: inputGradient)
    }

    var scratchCount: Int {
        [forward, backward?.weightGradient, backward?.weightGradientAccumulating, backward?.inputGradient]
            .compactMap { $0?.scratchCount }.max()!
    }
}
