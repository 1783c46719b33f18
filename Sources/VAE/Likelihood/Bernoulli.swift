internal import CKernels
internal import Randomness
internal import Support

extension LikelihoodName {
    public static let bernoulli = LikelihoodName(known: "bernoulli")
}

/// Independent Bernoulli variables, by logits; data in 0...1, between them as probabilities (Kingma & Welling 2014, appendix C.1).
struct Bernoulli: Likelihood {
    var support: ValueSupport? {
        ValueSupport(
            range: 0...1,
            reason:
                "the likelihood bernoulli needs values in 0...1: scale the data (--scale min-max), or use --likelihood gaussian")
    }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_bernoulli, rows, output, step)
    }

    func mean(
        _ output: UnsafePointer<Float>, _ library: RowLibrary, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        kernel_activate(kernel_sigmoid, mean, output, rows * features)
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        let logits = graph.head(0, of: output, features)
        return [("mean", graph.apply(.sigmoid, logits)), ("logits", logits)]
    }

    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        drawByUniform(output, seen, noise: noise, features: features, into: drawn) { mean, uniform in
            uniform < Double(mean) ? 1 : 0
        }
    }
}
