internal import CKernels
public import Randomness
public import Support

/// What the decoder's output means for a row of data, p(x | z), with its own settings.
///
/// Shapes: `x [rows, features]` is data, `output [rows, heads * features]` the decoder's output, head after head.
public protocol Likelihood: Sendable {
    /// The values that data may have; nil for all numbers.
    static var support: ValueSupport? { get }

    /// - Parameter scale: the configuration's `likelihood-scale`, for those that have one.
    init(scale: Float)

    /// The decoder's outputs per feature.
    var heads: Int { get }

    /// Whether the loss is -log p(x | z), so that there is a density of rows; the squared error is not.
    var isDistribution: Bool { get }

    /// Gives each row's loss in nats, and with weights replaces the decoder's output by the gradient of `scale * weight * loss`.
    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, scale: Float, losses: UnsafeMutablePointer<Double>)

    /// The mean of p(x | z), `[rows, features]`.
    func mean(_ output: UnsafePointer<Float>, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int)

    /// Draws of p(x | z) in place of the missing values of rows; all others get whatever is simplest.
    ///
    /// - Parameters:
    ///   - mask: `[rows, features]`, 0 for missing values.
    ///   - rows: each one's number in its data set, which keys the draw.
    ///   - drawn: gets them, `[rows, features]`.
    func draw(
        _ output: UnsafePointer<Float>, mask: UnsafePointer<Float>, noise: NoiseKey, rows: UnsafeBufferPointer<Int64>,
        features: Int, into drawn: UnsafeMutablePointer<Float>)
}

/// Rows of data whose loss is wanted.
public struct LossRows {
    /// `[rowCount, features]`
    let x: UnsafePointer<Float>
    /// The same, 1 for values that are there, 0 for missing ones, which count for nothing; nil if none are missing.
    let mask: UnsafePointer<Float>?
    /// How much each row counts, `[rowCount]`; nil where no gradient is wanted.
    let weights: UnsafePointer<Float>?
    let rowCount: Int
    let features: Int
}

extension Likelihood {
    public static var support: ValueSupport? { nil }
    public var heads: Int { 1 }
    public var isDistribution: Bool { true }

    /// The first head, for those whose first head is the mean.
    public func mean(_ output: UnsafePointer<Float>, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int) {
        for row in 0..<rows {
            (mean + row * features).update(from: output + row * heads * features, count: features)
        }
    }

    /// The mean, and in place of missing values what `draw` makes of it and of a number in 0..<1.
    func drawByUniform(
        _ output: UnsafePointer<Float>, mask: UnsafePointer<Float>, noise: NoiseKey, rows: UnsafeBufferPointer<Int64>,
        features: Int, into drawn: UnsafeMutablePointer<Float>, draw: (_ mean: Float, _ uniform: Double) -> Float
    ) {
        mean(output, into: drawn, rows: rows.count, features: features)
        for (row, number) in rows.enumerated() {
            for i in 0..<features where mask[row * features + i] == 0 {
                let place = row * features + i
                drawn[place] = draw(drawn[place], noise.uniform(row: UInt64(number), index: UInt32(i)))
            }
        }
    }

    /// One of CKernels' losses (`likelihoods/`) with its number.
    func loss(
        _ kind: kernel_likelihood, setting: Float = 0, _ rows: LossRows, _ output: UnsafeMutablePointer<Float>, scale: Float,
        losses: UnsafeMutablePointer<Double>
    ) {
        withUnsafePointer(to: setting) {
            var terms = kernel_loss_terms(
                x: rows.x, mask: rows.mask, weights: rows.weights, output: output, scale: scale, settings: $0, losses: losses,
                rows: rows.rowCount, features: rows.features)
            kernel_loss(kind, &terms)
        }
    }

    /// Draws where p(x | z) is normal with a standard deviation for each value.
    func drawNormal(
        _ output: UnsafePointer<Float>, noise: NoiseKey, rows: UnsafeBufferPointer<Int64>, features: Int,
        into drawn: UnsafeMutablePointer<Float>, deviation: (_ row: Int, _ feature: Int) -> Float
    ) {
        noise.fillNormal(drawn, rows: rows.baseAddress!, rowCount: rows.count, size: features)
        for row in 0..<rows.count {
            let own = output + row * heads * features
            for i in 0..<features { drawn[row * features + i] = own[i] + deviation(row, i) * drawn[row * features + i] }
        }
    }
}

/// The likelihoods, by the names that users give. A new one is a file beside this one, one of CKernels, and a line here.
public struct LikelihoodName: PartName {
    private static let types: [(name: String, type: any Likelihood.Type)] = [
        ("bernoulli", Bernoulli.self),
        ("gaussian", Gaussian.self),
        ("gaussian-learned", LearnedGaussian.self),
        ("laplace", Laplace.self),
        ("mse", SquaredError.self),
    ]

    public static let names = types.map(\.name)
    public let rawValue: String
    public init(known name: String) { rawValue = name }

    private var type: any Likelihood.Type { Self.types.first { $0.name == rawValue }!.type }

    /// The values that data may have; nil for all numbers.
    public var support: ValueSupport? { type.support }

    /// The decoder's outputs per feature.
    public var heads: Int { make(scale: 1).heads }

    func make(scale: Float) -> any Likelihood { type.init(scale: scale) }
}
