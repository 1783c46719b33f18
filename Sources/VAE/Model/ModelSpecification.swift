/// What a model is made of: a pure value, of which ``Model`` makes the layers.
public struct ModelSpecification: Sendable, Equatable {
    public var latent: LatentKind
    /// The number of features of a row.
    public var inputSize: Int
    /// Whether values may be missing: the encoder gets the mask beside the values.
    public var seesMask: Bool
    /// The encoder's hidden layers; the decoder has the same in reverse. May be empty: a linear model. Of no account where there are ``networks``.
    public var hiddenSizes: [Int]
    /// Encoder and decoder of other layers; nil for dense ones.
    public var networks: ModelNetworks?
    public var latentSize: Int
    /// The numbers of a row's conditions, 0 for none, and which networks know of them.
    public var conditionSize = 0
    public var conditionPlace = ConditionPlace.both
    /// Added to the variances of the posterior.
    public var varianceFloor: Float = 0
    /// Of the Dirichlet distribution that the prior of ``LatentKind/logisticNormal`` is like.
    public var concentration: Float = 1
    public var activation: Activation
    public var normalization: Normalization
    public var likelihood: LikelihoodName
    public var likelihoodSettings: LikelihoodSettings
    /// Of tables, whose columns have likelihoods of their own in place of ``likelihood``; empty for others. Then there are no ``networks``.
    public var parts: [ColumnPart] = []
    public var initialization: Initialization
    /// What rows with labels are of; nil where labels are no matter. The latent is a normal one then.
    public var classes: ClassSpecification?
    /// What training lowers.
    public var objective = Objective.evidence

    /// - Precondition: all sizes and the scale are positive; networks were made for such rows, mask and likelihood.
    public init(
        latent: LatentKind, inputSize: Int, seesMask: Bool = false, hiddenSizes: [Int], latentSize: Int,
        networks: ModelNetworks? = nil, activation: Activation = .relu, normalization: Normalization = .none,
        likelihood: LikelihoodName = .bernoulli, likelihoodSettings: LikelihoodSettings = LikelihoodSettings(),
        initialization: Initialization = .glorot
    ) {
        precondition(inputSize > 0 && latentSize > 0 && hiddenSizes.allSatisfy { $0 > 0 } && likelihoodSettings.scale > 0)
        precondition(networks == nil || networks!.shape.count == inputSize)
        self.latent = latent
        self.inputSize = inputSize
        self.seesMask = seesMask
        self.hiddenSizes = hiddenSizes
        self.latentSize = latentSize
        self.networks = networks
        self.activation = activation
        self.normalization = normalization
        self.likelihood = likelihood
        self.likelihoodSettings = likelihoodSettings
        self.initialization = initialization
    }

    /// Where the parameters of such a model lie; takes no memory for them.
    public func layout() -> ParameterLayout { Model(self).layout }

    /// - Parameter outputs: of the encoder for a row, as the latent wants them.
    func encoder(outputs: Int) -> NetworkSpecification {
        let input = Shape(seesMask ? 2 * inputSize : inputSize)
        var network =
            networks?.encoder(outputs: outputs) ?? .dense(input, hiddenSizes + [outputs], activation, normalization)
        if !parts.isEmpty { network.blocks.insert(Block(.columns(parts, seesMask: seesMask)), at: 0) }
        return conditionPlace == .decoder ? network : network.conditioned(conditionSize)
    }

    /// The likelihood with its settings.
    var madeLikelihood: any Likelihood { parts.isEmpty ? likelihood.make(likelihoodSettings) : MixedLikelihood(parts) }

    /// To what the likelihood wants for a row.
    func decoder() -> NetworkSpecification {
        let likelihood = madeLikelihood
        var decoder: NetworkSpecification
        if let networks {
            decoder = NetworkSpecification(Shape(latentSize), networks.decoder)
        } else {
            let sizes = hiddenSizes.reversed() + [likelihood.decoderSize(features: inputSize)]
            decoder = .dense(Shape(latentSize), sizes, activation, normalization)
        }
        if conditionPlace != .encoder { decoder = decoder.conditioned(conditionSize) }
        let shared = likelihood.sharedHeads
        if !shared.isEmpty {
            decoder.blocks.append(Block(.sharedHeads(shared, features: inputSize, conditions: conditionSize)))
        }
        return decoder
    }
}

/// The networks that know of a row's conditions.
public enum ConditionPlace: String, Sendable, CaseIterable {
    /// So that codes need not say what the conditions say, as Sohn et al. 2015.
    case both
    case encoder
    /// As scVI does it by default: codes of rows whose conditions are not known to the encoder.
    case decoder
}
