internal import CKernels

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
    /// Of the weights that are packed for the products of training.
    public func packedByteCount(_ precision: Precision) -> Int {
        Network(self).layers.enumerated().reduce(0) { sum, layer in
            let (index, layer) = layer
            let transposed = PackedMatrix.byteCount(k: layer.outputSize, n: layer.inputSize, precision)
            return sum + PackedMatrix.byteCount(k: layer.inputSize, n: layer.outputSize, precision)
                + (index == 0 ? 0 : transposed)
        }
    }

    /// Of what is kept of so many rows, see ``Workspace``.
    public func workspaceByteCount(rows: Int, trains: Bool) -> Int {
        var perRow = 0
        let layers = Network(self).layers
        for (index, layer) in layers.enumerated() {
            // The output, and the gradient with regard to it.
            var copies = trains && index < layers.count - 1 ? 2 : 1
            if layer.activation?.needsInput == true { copies += 1 }
            if layer.normalization != nil { copies += trains ? 3 : 1 }
            perRow += 4 * copies * layer.outputSize
        }
        return rows * (perRow + 4 * (trains ? 3 : 2) * latentSize + 16)
    }

    /// Of the memory of each thread that shares the gradients of such rows.
    public func gradientScratchByteCount(_ folds: [ShardFold], _ precision: Precision) -> Int {
        Network(self).layers.reduce(0) { most, layer in
            folds.reduce(most) {
                max($0, kernel_weight_gradient_scratch(precision.kernel, $1.kernel, layer.inputSize, layer.outputSize))
            }
        }
    }
}
