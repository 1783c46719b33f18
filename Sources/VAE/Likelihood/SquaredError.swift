internal import CKernels
internal import Randomness

extension LikelihoodName {
    public static let squaredError = LikelihoodName(known: "mse")
}

/// The squared error, summed over features; not a log likelihood, so the "ELBO" with it has no unit.
struct SquaredError: Likelihood {
    init(scale: Float) {}

    var isDistribution: Bool { false }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, scale: Float, losses: UnsafeMutablePointer<Double>) {
        loss(kernel_likelihood_squared_error, rows, output, scale: scale, losses: losses)
    }

    /// There is nothing to draw from but the mean.
    func draw(
        _ output: UnsafePointer<Float>, mask: UnsafePointer<Float>, noise: NoiseKey, rows: UnsafeBufferPointer<Int64>,
        features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        mean(output, into: drawn, rows: rows.count, features: features)
    }
}
