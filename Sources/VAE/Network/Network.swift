/// The layers of a network, in the order in which rows go through; a value without memory, see ``NetworkPass``.
struct Network: Sendable {
    let input: Shape
    let layers: [any Layer]
    /// The layers that begin the blocks, whose outputs are the network's activations.
    let blocks: [Int]

    var output: Shape { layers.last!.output }

    /// - Parameters:
    ///   - name: of the network, which the names of its parameters begin with.
    ///   - isFirst: whether its rows are data, with regard to which nobody wants a gradient.
    init(_ specification: NetworkSpecification, _ name: String, isFirst: Bool, _ plan: inout ParameterPlan) {
        input = specification.input
        var (shape, layers, blocks) = (specification.input, [any Layer](), [Int]())
        for (index, block) in specification.blocks.enumerated() {
            let name = "\(name)/\(index)"
            blocks.append(layers.count)
            layers.append(block.operation.make(shape, block.activation, isFirst && index == 0, name, &plan))
            shape = layers.last!.output
            if let normalize = block.normalization.make { layers.append(normalize(shape, name, &plan)) }
        }
        (self.layers, self.blocks) = (layers, blocks)
    }

    /// Writes the first parameters of all layers.
    ///
    /// - Parameter first: the number of the first block among the model's.
    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, first: Int, seed: UInt64) {
        for (index, layer) in layers.enumerated() {
            let block = blocks.lastIndex { $0 <= index }!
            layer.initialize(parameters, how, number: first + block, seed: seed)
        }
    }

    /// The most values that a row has on its way.
    var widest: Int { layers.reduce(input.count) { max($0, $1.output.count) } }

    func scratchBytes(_ plan: PassPlan) -> Int { layers.reduce(0) { max($0, $1.scratchBytes(plan)) } }
}
