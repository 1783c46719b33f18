internal import CKernels
internal import Randomness
internal import Support

extension LikelihoodName {
    public static let learnedGaussian = LikelihoodName(known: "gaussian-learned")
}

/// Normal variables whose log variance is learned, held to +-10: the decoder gives it too (Kingma & Welling 2014, appendix C.2), or it is a
/// parameter, of each feature or of all (Rybkin et al. 2021, "Simple and effective VAE training with calibrated decoders", section 3).
struct LearnedGaussian: Likelihood {
    private let variance: LikelihoodSettings.Variance

    init(_ variance: LikelihoodSettings.Variance) { self.variance = variance }

    var heads: Int { variance == .value ? 2 : 1 }
    var sharedHeads: [SharedHead] { variance.sharedHeads }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_gaussian_learned, rows, output, step)
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        [("mean", graph.head(0, of: output, features)), ("log_variance", graph.logVariance(of: output, features))]
    }

    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        let limit = Float(KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT)
        drawNormal(output, seen, noise: noise, features: features, into: drawn) { row, feature in
            Elementary.exp(0.5 * max(-limit, min(limit, output[(row * 2 + 1) * features + feature])))
        }
    }
}

extension LikelihoodSettings.Variance {
    /// The parameters that give it.
    var sharedHeads: [SharedHead] {
        [.shared, .feature].contains(self) ? [SharedHead(name: "log-variance", isOne: self == .shared)] : []
    }
}
