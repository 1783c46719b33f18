internal import CKernels
internal import Randomness
internal import Support

/// Laplace variables of one fixed scale b, `likelihood-scale`: -log p(x | z) is |x - m| / b + log(2 b), so that the decoder gives medians and
/// outliers pull less than under a Gaussian (Bishop 2006, "Pattern Recognition and Machine Learning", section 1.5.5).
struct Laplace: Likelihood {
    private let width: Float

    init(_ settings: LikelihoodSettings) { width = settings.scale }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_laplace, settings: [width, 0], rows, output, step)
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        [("mean", graph.head(0, of: output, features))]
    }

    /// By the inverse of the distribution function.
    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        drawByUniform(output, seen, noise: noise, features: features, into: drawn) { mean, uniform in
            // In -1/2...1/2, without its ends.
            let u = uniform + 0x1p-54 - 0.5
            let distance = -Elementary.log(max(1 - 2 * abs(u), 0x1p-53))
            return mean + width * Float(u < 0 ? -distance : distance)
        }
    }
}
