/// A model on one rank: its layers, where their parameters lie, and the weights as the products of this step want them.
///
/// The encoder's last layer gives the posterior's mean and log variance (for an autoencoder the code itself), the decoder's last
/// layer the likelihood's parameters. All other layers have the activation, and the normalisation behind it.
public final class Model {
    public let configuration: ModelConfiguration
    public let layout: ParameterLayout
    /// Encoder, then decoder, in the order in which data go through.
    let layers: [Dense]
    /// The layer whose output is the posterior's parameters.
    let posteriorLayer: Int
    var encoder: Range<Int> { 0..<posteriorLayer + 1 }
    var decoder: Range<Int> { posteriorLayer + 1..<layers.count }
    /// The arithmetic of the products.
    public let precision: Precision
    /// W of every layer.
    let weights: [PackedMatrix]
    /// Whether gradients can be computed: else the model is to be applied alone, and takes no memory for them.
    let trains: Bool
    /// W transposed, of every layer but the first, of a model that trains.
    let transposed: [PackedMatrix?]
    /// The flat parameters of this step.
    private(set) var parameters: UnsafePointer<Float>?

    /// - Parameter trains: whether gradients are wanted, for which weights are packed and memory is taken as well.
    public init(_ configuration: ModelConfiguration, precision: Precision = .fp32, trains: Bool = true) {
        let network = Network(configuration)
        self.precision = precision
        self.configuration = configuration
        self.trains = trains
        layout = network.layout
        layers = network.layers
        posteriorLayer = network.posteriorLayer
        weights = layers.map { PackedMatrix(k: $0.inputSize, n: $0.outputSize, transposed: false, precision: precision) }
        transposed = layers.enumerated().map { index, layer in
            index == 0 || !trains
                ? nil : PackedMatrix(k: layer.outputSize, n: layer.inputSize, transposed: true, precision: precision)
        }
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
    ///
    /// - Parameter member: of threads that share the work; all must have done their part before one goes on.
    public func prepare(_ parameters: UnsafePointer<Float>, by member: TeamMember = .alone) {
        if member.worker == 0 { self.parameters = parameters }
        for (index, layer) in layers.enumerated() {
            weights[index].pack(parameters + layer.weight.lowerBound, part: member.worker, of: member.count)
            transposed[index]?.pack(parameters + layer.weight.lowerBound, part: member.worker, of: member.count)
        }
    }

    /// The values of ``Workspace/activationDifferences(_:into:)`` of a row: the row's own, those of the hidden layers, the code.
    public var activationCount: Int {
        configuration.inputSize + configuration.hiddenSizes.reduce(0, +) + configuration.latentSize
    }

    /// Memory for so many rows at once, for one thread or for some that share it.
    public func makeWorkspace(rows: Int, workers: Int = 1) -> Workspace { Workspace(self, rows: rows, workers: workers) }
}
