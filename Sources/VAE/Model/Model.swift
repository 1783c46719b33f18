/// A model on one rank: its layers, where their parameters lie, and the weights as the products of this step want them.
///
/// The encoder's last layer gives the posterior's mean and log variance (for an autoencoder the code itself), the decoder's last
/// layer the likelihood's parameters. All other layers have the activation, and the normalisation behind it.
public final class Model {
    public let configuration: ModelConfiguration
    public let layout: ParameterLayout
    /// The rows that go through the network at once; a shard's larger batch is cut into such pieces.
    public let microBatch: Int

    let engine: Engine
    /// Encoder, then decoder, in the order in which data go through.
    let layers: [Dense]
    /// The layer whose output is the posterior's parameters.
    let posteriorLayer: Int
    var encoder: Range<Int> { 0..<posteriorLayer + 1 }
    var decoder: Range<Int> { posteriorLayer + 1..<layers.count }
    /// The arithmetic of the products.
    public let precision: Precision
    /// W of every layer, where products cannot take the plain parameters.
    let weights: [PackedMatrix?]
    /// Whether gradients can be computed: else the model is to be applied alone, and takes no memory for them.
    let trains: Bool
    /// W transposed, of every layer but the first, of a model that trains.
    let transposed: [PackedMatrix?]
    /// The flat parameters of this step.
    private(set) var parameters: UnsafePointer<Float>?

    /// - Parameter trains: whether gradients are wanted, for which weights are packed and products compiled as well.
    /// - Throws: ``ComputeError``.
    public init(
        _ configuration: ModelConfiguration, microBatch: Int, precision: Precision = .fp32, trains: Bool = true
    ) throws(ComputeError) {
        precondition(microBatch > 0)
        let network = Network(configuration)
        self.precision = precision
        self.configuration = configuration
        self.microBatch = microBatch
        self.trains = trains
        layout = network.layout
        layers = network.layers
        posteriorLayer = network.posteriorLayer

        useOneThread()
        let engine = try Engine()
        self.engine = engine
        var weights: [PackedMatrix?] = []
        var transposed: [PackedMatrix?] = []
        for (index, layer) in layers.enumerated() {
            func pack(_ k: Int, _ n: Int, transposed: Bool) throws(ComputeError) -> PackedMatrix {
                try PackedMatrix(engine: engine, m: microBatch, k: k, n: n, transposed: transposed, precision: precision)
            }
            weights.append(precision == .fp32 ? nil : try pack(layer.inputSize, layer.outputSize, transposed: false))
            transposed.append(index == 0 || !trains ? nil : try pack(layer.outputSize, layer.inputSize, transposed: true))
        }
        self.weights = weights
        self.transposed = transposed
    }

    /// Writes the first parameters: the same on every rank that writes them.
    public func initialize(_ parameters: UnsafeMutablePointer<Float>, seed: UInt64) {
        parameters.update(repeating: 0, count: layout.count)
        for (index, layer) in layers.enumerated() {
            configuration.initialization.fill(
                parameters + layer.weight.lowerBound, inputSize: layer.inputSize, outputSize: layer.outputSize,
                layer: index, seed: seed)
            if let gain = layer.normalization?.gain { (parameters + gain.lowerBound).update(repeating: 1, count: gain.count) }
        }
    }

    /// Takes the parameters of a step; to be called whenever they changed, before workspaces use them.
    public func prepare(_ parameters: UnsafePointer<Float>) {
        self.parameters = parameters
        for (index, layer) in layers.enumerated() {
            weights[index]?.pack(parameters + layer.weight.lowerBound)
            transposed[index]?.pack(parameters + layer.weight.lowerBound)
        }
    }

    /// The values of ``Workspace/activationDifferences(_:into:)`` of a row: the row's own, those of the hidden layers, the code.
    public var activationCount: Int {
        configuration.inputSize + configuration.hiddenSizes.reduce(0, +) + configuration.latentSize
    }

    /// Memory and compiled products for one thread. Throws ``ComputeError``.
    public func makeWorkspace() throws(ComputeError) -> Workspace { try Workspace(self) }
}
