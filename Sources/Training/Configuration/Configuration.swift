public import Datasets
internal import Distributed
package import VAE

/// Everything a run is made of, by sections. Each section has its properties, with their defaults, and its keys in a file of its own.
public struct Configuration: Sendable, Equatable {
    public var data = Data()
    public var preparation = Preparation()
    public var model = Model()
    public var objective = Objective()
    public var optimizer = Optimizer()
    public var training = Training()
    public var run = Run()

    public init() {}
}

extension Configuration.Data {
    /// Takes the generated shapes in a file for data, and makes sure that something of them is validated on.
    package mutating func takeShapes(_ path: String) {
        data = "\(path):/data"
        if validationFraction == 0, folds == 0 { validationFraction = 0.1 }
    }

    /// Whether there are rows to validate on.
    public var hasValidation: Bool { data.isEmpty || folds > 0 || validationFraction > 0 || !validationData.isEmpty }
}

/// What the parts of the program are made from.
extension Configuration {
    /// What is done to the encoder's rows while training; nil for nothing.
    var corruption: Corruption? {
        model.corruption == .none ? nil : Corruption(kind: model.corruption, level: Float(model.corruptionLevel))
    }

    var optimizerConfiguration: OptimizerConfiguration {
        OptimizerConfiguration(
            kind: optimizer.optimizer, momentum: Float(optimizer.momentum), beta1: Float(optimizer.beta1),
            beta2: Float(optimizer.beta2), epsilon: Float(optimizer.epsilon), weightDecay: Float(optimizer.weightDecay))
    }
}

extension Configuration.Model {
    var likelihoodSettings: LikelihoodSettings {
        LikelihoodSettings(
            scale: Float(likelihoodScale), variance: variance, dispersion: dispersion, degrees: Float(degrees),
            categories: max(categories, 2), components: components)
    }

    /// The likelihood with its settings.
    package var madeLikelihood: any Likelihood { likelihood.make(likelihoodSettings) }
}

extension Preparation {
    /// That of a configuration.
    ///
    /// - Parameters:
    ///   - scaling: as a checkpoint has it.
    ///   - parts: the columns of a table; nil where all have one likelihood.
    package init(_ configuration: Configuration, parts: TableParts? = nil, scaling: FeatureScaling? = nil) {
        self.init(
            configuration.preparation, support: parts == nil ? configuration.model.madeLikelihood.support : nil,
            columns: parts?.rules(configuration.preparation), scaling: scaling)
    }
}

extension Split {
    /// The division that a configuration asks for.
    package init(_ rows: RowSet, _ configuration: Configuration) {
        let data = configuration.data
        self.init(
            rows, validation: data.validationFraction, test: data.testFraction,
            fold: data.folds > 0 ? (data.fold, data.folds) : nil,
            seed: configuration.training.seed)
    }
}
