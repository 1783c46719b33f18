package import VAE

/// A model by the name that people know it by: the kind of its latents, and values of keys, which stand between the defaults of the
/// program and all that a user gives.
///
/// It is looked up once, while a configuration is read (``Configuration/load(file:environment:flags:assignments:)``). What a run writes
/// holds the values, so they may change here and old runs stay what they were.
public struct Preset: Sendable {
    public let rawValue: String
    package let latent: LatentKind
    /// What it is, for pages.
    public let help: String
    /// By key, as a flag would have them.
    public let values: [String: String]
    /// Its formulas and their sources, lines for `train --explain`; empty where ``help`` says all.
    let about: String

    /// The defaults of the program are those of ``vae``, which therefore has no values.
    public static let allCases = [
        Preset("ae", .deterministic, "plain autoencoder: a deterministic code, no prior"),
        Preset("vae", .normal, "variational autoencoder (Kingma and Welling 2014); with a `beta` other than 1 a beta-VAE"),
        Preset(
            "denoising", .deterministic, "plain autoencoder that restores rows from corrupted ones (Vincent et al. 2008)",
            ["corruption": "gaussian"]),
        Preset(
            "beta-vae", .normal, "VAE whose KL term weighs more, so that latents are apart (Higgins et al. 2017)", ["beta": "4"]),
        Preset(
            "cvae", .normal, "VAE conditioned on the columns that `condition` names (Sohn et al. 2015)", ["condition-in": "both"]),
        Preset(
            "scvi", .normal,
            "counts of single cells, with batches as conditions of the decoder (Lopez et al. 2018), by the defaults of scvi-tools 1.4; 128 rows a shard",
            [
                "network": "scvi", "hidden": "128", "latent": "10", "likelihood": "zinb", "condition-in": "decoder",
                "variance-floor": "0.0001", "initialization": "pytorch", "lr": "0.001", "epsilon": "0.01",
                "weight-decay": "0.000001",
                "beta-schedule": "linear", "beta-warmup-epochs": "400", "epochs": "400", "global-batch": "1024",
                "validation-fraction": "0.1",
            ]),
        Preset(
            "scanvi", .normal,
            "scvi with classes of cells, which some have a label of (Xu et al. 2021), usually begun with a trained scvi by `from`; 128 rows a shard",
            [
                "network": "scvi", "hidden": "128", "latent": "10", "likelihood": "zinb", "condition-in": "decoder",
                "variance-floor": "0.0001", "initialization": "pytorch", "lr": "0.001", "epsilon": "0.01",
                "weight-decay": "0.000001", "objective": "semi-supervised", "epochs": "100", "global-batch": "1024",
                "validation-fraction": "0.1",
            ],
            about: """
                q(y | z) a classifier of codes, pi = q(y | z) of rows without a label, and 1 for the class of those with one; C classes
                loss = -log p(x | z) + log q(z | x) + sum over y of pi_y (-log p(z | u, y) + KL(q(u | z, y) || N(0, I)) + log pi_y) + log C
                of a row with a label besides: classification-ratio times -log q(y | z)
                Xu et al. 2021, "Probabilistic harmonization and annotation of single-cell transcriptomics data with deep generative models",
                Molecular Systems Biology 17, after Kingma et al. 2014, "Semi-supervised learning with deep generative models"
                """),
        Preset(
            "mult-vae", .normal,
            "clicks of users or words of texts, as draws from a multinomial distribution (Liang et al. 2018)",
            [
                "network": "clicks", "hidden": "600", "latent": "200", "likelihood": "multinomial", "activation": "tanh",
                "beta": "0.2", "beta-schedule": "linear", "beta-warmup-epochs": "50", "epochs": "100", "global-batch": "512",
            ]),
        Preset(
            "prodlda", .logisticNormal,
            "topics of texts by counts of their words, each a latent (Srivastava & Sutton 2017)",
            [
                "network": "topics", "hidden": "100,100", "latent": "50", "likelihood": "multinomial", "activation": "softplus",
                "lr": "0.002", "beta1": "0.99", "epochs": "200", "global-batch": "200",
            ],
            about: """
                theta = softmax(z), z ~ N(0, (1 - 1/K) / alpha) of K topics: Dirichlet(alpha) by Laplace's approximation, alpha by concentration
                q(z | x) = N(mean(x), variance(x)), both behind batch normalisation without a gain, which keeps latents from collapsing
                p(words | theta) = softmax(normalized(theta W)), a product of experts: a row of W for each topic
                loss = -log Multinomial(x; words) + KL(q(z | x) || p(z))
                Srivastava & Sutton 2017, "Autoencoding variational inference for topic models", sections 3.2 to 3.4 and 4; batches of 200 by the
                authors' program
                """),
        Preset(
            "iwae", .normal, "VAE that raises the importance-weighted bound of 20 samples a row (Burda et al. 2016)",
            ["objective": "iwae"]),
        Preset(
            "miwae", .normal,
            "tables of numbers with missing values, by the importance-weighted bound of those that are there (Mattei & Frellsen 2019)",
            [
                "objective": "iwae", "nan": "mask", "scale": "standardize", "likelihood": "student-t", "variance": "value",
                "hidden": "128,128", "latent": "10", "epochs": "500", "global-batch": "64",
            ]),
        Preset(
            "pca", .deterministic,
            "linear autoencoder of the squared error, whose codes span those of the principal components (Baldi & Hornik 1989)",
            ["hidden": "none", "likelihood": "mse"]),
    ]

    private init(
        _ name: String, _ latent: LatentKind, _ help: String, _ values: [String: String] = [:], about: String = ""
    ) {
        rawValue = name
        self.latent = latent
        self.help = help
        self.values = values
        self.about = about
    }
}

extension Preset: RawRepresentable, CaseIterable, Equatable {
    public init?(rawValue: String) {
        guard let preset = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
        self = preset
    }

    public static func == (a: Preset, b: Preset) -> Bool { a.rawValue == b.rawValue }
}

/// Those that the program itself speaks of.
extension Preset {
    static let vae = Preset(rawValue: "vae")!
    static let denoising = Preset(rawValue: "denoising")!
}

extension Preset {
    /// Its values as TOML, `corruption = "gaussian"`, in the order of the keys.
    public var toml: [String] {
        let configuration = Configuration(self)
        return ConfigurationKey.all.filter { values[$0.name] != nil }.map { "\($0.name) = \($0.toml(configuration))" }
    }
}
