public import Distributed
public import VAE

/// Everything a run is made of. Keys of the TOML file, of `--set section.key=value`, and flags have the same names.
public struct Configuration: Sendable, Equatable {
    public struct Data: Sendable, Equatable {
        /// `file.h5` or `file.h5:/path`; empty for the generated shapes.
        public var data = ""
        public var validationData = ""
        public var testData = ""
        /// What else is used of the files.
        public var options = DataOptions()
        public var validationFraction = 0.0
        public var testFraction = 0.0
        /// Parts of the rows for cross-validation, 0 for none, and the one, from 1, that is validated on; 0 for all in turn.
        public var folds = 0
        public var fold = 0
    }

    /// What is done to every row before the model sees it, in this order.
    public struct Preparation: Sendable, Equatable {
        public var missing = Missing.error
        /// The sum that each row is scaled to; 0 for none.
        public var librarySize = 0.0
        public var transform = Transform.none
        public var scale = Scale.none
        public var scaleBy = ScaleBy.feature
        /// The largest absolute value that is kept; 0 for no limit.
        public var clip = 0.0
        public var binarize = Binarize.none
        /// Above it the fixed binarisation gives 1.
        public var threshold = 0.5

        /// What values that are not numbers (NaN) mean.
        public enum Missing: String, Sendable, CaseIterable {
            case error
            /// Values that are missing: the encoder sees which, and they count for nothing in the likelihood.
            case mask
            /// Rows to leave out.
            case drop
        }

        public enum Transform: String, Sendable, CaseIterable {
            case none, log1p
        }

        public enum Scale: String, Sendable, CaseIterable {
            case none
            /// To mean 0 and standard deviation 1 over the training rows.
            case standardize
            /// To 0...1 between the training rows' least and largest value; other rows are cut to it.
            case minMax = "min-max"
        }

        public enum ScaleBy: String, Sendable, CaseIterable {
            case feature, global
        }

        public enum Binarize: String, Sendable, CaseIterable {
            case none
            /// By the threshold.
            case fixed
            /// Drawn anew each epoch, with the values as probabilities (Salakhutdinov & Murray 2008, section 4).
            case dynamic
        }
    }

    public struct Model: Sendable, Equatable {
        public var model = Preset.vae
        public var hidden = [400]
        public var latent = 20
        public var likelihood = LikelihoodName.bernoulli
        public var likelihoodScale = 1.0
        public var activation = Activation.relu
        public var normalization = Normalization.none
        public var initialization = Initialization.glorot
        public var corruption = Corruption.Kind.none
        /// A standard deviation, or the share of the values that are corrupted.
        public var corruptionLevel = 0.3

        /// Kinds of models by the names that people know them by.
        public enum Preset: String, Sendable, CaseIterable {
            case ae, vae
            /// A plain autoencoder that restores rows from corrupted ones (Vincent et al. 2008); without a kind of corruption gaussian.
            case denoising

            var latent: LatentKind { self == .vae ? .normal : .deterministic }
        }
    }

    public struct Objective: Sendable, Equatable {
        public var beta = 1.0
        public var betaSchedule = BetaSchedule.Shape.constant
        public var betaWarmupEpochs = 0.0
        public var betaCycles = 4
    }

    public struct Optimizer: Sendable, Equatable {
        public var optimizer = OptimizerKind.adam
        public var lr = 1e-3
        public var momentum = 0.0
        public var beta1 = 0.9
        public var beta2 = 0.999
        public var epsilon = 1e-8
        public var weightDecay = 0.0
        /// 0 for no clipping.
        public var clipNorm = 0.0
        public var schedule = LearningRateSchedule.Shape.constant
        public var warmupSteps = 0
        public var lrFinalFactor = 0.1
        public var lrStepEpochs = 10
    }

    public struct Training: Sendable, Equatable {
        public var epochs = 10
        public var globalBatch = 1024
        /// V; 0 chooses 8, or the number of ranks if that is larger, or what the checkpoint has.
        public var shards = 0
        /// 0 chooses by the width of the model.
        public var microBatch = 0
        /// 0 chooses by the size of a row.
        public var mixingRows = 0
        public var seed: UInt64 = 1
        public var precision = Precision.fp32
        public var wire = WireFormat.fp32
        /// Epochs without a better figure after which training ends; 0 for never.
        public var earlyStopping = 0
    }

    public struct Run: Sendable, Equatable {
        public var output = "runs/default"
        public var reduction = ReductionKind.ordered
        /// 0 for the processors of the rank.
        public var threads = 0
        /// Bytes for the rows of a rank; 0 for what is free.
        public var memory = 0
        /// 0 for as many as there are threads.
        public var readerThreads = 0
        /// `auto`, `never`, or a checkpoint.
        public var resume = "auto"
        /// 0 for no limit.
        public var maxSteps = 0
        /// Seconds after which to save and stop; 0 for no limit, nil for the end of the Slurm job.
        public var timeLimit: Int?
        /// 0 for as often as it costs little.
        public var checkpointEveryEpochs = 0
        public var checkpointEverySteps = 0
        /// 0 for none.
        public var checkpointEveryMinutes = 10.0
        public var keep = 2
        /// Steps whose multiples are saved and kept; 0 for none.
        public var keepEvery = 0
        /// Seconds; 0 for never.
        public var timeout = 600
        /// Steps between comparisons of the ranks' parameters; 0 for none.
        public var checkReplicas = 1000
        /// Whether the page about the run is written at its end.
        public var report = true
    }

    public var data = Data()
    public var preparation = Preparation()
    public var model = Model()
    public var objective = Objective()
    public var optimizer = Optimizer()
    public var training = Training()
    public var run = Run()

    public init() {}
}

/// How gradients are summed.
public enum ReductionKind: String, Sendable, CaseIterable {
    /// The same bits on any number of ranks.
    case ordered
    /// MPI_Allreduce, as a reference to compare with.
    case allreduce
}

extension Configuration.Data {
    /// Takes the generated shapes in a file for data, and makes sure that something of them is validated on.
    mutating func takeShapes(_ path: String) {
        data = "\(path):/data"
        if validationFraction == 0, folds == 0 { validationFraction = 0.1 }
    }

    /// Whether there are rows to validate on.
    public var hasValidation: Bool { data.isEmpty || folds > 0 || validationFraction > 0 || !validationData.isEmpty }
}

/// What the parts of the program are made from.
extension Configuration {
    func modelSpecification(inputSize: Int) -> ModelSpecification {
        ModelSpecification(
            latent: model.model.latent, inputSize: inputSize, seesMask: preparation.missing == .mask, hiddenSizes: model.hidden,
            latentSize: model.latent,
            activation: model.activation, normalization: model.normalization, likelihood: model.likelihood,
            likelihoodScale: Float(model.likelihoodScale),
            initialization: model.initialization)
    }

    /// What is done to the encoder's rows while training; nil for nothing.
    var corruption: Corruption? {
        let kind = model.corruption == .none && model.model == .denoising ? .gaussian : model.corruption
        return kind == .none ? nil : Corruption(kind: kind, level: Float(model.corruptionLevel))
    }

    var optimizerConfiguration: OptimizerConfiguration {
        OptimizerConfiguration(
            kind: optimizer.optimizer, momentum: Float(optimizer.momentum), beta1: Float(optimizer.beta1),
            beta2: Float(optimizer.beta2), epsilon: Float(optimizer.epsilon), weightDecay: Float(optimizer.weightDecay))
    }

    func learningRateSchedule(stepsPerEpoch: Int) -> LearningRateSchedule {
        LearningRateSchedule(
            shape: optimizer.schedule, rate: optimizer.lr, warmupSteps: optimizer.warmupSteps,
            finalFactor: optimizer.lrFinalFactor, interval: optimizer.lrStepEpochs * stepsPerEpoch)
    }

    func betaSchedule(stepsPerEpoch: Int) -> BetaSchedule {
        BetaSchedule(
            shape: objective.betaSchedule, beta: objective.beta,
            warmupSteps: Int(objective.betaWarmupEpochs * Double(stepsPerEpoch)), cycles: objective.betaCycles,
            totalSteps: stepsPerEpoch * training.epochs)
    }
}
