/// A model: encoder, latent, decoder and likelihood, and where their parameters lie. A value that takes no memory for them.
public struct Model: Sendable {
    public let specification: ModelSpecification
    public let layout: ParameterLayout
    /// The arithmetic of the products.
    public let precision: Precision
    public let latent: any Latent
    public let likelihood: any Likelihood
    let encoder: Network
    let decoder: Network
    /// nil where labels are no matter.
    let classes: ClassNetworks?
    let packings: [Packing]

    public init(_ specification: ModelSpecification, precision: Precision = .fp32) {
        self.specification = specification
        self.precision = precision
        latent =
            specification.classes == nil
            ? specification.latent.make(specification)
            : NormalLatent.withoutPrior(size: specification.latentSize, varianceFloor: specification.varianceFloor)
        likelihood = specification.madeLikelihood
        let headSize = latent.headSize
        let (networks, plan) = ParameterPlan.make { plan in
            let encoder = Network(specification.encoder(outputs: headSize), "encoder", isFirst: true, &plan)
            let decoder = Network(specification.decoder(), "decoder", isFirst: false, &plan)
            return (
                encoder, decoder,
                specification.classes.map { ClassNetworks($0, latentSize: specification.latentSize, &plan) }
            )
        }
        (encoder, decoder, classes, layout, packings) = (networks.0, networks.1, networks.2, plan.layout, plan.packings)
    }

    /// The features of a row.
    public var inputSize: Int { specification.inputSize }
    /// The numbers of a row's conditions.
    public var conditionSize: Int { specification.conditionSize }
    /// The numbers of a code.
    public var latentSize: Int { latent.size }

    /// The most terms that a row gives to a sum of the gradients, such as one for each position of a map.
    public var termsPerRow: Int { max(encoder.termsPerRow, decoder.termsPerRow) }

    /// Whether in training what a row gives depends on the other rows of its shard, so that a shard's rows go through at once.
    public var couplesRows: Bool { encoder.couplesRows || decoder.couplesRows }

    /// The codes that each row has in training.
    public var samples: Int { specification.objective.samples }

    /// How often a row goes through some of its networks in training: once for each code, or for each class.
    public var copies: Int { specification.classes?.count ?? samples }

    /// Whether a shard's rows go through at once in training.
    public var keepsShardsWhole: Bool { couplesRows || copies > 1 }

    /// Why there is no density p(x), in words that continue "the model is"; nil where there is one.
    public var reasonWithoutDensity: String? {
        if !latent.hasPrior { return "a plain autoencoder" }
        if classes != nil { return "of classes, whose prior is a bound itself" }
        // Of the parts of a table it is that, too.
        return likelihood.isDistribution ? nil : "of the likelihood mse"
    }

    /// Writes the first parameters: the same on every rank that writes them.
    public func initialize(_ parameters: UnsafeMutablePointer<Float>, seed: UInt64) {
        parameters.update(repeating: 0, count: layout.count)
        let how = specification.initialization
        encoder.initialize(parameters, how, first: 0, seed: seed)
        decoder.initialize(parameters, how, first: encoder.blocks.count, seed: seed)
        classes?.initialize(parameters, how, first: encoder.blocks.count + decoder.blocks.count, seed: seed)
    }

    /// The rows to take at once where nobody says: 1024, or fewer for wide models, so that a layer's activations take at most 16 MiB, and all of a
    /// pass 256 MiB. A matter of memory alone.
    public var usualMicroBatch: Int {
        let usual = max(32, min(1024, (1 << 22) / widest / 32 * 32))
        return Self.rows(usual) { TrainingPass.byteCount(self, rows: $0, workers: 1, folds: []) }
    }

    /// The same where no gradients are wanted, and at most so many rows.
    public func usualInferenceRows(most: Int) -> Int { Self.rows(most) { Inference.byteCount(self, rows: $0) } }

    /// At most so many rows that take 256 MiB, but one.
    private static func rows(_ most: Int, _ bytes: (_ rows: Int) -> Int) -> Int {
        // What does not grow with the rows does not count.
        let rowBytes = max(1, (bytes(2 * most) - bytes(most)) / most)
        return max(1, min(most, (256 << 20) / rowBytes))
    }

    /// The most values that a row has on its way.
    var widest: Int { max(encoder.widest, decoder.widest, classes?.widest ?? 0) }
}
