/// A model's posterior and prior: what the encoder's output means, how a code z is drawn from it, and what that costs.
///
/// Shapes: `head [rows, headSize]` is the encoder's output, `z [rows, size]` a code.
public protocol Latent: Sendable {
    /// The numbers of a code.
    var size: Int { get }
    /// What the encoder gives for a row.
    var headSize: Int { get }
    /// The normal numbers that a draw of a row takes.
    var noiseSize: Int { get }

    /// Whether there is a prior that codes can be drawn from, and so a density of rows.
    var hasPrior: Bool { get }
    /// The standard deviation of the prior, N(0, deviation^2 I); 1 where there is none.
    var priorDeviation: Float { get }

    /// z of each row by its noise, and its KL term in nats, in double precision.
    func sample(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>,
        kl: UnsafeMutablePointer<Double>, rows: Int)

    /// The gradient with regard to the head of `loss(z) + klWeight weights[row] KL`.
    ///
    /// - Parameter dz: the loss's with regard to z, `[rows, size]`.
    func backward(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, dz: UnsafePointer<Float>, klWeight: Float,
        weights: UnsafePointer<Float>, into dhead: UnsafeMutablePointer<Float>, rows: Int)

    /// The posterior's mean, the code that stands for a row, `[rows, size]`.
    func mean(_ head: UnsafePointer<Float>, into mean: UnsafeMutablePointer<Float>, rows: Int)

    /// The posterior's log variance, `[rows, size]`; 0 where it has none.
    func logVariance(_ head: UnsafePointer<Float>, into logVariance: UnsafeMutablePointer<Float>, rows: Int)

    /// What the encoder says of rows in operators, by name: first the code that stands for a row, `[size]`, and what there is besides.
    ///
    /// - Parameter head: `[headSize]`
    func export(_ head: OperatorGraph.Value, into graph: inout OperatorGraph) -> [OperatorGraph.Named]

    /// A latent's part of a row's KL term in nats, by the posterior's mean and log variance.
    func kl(mean: Double, logVariance: Double) -> Double

    /// A row's z `[size]` by its noise from a posterior, and log p(z) - log q(z | x) in nats (Burda et al. 2016, equation 8).
    ///
    /// - Parameter deviation: the exponential of half the log variance.
    func draw(
        mean: UnsafePointer<Float>, logVariance: UnsafePointer<Float>, deviation: UnsafePointer<Float>,
        noise: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>
    ) -> Double

    /// The variance of what ``draw(mean:logVariance:deviation:noise:into:)`` draws, of one latent.
    func variance(logVariance: Double) -> Double
}

/// A latent whose codes can be weighted by their importance, several of them for each row.
protocol ImportanceLatent: Latent {
    /// `samples` codes of each row by their noise, both `[rows, samples, size]`, and log p(z) - log q(z | x) of each in nats.
    func sample(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, samples: Int, into z: UnsafeMutablePointer<Float>,
        logRatios: UnsafeMutablePointer<Double>, rows: Int)

    /// The gradient with regard to the head of `loss(z) - factor (log p(z) - log q(z | x))`, summed over a row's samples.
    ///
    /// - Parameters:
    ///   - dz: the loss's with regard to z, `[rows, samples, size]`.
    ///   - factors: `[rows, samples]`.
    func backward(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, samples: Int, z: UnsafePointer<Float>,
        dz: UnsafePointer<Float>, factors: UnsafePointer<Float>, into dhead: UnsafeMutablePointer<Float>, rows: Int)
}

/// The kinds of latents, by name. A new one is a file beside this one and a line here.
public struct LatentKind: PartName {
    private static let makers: [(name: String, make: @Sendable (ModelSpecification) -> any Latent)] = [
        ("deterministic", { Deterministic(size: $0.latentSize) }),
        ("normal", { NormalLatent(size: $0.latentSize, varianceFloor: $0.varianceFloor) }),
        (
            "logistic-normal",
            { model in
                NormalLatent(
                    size: model.latentSize, varianceFloor: model.varianceFloor,
                    priorVariance: LogisticNormal.variance(size: model.latentSize, concentration: model.concentration))
            }
        ),
    ]

    public static let names = makers.map(\.name)
    public let rawValue: String
    public init(known name: String) { rawValue = name }

    /// The latent of a model.
    func make(_ model: ModelSpecification) -> any Latent { Self.makers.first { $0.name == rawValue }!.make(model) }
}
