internal import CKernels

/// Laplace variables of one fixed scale b, `likelihood-scale`: -log p(x | z) is |x - m| / b + log(2 b), so that the decoder gives medians and
/// outliers pull less than under a Gaussian (Bishop 2006, "Pattern Recognition and Machine Learning", section 1.5.5).
struct Laplace: Likelihood {
    private let width: Float

    init(scale: Float) { width = scale }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, scale: Float, losses: UnsafeMutablePointer<Double>) {
        loss(kernel_likelihood_laplace, setting: width, rows, output, scale: scale, losses: losses)
    }

    func mean(_ output: UnsafePointer<Float>, into mean: UnsafeMutablePointer<Float>, rows: Int, features: Int) {
        mean.update(from: output, count: rows * features)
    }

    /// By the inverse of the distribution function.
    func draw(
        _ output: UnsafePointer<Float>, mask: UnsafePointer<Float>, noise: NoiseKey, rows: UnsafeBufferPointer<Int64>,
        features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        mean(output, into: drawn, rows: rows.count, features: features)
        for (row, number) in rows.enumerated() {
            for i in 0..<features where mask[row * features + i] == 0 {
                // In -1/2...1/2, without its ends.
                let u = noise.uniform(row: UInt64(number), index: UInt32(i)) + 0x1p-54 - 0.5
                let distance = -Elementary.log(max(1 - 2 * abs(u), 0x1p-53))
                drawn[row * features + i] += width * Float(u < 0 ? -distance : distance)
            }
        }
    }
}
