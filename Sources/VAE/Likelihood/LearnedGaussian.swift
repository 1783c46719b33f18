internal import CKernels
internal import Randomness
internal import Support

extension LikelihoodName {
    public static let learnedGaussian = LikelihoodName(known: "gaussian-learned")
}

/// Normal variables whose log variance the decoder gives too, held to +-10 (Kingma & Welling 2014, appendix C.2).
struct LearnedGaussian: Likelihood {
    init(scale: Float) {}

    var heads: Int { 2 }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, scale: Float, losses: UnsafeMutablePointer<Double>) {
        loss(kernel_likelihood_gaussian_learned, rows, output, scale: scale, losses: losses)
    }

    func draw(
        _ output: UnsafePointer<Float>, mask: UnsafePointer<Float>, noise: NoiseKey, rows: UnsafeBufferPointer<Int64>,
        features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        let limit = Float(KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT)
        drawNormal(output, noise: noise, rows: rows, features: features, into: drawn) { row, feature in
            Elementary.exp(0.5 * max(-limit, min(limit, output[(row * 2 + 1) * features + feature])))
        }
    }
}
