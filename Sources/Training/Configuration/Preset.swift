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

    /// The defaults of the program are those of ``vae``, which therefore has no values.
    public static let allCases = [
        Preset("ae", .deterministic, "plain autoencoder: a deterministic code, no prior"),
        Preset("vae", .normal, "variational autoencoder (Kingma and Welling 2014); with a `beta` other than 1 a beta-VAE"),
        Preset(
            "denoising", .deterministic, "plain autoencoder that restores rows from corrupted ones (Vincent et al. 2008)",
            ["corruption": "gaussian"]),
    ]

    private init(_ name: String, _ latent: LatentKind, _ help: String, _ values: [String: String] = [:]) {
        rawValue = name
        self.latent = latent
        self.help = help
        self.values = values
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
