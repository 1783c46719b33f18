internal import CKernels
internal import Randomness

extension LikelihoodName {
    public static let gaussian = LikelihoodName(known: "gaussian")
}

/// Normal variables of one fixed standard deviation, `likelihood-scale`.
struct Gaussian: Likelihood {
    private let deviation: Float

    init(scale: Float) { deviation = scale }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, scale: Float, losses: UnsafeMutablePointer<Double>) {
        loss(kernel_likelihood_gaussian, setting: deviation, rows, output, scale: scale, losses: losses)
    }

    func draw(
        _ output: UnsafePointer<Float>, mask: UnsafePointer<Float>, noise: NoiseKey, rows: UnsafeBufferPointer<Int64>,
        features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        drawNormal(output, noise: noise, rows: rows, features: features, into: drawn) { _, _ in deviation }
    }
}
