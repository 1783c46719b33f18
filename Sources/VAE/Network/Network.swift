/// The layers of a network, in the order in which rows go through; a value without memory, see ``NetworkPass``.
struct Network: Sendable {
    let input: Shape
    let layers: [any Layer]
    /// The layers that begin the blocks.
    let blocks: [Int]
    /// The layers whose outputs are the network's activations: of every block what is behind its operation and its activation.
    let activations: [Int]
    /// The layer at which the way back ends where the rows are data: the first with parameters, whose input nobody wants a gradient of.
    let lowest: Int?
    /// Of a block's parameters, as "encoder/0".
    private let name: String

    var output: Shape { layers.last?.output ?? input }

    /// - Parameters:
    ///   - name: of the network, which the names of its parameters begin with.
    ///   - isFirst: whether its rows are data, with regard to which nobody wants a gradient.
    init(_ specification: NetworkSpecification, _ name: String, isFirst: Bool, _ plan: inout ParameterPlan) {
        (input, self.name) = (specification.input, name)
        var (layers, blocks, activations, lowest) = ([any Layer](), [Int](), [Int](), Int?.none)
        let before = plan.layout.count
        func append(_ layer: any Layer) {
            if isFirst, lowest == nil, plan.layout.count > before { lowest = layers.count }
            layers.append(layer)
        }
        for (index, block) in specification.blocks.enumerated() {
            let (name, ending) = ("\(name)/\(index)", block.ending)
            let shape = layers.last?.output ?? input
            blocks.append(layers.count)
            let isFused = block.operation.isLinear && !ending.normalizesFirst && block.conditions == 0
            append(block.operation.make(shape, isFused ? ending.activation : nil, isFirst && lowest == nil, name, &plan))
            if block.conditions > 0, let linear = layers.last as? any LinearLayer {
                append(ConditionShift(behind: linear, conditions: block.conditions, name, &plan))
            }
            let normalize = ending.normalization.make
            if ending.normalizesFirst, let normalize { append(normalize(layers.last!.output, name, &plan)) }
            if !isFused, let activation = ending.activation {
                append(ActivationLayer(layers.last!.output, activation))
            }
            if !block.operation.isAside || ending.activation != nil { activations.append(layers.count - 1) }
            if !ending.normalizesFirst, let normalize { append(normalize(layers.last!.output, name, &plan)) }
        }
        (self.layers, self.blocks, self.activations, self.lowest) = (layers, blocks, activations, lowest)
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

    /// The network in operators.
    ///
    /// - Parameter x: of the shape ``input``.
    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) throws(NetworkError) -> OperatorGraph.Value {
        var x = x
        for layer in layers {
            x = try layer.export(x, into: &graph)
            precondition(x.shape == layer.output.sizes)
        }
        return x
    }

    /// The layers of a block.
    func layers(ofBlock block: Int) -> ArraySlice<any Layer> {
        layers[blocks[block]..<(block + 1 < blocks.count ? blocks[block + 1] : layers.count)]
    }

    /// The matrix products of a step of training, by the blocks' names.
    var products: [(name: String, product: LayerProduct)] {
        blocks.indices.flatMap { block in layers(ofBlock: block).flatMap(\.products).map { ("\(name)/\(block)\($0.part)", $0) } }
    }

    var termsPerRow: Int { layers.map(\.termsPerRow).max() ?? 1 }

    var couplesRows: Bool { layers.contains(where: \.couplesRows) }

    /// The most values that a row has on its way.
    var widest: Int { layers.reduce(input.count) { max($0, $1.output.count) } }

    func scratchBytes(_ plan: PassPlan) -> Int { layers.reduce(0) { max($0, $1.scratchBytes(plan)) } }
}
