public import Distributed
public import VAE

extension Configuration {
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

        package static let keys = ConfigurationKey.section(
            "optimizer",
            .choice("optimizer", \.optimizer.optimizer, .decides, "optimiser"),
            .number(
                "lr", \.optimizer.lr, [.above(0)], .decides, "learning rate; not changed with the number of ranks"),
            .number("momentum", \.optimizer.momentum, [.atLeast(0), .below(1)], .decides, "momentum of sgd"),
            .number("beta1", \.optimizer.beta1, [.atLeast(0), .below(1)], .decides, "decay of Adam's first moment"),
            .number("beta2", \.optimizer.beta2, [.atLeast(0), .below(1)], .decides, "decay of Adam's second moment"),
            .number("epsilon", \.optimizer.epsilon, [.above(0)], .decides, "Adam's epsilon"),
            .number("weight-decay", \.optimizer.weightDecay, [.atLeast(0)], .decides, "weight decay"),
            .number(
                "clip-norm", \.optimizer.clipNorm, [.atLeast(0)], .decides, "largest norm of the gradient; 0 for no limit"),
            .choice("schedule", \.optimizer.schedule, .decides, "how the learning rate changes"),
            .integer(
                "warmup-steps", \.optimizer.warmupSteps, from: 0, .decides, "steps over which the learning rate rises"),
            .number(
                "lr-final-factor", \.optimizer.lrFinalFactor, [.atLeast(0), .atMost(1)], .decides,
                "part of the learning rate that is left at the end, or after each drop of the schedule step"),
            .integer(
                "lr-step-epochs", \.optimizer.lrStepEpochs, from: 1, .decides,
                "epochs between drops of the schedule step"))
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
        /// A checkpoint or the folder of a run whose parameters a new run takes; empty for none.
        public var from = ""
        public var fromPart = TakenPart.all
        /// The ``ParameterDigest`` of what is taken; empty until it is known.
        public var fromDigest = ""
        public var freeze = FrozenPart.none

        package static let keys = ConfigurationKey.section(
            "training",
            .integer("epochs", \.training.epochs, from: 1, .extends, "passes over the data"),
            .integer("global-batch", \.training.globalBatch, from: 1, .decides, "rows per step over all ranks"),
            .integer(
                "shards", \.training.shards, 0...1 << 20, .decidesIfGiven,
                "logical shards, at least the number of ranks; 0 for 8 or the number of ranks if larger"),
            .integer(
                "micro-batch", \.training.microBatch, 0...1 << 24, .none,
                "most rows that a rank takes through the network at once; 0 for 1024, or fewer for wide models; a matter of memory alone"
            ),
            .integer(
                "mixing-rows", \.training.mixingRows, from: 0, .decides,
                "rows of a shard that are mixed at once, rounded up to a power of two; 0 for 32 MiB of them"),
            .integer("seed", \.training.seed, 0...Int.max, .decides, "seed of all random numbers"),
            .choice("precision", \.training.precision, .decides, "arithmetic of the products"),
            .choice("wire", \.training.wire, .decides, "how gradients travel between nodes"),
            .integer(
                "early-stopping", \.training.earlyStopping, from: 0, .decides,
                "epochs without a better figure after which training ends; 0 for never"),
            .file(
                "from", \.training.from, .none,
                "checkpoint, or the folder of a run, whose trained parameters a new run begins with; drawn ones if none is given"),
            .choice("from-part", \.training.fromPart, .decides, "what is taken of the parameters that from names"),
            .text(
                "from-digest", \.training.fromDigest, .decidesIfGiven,
                "digest that the parameters taken must have; the run fills it in"),
            .choice("freeze", \.training.freeze, .decides, "whose parameters stay as they are at the start"))
    }
}

/// What a run takes of a trained model.
public enum TakenPart: String, Sendable, CaseIterable {
    case all, encoder, decoder

    /// nil for all.
    var part: ModelPart? { ModelPart(rawValue: rawValue) }
}

/// What of a model is not trained.
public enum FrozenPart: String, Sendable, CaseIterable {
    case none, encoder, decoder

    var part: ModelPart? { ModelPart(rawValue: rawValue) }
}
