/// The layers of a model and their places in the flat buffers.
struct Network {
    let layout: ParameterLayout
    let layers: [Dense]
    let posteriorLayer: Int

    init(_ c: ModelConfiguration) {
        var (layout, layers) = (ParameterLayout(), [Dense]())
        func add(_ part: String, from inputSize: Int, hidden: [Int], to outputSize: Int) {
            let sizes = [inputSize] + hidden + [outputSize]
            for (index, (inputs, outputs)) in zip(sizes, sizes.dropFirst()).enumerated() {
                let isLast = index == hidden.count
                layers.append(
                    Dense(
                        &layout, "\(part)/\(index)", inputs, outputs, isLast ? nil : c.activation,
                        isLast ? .none : c.normalization))
            }
        }
        let codeSize = c.kind == .variational ? 2 * c.latentSize : c.latentSize
        add("encoder", from: c.seesMask ? 2 * c.inputSize : c.inputSize, hidden: c.hiddenSizes, to: codeSize)
        posteriorLayer = layers.count - 1
        add(
            "decoder", from: c.latentSize, hidden: c.hiddenSizes.reversed(),
            to: c.inputSize * c.likelihood.outputsPerFeature)
        (self.layout, self.layers) = (layout, layers)
    }
}

extension ModelConfiguration {
    /// Where the parameters of such a model lie; takes no memory for them.
    public var layout: ParameterLayout { Network(self).layout }
}

/// What a model takes of memory, in bytes.
extension ModelConfiguration {
    /// Of the weights that are packed for the products.
    public func packedByteCount(_ precision: Precision) -> Int {
        let layers = Network(self).layers
        let weights = layers.reduce(0) { $0 + $1.weight.count }
        // All but the first transposed; where they are rounded, all as they are as well.
        let transposed = weights - layers[0].weight.count
        return precision == .bf16 ? 2 * (weights + transposed) : 4 * transposed
    }

    /// Of what a thread keeps of so many rows, see ``Workspace``.
    public func workspaceByteCount(microBatch rows: Int, _ precision: Precision) -> Int {
        var perRow = 0
        let layers = Network(self).layers
        for layer in layers {
            // The output and the gradient with regard to it.
            perRow += 8 * layer.outputSize
            if layer.activation?.needsInput == true { perRow += 4 * layer.outputSize }
            if layer.normalization != nil { perRow += 4 * layer.outputSize }
            if precision == .bf16 { perRow += 2 * layer.inputSize }
        }
        let widest = layers.map(\.outputSize).max()!
        if precision == .bf16 { perRow += 2 * widest }
        return rows * (perRow + 12 * latentSize + 16) + 4 * widest
    }
}
