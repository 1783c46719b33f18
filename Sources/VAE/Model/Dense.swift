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
    }
}
