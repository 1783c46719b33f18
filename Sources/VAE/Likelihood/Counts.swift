internal import CKernels
internal import Randomness
internal import Support

/// Counts whose means are shares of their row's sum, l softmax(o) (Lopez et al. 2018, "Deep generative modeling for single-cell
/// transcriptomics", Nature Methods 15): the observed library l, and the decoder's logits o. Or they are exp(o), each column's by itself, where
/// columns are no shares of anything (``LikelihoodSettings/Means``).
protocol CountLikelihood: Likelihood {
    /// `poisson`, as it is called.
    var name: String { get }

    /// What the logits are of.
    var means: LikelihoodSettings.Means { get }

    /// Whether the second head has logits of the probability that a count is 0 whatever its mean.
    var isInflated: Bool { get }

    /// The head that has the logarithms of dispersions; nil for none.
    var dispersionHead: Int? { get }
}

extension CountLikelihood {
    var isInflated: Bool { false }
    var dispersionHead: Int? { nil }

    var support: ValueSupport? {
        ValueSupport(
            range: 0...1e9, isWhole: true,
            reason:
                "the likelihood \(name) needs counts, whole numbers of 0 to 1e9: give data as they were counted (bytes are taken for pixels: "
                + "store 16 bits), or --likelihood gaussian")
    }

    var takesCounts: Bool { means == .shares }
    var couplesColumns: Bool { means == .shares }

    func scratchCount(features: Int) -> Int {
        let each = dispersionHead == nil ? KERNEL_LIKELIHOOD_COUNTS_SCRATCH : KERNEL_LIKELIHOOD_DISPERSED_SCRATCH
        return Int(each) * kernel_whole_vectors(features)
    }

    func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        means(output, library, isInflated: isInflated, into: mean, rows: rows, features: features)
    }

    private func means(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, isInflated: Bool, into mean: UnsafeMutablePointer<Float>,
        rows: Int,
        features: Int
    ) {
        let (width, isRate, isInflated): (Int, Int32, Int32) = (
            headCount * features, self.means == .rates ? 1 : 0, isInflated ? 1 : 0
        )
        switch library {
        case .ofRows(let x, let mask): kernel_count_means(mean, output, width, isRate, isInflated, x, mask, 0, rows, features)
        case .given(let sum): kernel_count_means(mean, output, width, isRate, isInflated, nil, nil, sum, rows, features)
        case .normalized(let sum): kernel_count_means(mean, output, width, isRate, 0, nil, nil, sum, rows, features)
        case .each(let sums):
            for row in 0..<rows {
                kernel_count_means(
                    mean + row * features, output + row * width, width, isRate, isInflated, nil, nil, sums[row], 1, features)
            }
        }
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        let logits = graph.head(0, of: output, features)
        var mean: OperatorGraph.Value
        switch means {
        case .rates: mean = graph.apply(.exponential, logits)
        case .shares:
            let (library, top) = (library!, graph.reduce(.largest, logits, axes: [0]))
            let shares = graph.apply(.exponential, graph.apply(.difference, logits, top))
            // The sum over the columns that are there, so that what is missing gets what the others let expect.
            let seen = library.mask.map { graph.apply(.product, shares, $0) } ?? shares
            let total = graph.apply(.largest, graph.reduce(.sum, seen, axes: [0]), Double(Float.leastNormalMagnitude))
            mean = graph.apply(.product, shares, graph.apply(.quotient, library.sum, total))
        }
        var named = [("logits", logits)]
        if isInflated {
            let zeros = graph.head(1, of: output, features)
            mean = graph.apply(.product, mean, graph.apply(.sigmoid, graph.apply(.negative, zeros)))
            named.append(("zero_logits", zeros))
        }
        if let dispersionHead {
            let low = Double(KERNEL_LIKELIHOOD_LOG_DISPERSION_LOW)
            let high = Double(KERNEL_LIKELIHOOD_LOG_DISPERSION_HIGH)
            named.append(("log_dispersion", graph.hold(graph.head(dispersionHead, of: output, features), low, high)))
        }
        return [("mean", mean)] + named
    }

    /// By the inverse of the distribution function: of a number below the probability of inflation 0, of others a count.
    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        let rows = seen.rows
        means(output, seen.library, isInflated: false, into: drawn, rows: rows.count, features: features)
        let low = KERNEL_LIKELIHOOD_LOG_DISPERSION_LOW
        let high = KERNEL_LIKELIHOOD_LOG_DISPERSION_HIGH
        for (row, number) in rows.enumerated() {
            let own = output + row * headCount * features
            for i in 0..<features where seen.mask[row * features + i] == 0 {
                let place = row * features + i
                var uniform = noise.uniform(row: UInt64(number), index: UInt32(i))
                if isInflated {
                    let zero = 1 / (1 + Elementary.exp(-Double(own[features + i])))
                    uniform = uniform < zero ? 0 : (uniform - zero) / (1 - zero)
                }
                let dispersion = dispersionHead.map {
                    Elementary.exp(Double(max(low, min(high, own[$0 * features + i]))))
                }
                drawn[place] = Float(kernel_draw_count(uniform, Double(drawn[place]), dispersion ?? .infinity))
            }
        }
    }
}

/// Poisson variables: counts whose variance is their mean.
struct Poisson: CountLikelihood {
    let name = "poisson"
    let means: LikelihoodSettings.Means

    init(_ settings: LikelihoodSettings) { means = settings.means }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_poisson, settings: [0, means.areRates], rows, output, step)
    }
}

/// A row's counts as so many draws of columns by their probabilities, softmax(o): clicks, words (Liang et al. 2018, "Variational autoencoders
/// for collaborative filtering", equation 2, with the coefficient). What is missing is drawn as Poisson variables, whose sum nobody knows.
struct Multinomial: CountLikelihood {
    let name = "multinomial"
    var means: LikelihoodSettings.Means { .shares }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_multinomial, rows, output, step)
    }
}

/// Negative binomial variables of dispersion c: the variance is mean + mean^2 / c (Lopez et al. 2018, Methods).
struct NegativeBinomial: CountLikelihood {
    let name = "nb"
    let means: LikelihoodSettings.Means
    private let dispersion: LikelihoodSettings.Dispersion

    init(_ settings: LikelihoodSettings) { (means, dispersion) = (settings.means, settings.dispersion) }

    var heads: Int { dispersion == .cell ? 2 : 1 }
    var sharedHeads: [SharedHead] { dispersion.sharedHeads }
    var dispersionHead: Int? { 1 }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_negative_binomial, settings: [dispersion.isSharedByRows, means.areRates], rows, output, step)
    }
}

/// The same but for zeros of another origin, with a probability that the decoder gives for each value by its logit (Lopez et al. 2018, Methods).
struct ZeroInflated: CountLikelihood {
    let name = "zinb"
    let means: LikelihoodSettings.Means
    private let dispersion: LikelihoodSettings.Dispersion

    init(_ settings: LikelihoodSettings) { (means, dispersion) = (settings.means, settings.dispersion) }

    var heads: Int { dispersion == .cell ? 3 : 2 }
    var sharedHeads: [SharedHead] { dispersion.sharedHeads }
    var isInflated: Bool { true }
    var dispersionHead: Int? { 2 }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_zero_inflated, settings: [dispersion.isSharedByRows, means.areRates], rows, output, step)
    }
}

extension LikelihoodSettings.Dispersion {
    fileprivate var sharedHeads: [SharedHead] {
        self == .cell ? [] : [SharedHead(name: SharedHead.dispersionName, isOfConditions: self == .geneBatch, start: .normal)]
    }

    /// As the kernels have it.
    fileprivate var isSharedByRows: Float { self == .gene ? 1 : 0 }
}

extension LikelihoodSettings.Means {
    /// As the kernels have it.
    fileprivate var areRates: Float { self == .rates ? 1 : 0 }
}
