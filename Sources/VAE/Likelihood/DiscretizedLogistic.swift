internal import CKernels
internal import Randomness
internal import Support

/// Values of 8 bits, 0, 1/255, ..., 1, by mixtures of logistic distributions, of which each value has the share of the 255th part around it, and 0
/// and 1 all beyond (Salimans et al. 2017, "PixelCNN++: improving the PixelCNN with discretized logistic mixture likelihood and other modifications",
/// section 2.1). Unlike there the channels of a pixel are independent given the code.
struct DiscretizedLogistic: Likelihood {
    private let components: Int

    init(_ settings: LikelihoodSettings) { components = settings.components }

    var support: ValueSupport? {
        ValueSupport(
            range: 0...1,
            reason:
                "the likelihood discretized-logistic needs values of 8 bits, or in 0...1: scale the data (--scale min-max), or use "
                + "--likelihood gaussian")
    }

    var heads: Int { 3 * components }

    func scratchCount(features: Int) -> Int { (components + Int(KERNEL_LIKELIHOOD_MIXTURE_SCRATCH)) * features }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_discretized_logistic, settings: [Float(components), 0], rows, output, step)
    }

    func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        kernel_discretized_logistic_means(mean, output, components, rows, features)
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        /// One of the three numbers of all components, `[1, components, features]`.
        func numbers(_ index: Int) -> OperatorGraph.Value {
            let own = graph.head(index, of: output, components * features)
            return graph.reshape(own, [1, components, features])
        }
        let (logits, locations) = (numbers(0), numbers(1))
        let logScales = graph.hold(
            numbers(2), Double(KERNEL_LIKELIHOOD_LOG_SCALE_LOW), Double(KERNEL_LIKELIHOOD_LOG_SCALE_HIGH))
        let inverses = graph.apply(.exponential, graph.apply(.negative, logScales))
        let top = graph.reduce(.largest, logits, axes: [1])
        let weights = graph.apply(.exponential, graph.apply(.difference, logits, top))
        // The mean is the sum over k of the share above k + 1/2, by 255: of a few k at once, so that it does not take much memory.
        let (all, some) = (255, 17)
        var above: OperatorGraph.Value?
        for first in stride(from: 0, to: all, by: some) {
            let ends = (first..<first + some).map { Float(2 * $0 + 1) / Float(all) - 1 }
            let distances = graph.apply(.difference, locations, graph.constant(.float32(ends), [some, 1, 1]))
            let shares = graph.apply(.sigmoid, graph.apply(.product, distances, inverses))
            let sum = graph.reduce(.sum, shares, axes: [0])
            above = above.map { graph.apply(.sum, $0, sum) } ?? sum
        }
        let weighted = graph.reduce(.sum, graph.apply(.product, weights, above!), axes: [1])
        let total = graph.apply(.product, graph.reduce(.sum, weights, axes: [1]), Double(all))
        var named = [("mean", graph.flatten(graph.apply(.quotient, weighted, total)))]
        for (name, values) in [("logits", logits), ("location", locations), ("log_scale", logScales)] {
            for m in 0..<components {
                named.append(("\(name)_\(m + 1)", graph.flatten(graph.part(values, axis: 1, m..<m + 1))))
            }
        }
        return named
    }

    /// By the inverse of the distribution function, whose place is looked for by halves.
    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        mean(output, seen.library, into: drawn, rows: seen.rows.count, features: features)
        drawMissing(seen, noise: noise, features: features, into: drawn) { place, uniform in
            let (row, feature) = (place / features, place % features)
            let own = output + row * heads * features + feature
            var (low, high) = (0, 255)
            while low < high {
                let middle = (low + high) / 2
                if share(upTo: middle, own, features: features) > uniform { high = middle } else { low = middle + 1 }
            }
            return Float(low) / 255
        }
    }

    /// P(x <= k / 255).
    private func share(upTo k: Int, _ output: UnsafePointer<Float>, features: Int) -> Double {
        let end = Double(2 * k + 1) / 255 - 1
        let (least, most) = (Double(KERNEL_LIKELIHOOD_LOG_SCALE_LOW), Double(KERNEL_LIKELIHOOD_LOG_SCALE_HIGH))
        var top = -Double.infinity
        for m in 0..<components { top = max(top, Double(output[m * features])) }
        var (sum, total) = (0.0, 0.0)
        for m in 0..<components {
            let weight = Elementary.exp(Double(output[m * features]) - top)
            let mean = Double(output[(components + m) * features])
            let scale = Elementary.exp(max(least, min(most, Double(output[(2 * components + m) * features]))))
            sum += weight / (1 + Elementary.exp((mean - end) / scale))
            total += weight
        }
        return sum / total
    }
}
