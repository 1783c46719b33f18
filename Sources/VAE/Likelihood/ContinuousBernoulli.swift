internal import CKernels
internal import Randomness
internal import Support

/// Values in 0...1 as continuous variables of density o exp(o x) / (exp(o) - 1), by logits o: the Bernoulli likelihood's formula as a distribution
/// (Loaiza-Ganem & Cunningham 2019, "The continuous Bernoulli: fixing a pervasive error in variational autoencoders", section 4).
struct ContinuousBernoulli: Likelihood {
    var support: ValueSupport? {
        ValueSupport(
            range: 0...1,
            reason:
                "the likelihood continuous-bernoulli needs values in 0...1: scale the data (--scale min-max), or use --likelihood gaussian"
        )
    }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_continuous_bernoulli, rows, output, step)
    }

    func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        kernel_continuous_bernoulli_means(mean, output, rows * features)
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        let logits = graph.head(0, of: output, features)
        // 1 / (1 - exp(-o)) - 1 / o, and near 0, where both grow beyond bounds, the series 1/2 + o/12 - o^3/720 + o^5/30240.
        let wide = graph.convert(logits, to: .float64)
        let isSmall = graph.apply(.isGreater, graph.number(0.1, as: wide), graph.apply(.absolute, wide))
        let safe = graph.choose(isSmall, graph.number(1, as: wide), wide)
        let rest = graph.apply(.difference, graph.number(1, as: wide), graph.apply(.exponential, graph.apply(.negative, safe)))
        let one = graph.number(1, as: wide)
        let large = graph.apply(.difference, graph.apply(.quotient, one, rest), graph.apply(.quotient, one, safe))
        let square = graph.apply(.product, wide, wide)
        var series = graph.number(1 / 30_240, as: wide)
        for coefficient in [-1.0 / 720, 1.0 / 12] {
            series = graph.apply(.sum, graph.apply(.product, square, series), coefficient)
        }
        let small = graph.apply(.sum, graph.apply(.product, wide, series), 0.5)
        return [("mean", graph.convert(graph.choose(isSmall, small, large), to: .float32)), ("logits", logits)]
    }

    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        drawMissing(seen, noise: noise, features: features, into: drawn) { place, uniform in
            Float(Self.quantile(uniform, logit: Double(output[place])))
        }
    }

    /// The inverse of the distribution function, (exp(o x) - 1) / (exp(o) - 1).
    private static func quantile(_ uniform: Double, logit: Double) -> Double {
        if abs(logit) < 1e-6 { return uniform }
        if logit > 0 { return 1 - quantile(1 - uniform, logit: -logit) }
        return max(0, min(1, Elementary.log(max(1 + uniform * Elementary.expm1(logit), 0x1p-1022)) / logit))
    }
}
