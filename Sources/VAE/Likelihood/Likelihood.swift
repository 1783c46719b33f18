internal import CKernels
public import Randomness
public import Support

/// What the decoder's output means for a row of data, p(x | z), with its own settings.
///
/// Shapes: `x [rows, features]` is data, `output [rows, headCount * features]` the decoder's output, head after head.
public protocol Likelihood: Sendable {
    /// The values that data may have; nil for all numbers.
    var support: ValueSupport? { get }

    /// The decoder's outputs per feature.
    var heads: Int { get }

    /// What it wants behind these and takes from parameters.
    var sharedHeads: [SharedHead] { get }

    /// The decoder's outputs for a row of so many features, and all of them, those from parameters included.
    func decoderSize(features: Int) -> Int
    func outputSize(features: Int) -> Int

    /// Whether the loss is -log p(x | z), so that there is a density of rows; the squared error is not.
    var isDistribution: Bool { get }

    /// Whether means depend on a row's ``RowLibrary``.
    var takesCounts: Bool { get }

    /// Whether what a column gives to the loss depends on the row's other columns.
    var couplesColumns: Bool { get }

    /// The floats of scratch memory that ``loss(_:_:_:)`` needs for rows of so many features.
    func scratchCount(features: Int) -> Int

    /// Gives each row's loss in nats, and with weights replaces the output by the gradient of `scale * weight * loss`.
    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep)

    /// The mean of p(x | z), `[rows, features]`.
    func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int)

    /// What is said of rows in operators, by name: first `mean`, that of p(x | z), then its parameters; `[features]` each.
    ///
    /// - Parameters:
    ///   - output: of the decoder, `[headCount features]`, head after head.
    ///   - library: of the rows, where means depend on it.
    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named]

    /// Draws of p(x | z) in place of the missing values of rows; all others get whatever is simplest.
    ///
    /// - Parameter drawn: gets them, `[rows, features]`.
    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>)
}

/// Rows some of whose values are missing.
public struct SeenRows {
    /// `[rows, features]`, and the same with 0 for missing values, 1 for others.
    let x: UnsafePointer<Float>
    let mask: UnsafePointer<Float>
    /// Each one's number in its data set, which keys draws.
    let rows: UnsafeBufferPointer<Int64>
    /// What means are to go by.
    let library: RowLibrary

    /// Rows of which means know no more than what is there.
    init(x: UnsafePointer<Float>, mask: UnsafePointer<Float>, rows: UnsafeBufferPointer<Int64>) {
        self.init(x: x, mask: mask, rows: rows, library: .ofRows(x, mask: mask))
    }

    init(x: UnsafePointer<Float>, mask: UnsafePointer<Float>, rows: UnsafeBufferPointer<Int64>, library: RowLibrary) {
        (self.x, self.mask, self.rows, self.library) = (x, mask, rows, library)
    }
}

/// Where losses go, and what they are computed with.
public struct LossStep {
    /// What gradients are multiplied by.
    let scale: Float
    /// Memory of the thread's own, as the likelihood wants it.
    let scratch: UnsafeMutablePointer<Float>
    /// `[rowCount]`
    let losses: UnsafeMutablePointer<Double>
}

/// Rows of data whose loss is wanted.
public struct LossRows {
    /// `[rowCount, features]`
    let x: UnsafePointer<Float>
    /// The same, 1 for values that are there, 0 for missing ones, which count for nothing; nil if none are missing.
    let mask: UnsafePointer<Float>?
    /// How much each row counts, `[rowCount]`; nil where no gradient is wanted.
    var weights: UnsafePointer<Float>?
    let rowCount: Int
    let features: Int

    func slice(_ rows: Range<Int>) -> LossRows {
        let first = rows.lowerBound
        return LossRows(
            x: x + first * features, mask: mask.map { $0 + first * features }, weights: weights.map { $0 + first },
            rowCount: rows.count, features: features)
    }
}

extension Likelihood {
    public var support: ValueSupport? { nil }
    public var heads: Int { 1 }
    public var sharedHeads: [SharedHead] { [] }
    public var isDistribution: Bool { true }
    public var takesCounts: Bool { false }
    public var couplesColumns: Bool { false }
    public func decoderSize(features: Int) -> Int { heads * features }
    public func outputSize(features: Int) -> Int { headCount * features }
    public func scratchCount(features: Int) -> Int { 0 }

    /// The outputs per feature, those from parameters included.
    var headCount: Int { heads + sharedHeads.count }

    /// The first head, for those whose first head is the mean.
    public func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        for row in 0..<rows {
            (mean + row * features).update(from: output + row * headCount * features, count: features)
        }
    }

    /// The mean, and in place of missing values what `draw` makes of it and of a number in 0..<1.
    func drawByUniform(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>,
        draw: (_ mean: Float, _ uniform: Double) -> Float
    ) {
        mean(output, seen.library, into: drawn, rows: seen.rows.count, features: features)
        drawMissing(seen, noise: noise, features: features, into: drawn) { draw(drawn[$0], $1) }
    }

    /// In place of missing values what `draw` makes of their place and of a number in 0..<1; all others stay what they are.
    func drawMissing(
        _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>,
        draw: (_ place: Int, _ uniform: Double) -> Float
    ) {
        for (row, number) in seen.rows.enumerated() {
            for i in 0..<features where seen.mask[row * features + i] == 0 {
                drawn[row * features + i] = draw(row * features + i, noise.uniform(row: UInt64(number), index: UInt32(i)))
            }
        }
    }

    /// One of CKernels' losses (`likelihoods/`) with its number.
    func loss(
        _ kind: kernel_likelihood, settings: SIMD2<Float> = .zero, _ rows: LossRows, _ output: UnsafeMutablePointer<Float>,
        _ step: LossStep
    ) {
        withUnsafeBytes(of: settings) {
            let settings = $0.baseAddress!.assumingMemoryBound(to: Float.self)
            var terms = kernel_loss_terms(
                x: rows.x, mask: rows.mask, weights: rows.weights, output: output, scale: step.scale, settings: settings,
                scratch: step.scratch, losses: step.losses, rows: rows.rowCount, features: rows.features)
            kernel_loss(kind, &terms)
        }
    }

    /// Draws where p(x | z) is normal with a standard deviation for each value.
    func drawNormal(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int,
        into drawn: UnsafeMutablePointer<Float>, deviation: (_ row: Int, _ feature: Int) -> Float
    ) {
        noise.fillNormal(drawn, rows: seen.rows.baseAddress!, rowCount: seen.rows.count, size: features)
        for row in 0..<seen.rows.count {
            let own = output + row * headCount * features
            for i in 0..<features { drawn[row * features + i] = own[i] + deviation(row, i) * drawn[row * features + i] }
        }
    }
}

/// The likelihoods, by the names that users give. A new one is a file beside this one, one of CKernels, and a line here.
public struct LikelihoodName: PartName {
    private static let makers: [(name: String, make: @Sendable (LikelihoodSettings) -> any Likelihood)] = [
        ("bernoulli", { _ in Bernoulli() }),
        ("categorical", { Categorical($0) }),
        ("continuous-bernoulli", { _ in ContinuousBernoulli() }),
        ("discretized-logistic", { DiscretizedLogistic($0) }),
        (
            "gaussian",
            { settings in settings.variance == .fixed ? Gaussian(settings) as any Likelihood : LearnedGaussian(settings.variance)
            }
        ),
        ("gaussian-learned", { _ in LearnedGaussian(.value) }),
        ("laplace", { Laplace($0) }),
        ("log-normal", { LogNormal($0) }),
        ("mse", { _ in SquaredError() }),
        ("multinomial", { _ in Multinomial() }),
        ("nb", { NegativeBinomial($0) }),
        ("ordinal", { Ordinal($0) }),
        ("poisson", { Poisson($0) }),
        ("student-t", { StudentT($0) }),
        ("zinb", { ZeroInflated($0) }),
    ]

    public static let names = makers.map(\.name)
    public let rawValue: String
    public init(known name: String) { rawValue = name }

    /// The likelihood of this name with settings.
    public func make(_ settings: LikelihoodSettings = LikelihoodSettings()) -> any Likelihood {
        Self.makers.first { $0.name == rawValue }!.make(settings)
    }
}
