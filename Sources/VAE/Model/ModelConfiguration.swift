/// The kind of model: presets of posterior and objective.
public enum ModelKind: String, Codable, Sendable, CaseIterable {
    /// A plain autoencoder: a deterministic code, no prior.
    case autoencoder = "ae"
    /// A variational autoencoder (Kingma & Welling 2014) with diagonal Gaussian posterior and standard normal prior; with a beta
    /// other than 1 a beta-VAE (Higgins et al. 2017).
    case variational = "vae"
}

/// The network and what it models.
public struct ModelConfiguration: Codable, Sendable, Equatable {
    public var kind: ModelKind
    /// The number of features of a row.
    public var inputSize: Int
    /// Whether values may be missing: the encoder gets the mask beside the values.
    public var seesMask: Bool
    /// The encoder's hidden layers; the decoder has the same in reverse. May be empty: a linear model.
    public var hiddenSizes: [Int]
    public var latentSize: Int
    public var activation: Activation
    public var normalization: Normalization
    public var likelihood: Likelihood
    /// The standard deviation of the likelihood `gaussian`.
    public var likelihoodScale: Float
    public var initialization: Initialization

    /// - Precondition: all sizes and the scale are positive.
    public init(
        kind: ModelKind, inputSize: Int, seesMask: Bool = false, hiddenSizes: [Int], latentSize: Int,
        activation: Activation = .relu, normalization: Normalization = .none,
        likelihood: Likelihood = .bernoulli, likelihoodScale: Float = 1, initialization: Initialization = .glorot
    ) {
        precondition(inputSize > 0 && latentSize > 0 && hiddenSizes.allSatisfy { $0 > 0 } && likelihoodScale > 0)
        self.kind = kind
        self.inputSize = inputSize
        self.seesMask = seesMask
        self.hiddenSizes = hiddenSizes
        self.latentSize = latentSize
        self.activation = activation
        self.normalization = normalization
        self.likelihood = likelihood
        self.likelihoodScale = likelihoodScale
        self.initialization = initialization
    }

    /// The rows to take at once where nobody says: 1024, or fewer for wide models, so that a layer's activations take at most 16 MiB. A matter
    /// of memory alone.
    public var usualMicroBatch: Int {
        let widest = max(
            hiddenSizes.max() ?? 0, seesMask ? 2 * inputSize : 0, inputSize * likelihood.outputsPerFeature, latentSize)
        return max(32, min(1024, (1 << 22) / widest / 32 * 32))
    }
}
