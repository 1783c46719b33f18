public import Datasets
public import VAE

extension Configuration {
    public struct Model: Sendable, Equatable {
        /// Its preset is resolved already: what it says of other keys stands in these.
        public var model = Preset.vae
        public var network = NetworkKind.mlp
        /// Lists of blocks in place of those of the network; empty for none.
        public var encoder = ""
        public var decoder = ""
        public var layout = RowLayout.auto
        /// Of the convolutions, from the rows on.
        public var channels = [32, 64]
        public var hidden = [400]
        public var latent = 20
        public var conditionPlace = ConditionPlace.both
        /// Added to the posterior's variances.
        public var varianceFloor = 0.0
        /// Of the Dirichlet distribution of shares.
        public var concentration = 1.0
        public var likelihood = LikelihoodName.bernoulli
        /// Of a table's columns, in place of one for all; empty for none.
        public var likelihoods = ""
        public var likelihoodScale = 1.0
        public var variance = LikelihoodSettings.Variance.fixed
        public var dispersion = LikelihoodSettings.Dispersion.gene
        public var degrees = 4.0
        public var categories = 0
        public var components = 5
        public var activation = Activation.relu
        public var normalization = Normalization.none
        public var initialization = Initialization.glorot
        public var corruption = Corruption.Kind.none
        /// A standard deviation, or the share of the values that are corrupted.
        public var corruptionLevel = 0.3

        /// One dense layer from codes to what the likelihood takes.
        static let linearDecoder = "linear"

        package static let keys = ConfigurationKey.section(
            "model",
            .choice(
                "model", \.model.model, .decides,
                "kind of model, and with it a preset of other keys, over which all that is given wins"),
            .choice(
                "network", \.model.network, .decides,
                "kind of network, which fits itself to the rows: see Networks"),
            .blocks(
                "encoder", \.model.encoder, .decides, "blocks of the encoder, in place of those of the network; none for these"),
            .blocks(
                "decoder", \.model.decoder, or: [linearDecoder], .decides,
                "blocks of the decoder; none for the encoder's mirror image; linear for one dense layer, whose loadings are written"
            ),
            .choice(
                "layout", \.model.layout, .decides,
                "axes of a row for networks that take it as a map: channels c, features f, times t, places d, h, w; auto by its shape"
            ),
            .sizes(
                "channels", \.model.channels, .decides,
                "channels of the convolutions, each of which halves the map; the decoder has them in reverse"),
            .sizes(
                "hidden", \.model.hidden, .decides,
                "sizes of the encoder's dense hidden layers; the decoder has them in reverse; none for a linear model"),
            .integer("latent", \.model.latent, from: 1, .decides, "number of latents"),
            .number(
                "variance-floor", \.model.varianceFloor, [.atLeast(0), .atMost(1)], .decides,
                "added to the variances of the posterior, so that none vanishes"),
            .number(
                "concentration", \.model.concentration, [.above(0)], .decides,
                "of the Dirichlet distribution of shares that the prior of a topic model is like (alpha): below 1 few topics a row, above it many"
            ),
            .choice(
                "condition-in", \.model.conditionPlace, .decides,
                "which of the networks know what rows are conditioned on (condition)"),
            .choice("likelihood", \.model.likelihood, .decides, "what the decoder's output means"),
            .columns(
                "likelihoods", \.model.likelihoods, .decides,
                "of a table's columns, in place of one likelihood for all, as gaussian: 0:10; poisson: visits; categorical: sex,site"
            ),
            .number(
                "likelihood-scale", \.model.likelihoodScale, [.above(0)], .decides,
                "standard deviation of the likelihoods gaussian and log-normal, scale of laplace and student-t"),
            .choice(
                "variance", \.model.variance, .decides,
                "of the likelihoods gaussian, log-normal and student-t (its scale's square): fixed by likelihood-scale, or learned, one shared, one for each feature, or for each value by the decoder"
            ),
            .choice(
                "dispersion", \.model.dispersion, .decides,
                "of the likelihoods nb and zinb: one for each gene (feature), for each gene and condition (batch), or by the decoder for each value of each cell"
            ),
            .number("degrees", \.model.degrees, [.above(0)], .decides, "degrees of freedom of the likelihood student-t"),
            .integer(
                "categories", \.model.categories, 0...1 << 24, .decides,
                "columns of each block of indicators of the likelihood categorical, grades of ordinal"),
            .integer(
                "components", \.model.components, 1...256, .decides,
                "logistic distributions that mix into each value's of the likelihood discretized-logistic"),
            .choice("activation", \.model.activation, .decides, "function behind each hidden layer"),
            .choice("normalization", \.model.normalization, .decides, "what is done to the activations of each hidden layer"),
            .choice("initialization", \.model.initialization, .decides, "how the first weights are drawn"),
            .choice(
                "corruption", \.model.corruption, .decides,
                "what is done to the rows that the encoder sees in training"),
            .number(
                "corruption-level", \.model.corruptionLevel, [.above(0)], .decides,
                "standard deviation of gaussian corruption, or the share of values that are corrupted"))
    }

    /// What is raised, see ``Objective``.
    public enum Bound: String, Sendable, CaseIterable {
        case elbo, iwae
        /// With classes, which some rows have a label of.
        case semiSupervised = "semi-supervised"
    }

    public struct Objective: Sendable, Equatable {
        public var objective = Bound.elbo
        /// Of each row's posterior, for ``Bound/iwae``.
        public var samples = 20
        /// The label of rows whose class is not known.
        public var unlabeled = ""
        public var classificationRatio = 50.0
        public var beta = 1.0
        public var betaSchedule = BetaSchedule.Shape.constant
        public var betaWarmupEpochs = 0.0
        public var betaCycles = 4

        package static let keys = ConfigurationKey.section(
            "objective",
            .choice(
                "objective", \.objective.objective, .decides,
                "bound that training raises: of one sample of each row's posterior, the importance-weighted one of several, or that of classes which some rows have a label of"
            ),
            .text(
                "unlabeled", \.objective.unlabeled, .decides,
                "label of rows whose class is not known, for the objective semi-supervised; rows without a label are such in any case"
            ),
            .number(
                "classification-ratio", \.objective.classificationRatio, [.atLeast(0)], .decides,
                "weight of the classifier's cross-entropy of a row with a label, for the objective semi-supervised"),
            .integer(
                "samples", \.objective.samples, 2...10_000, .decides, "samples of each row's posterior for the objective iwae"),
            .number("beta", \.objective.beta, [.atLeast(0)], .decides, "weight of the KL term"),
            .choice("beta-schedule", \.objective.betaSchedule, .decides, "how beta is reached"),
            .number(
                "beta-warmup-epochs", \.objective.betaWarmupEpochs, [.atLeast(0), .atMost(1e9)], .decides,
                "epochs over which a linear beta schedule rises"),
            .integer("beta-cycles", \.objective.betaCycles, from: 1, .decides, "cycles of a cyclical beta schedule"))
    }
}
