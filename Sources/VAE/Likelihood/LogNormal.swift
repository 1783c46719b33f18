internal import CKernels
internal import Randomness
internal import Support

/// Values above 0 whose logarithms are normal variables of mean o (Johnson et al. 1994, "Continuous univariate distributions", volume 1, chapter
/// 14): of the standard deviation `likelihood-scale`, or a learned one, as ``LearnedGaussian`` has it.
struct LogNormal: Likelihood {
    private let settings: LikelihoodSettings

    init(_ settings: LikelihoodSettings) { self.settings = settings }

    var support: ValueSupport? {
        ValueSupport(
            range: Double(Float.leastNormalMagnitude)...Double(Float.greatestFiniteMagnitude),
            reason: "the likelihood log-normal needs values above 0: add to them, or use --likelihood gaussian")
    }

    private var isFixed: Bool { settings.variance == .fixed }
    var heads: Int { settings.variance == .value ? 2 : 1 }
    var sharedHeads: [SharedHead] { settings.variance.sharedHeads }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        if isFixed {
            loss(kernel_likelihood_log_normal, settings: [settings.scale, 0], rows, output, step)
        } else {
            loss(kernel_likelihood_log_normal_learned, rows, output, step)
        }
    }

    private func deviation(_ output: UnsafePointer<Float>, row: Int, feature: Int, features: Int) -> Float {
        if isFixed { return settings.scale }
        let limit = Float(KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT)
        return Elementary.exp(0.5 * max(-limit, min(limit, output[(row * 2 + 1) * features + feature])))
    }

    /// exp(o + s^2 / 2), or the largest float.
    func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        for row in 0..<rows {
            for i in 0..<features {
                let s = Double(deviation(output, row: row, feature: i, features: features))
                let mode = Double(output[row * headCount * features + i])
                mean[row * features + i] = Float(min(Elementary.exp(mode + 0.5 * s * s), Double(Float.greatestFiniteMagnitude)))
            }
        }
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        let location = graph.head(0, of: output, features)
        let wide = graph.convert(location, to: .float64)
        var named = [("location", location)]
        let variance: OperatorGraph.Value
        if isFixed {
            variance = graph.number(Double(settings.scale) * Double(settings.scale), as: wide)
        } else {
            let logVariance = graph.logVariance(of: output, features)
            named.append(("log_variance", logVariance))
            variance = graph.apply(.exponential, graph.convert(logVariance, to: .float64))
        }
        let mean = graph.apply(
            .exponential, graph.apply(.sum, wide, graph.apply(.product, variance, graph.number(0.5, as: wide))))
        let held = graph.apply(.least, mean, Double(Float.greatestFiniteMagnitude))
        return [("mean", graph.convert(held, to: .float32))] + named
    }

    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        drawNormal(output, seen, noise: noise, features: features, into: drawn) {
            deviation(output, row: $0, feature: $1, features: features)
        }
        for place in 0..<seen.rows.count * features {
            drawn[place] = Float(min(Elementary.exp(Double(drawn[place])), Double(Float.greatestFiniteMagnitude)))
        }
    }
}
