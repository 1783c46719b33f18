internal import CKernels

/// What the decoder's output means for a row of data: p(x | z).
public enum Likelihood: String, Codable, Sendable, CaseIterable {
    /// Independent Bernoulli variables, by logits; data in 0...1, between them as probabilities.
    case bernoulli
    /// Normal variables of one fixed standard deviation, `likelihood-scale`.
    case gaussian
    /// Normal variables whose log variance the decoder gives too, held to +-10.
    case gaussianLearned = "gaussian-learned"
    /// The squared error; not a log likelihood, so the "ELBO" with it has no unit.
    case mse

    /// The decoder's outputs per feature.
    var outputsPerFeature: Int { self == .gaussianLearned ? 2 : 1 }

    /// Whether data must lie in 0...1.
    public var needsUnitInterval: Bool { self == .bernoulli }

    /// Whether the loss is -log p(x | z); the squared error is not.
    public var isDistribution: Bool { self != .mse }

    /// The mean of p(x | z), and where it is normal its standard deviation (for `bernoulli` 0), `[rows, features]` each.
    func moments(
        of output: UnsafePointer<Float>, deviation scale: Float, mean: UnsafeMutablePointer<Float>,
        deviation: UnsafeMutablePointer<Float>?, rows: Int, features: Int
    ) {
        switch self {
        case .bernoulli:
            kernel_activate(kernel_sigmoid, mean, output, rows * features)
            deviation?.update(repeating: 0, count: rows * features)
        case .gaussian, .mse:
            mean.update(from: output, count: rows * features)
            deviation?.update(repeating: self == .gaussian ? scale : 0, count: rows * features)
        case .gaussianLearned:
            let limit = Float(KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT)
            for row in 0..<rows {
                (mean + row * features).update(from: output + row * 2 * features, count: features)
                guard let deviation else { continue }
                for i in 0..<features {
                    let v = output[(row * 2 + 1) * features + i]
                    deviation[row * features + i] = Elementary.exp(0.5 * max(-limit, min(limit, v)))
                }
            }
        }
    }

    /// Gives each row's loss in nats, and with weights replaces the decoder's output by the gradient of `scale * weight * loss`.
    ///
    /// - Parameters:
    ///   - x: the data, `[rows, features]`.
    ///   - mask: 1 for values that are there, 0 for missing ones, which count for nothing; nil if none are missing.
    ///   - weights: how much each row counts, `[rows]`; nil where no gradient is wanted.
    ///   - output: the decoder's output, `[rows, outputsPerFeature * features]`.
    func apply(
        _ x: UnsafePointer<Float>, mask: UnsafePointer<Float>?, weights: UnsafePointer<Float>?,
        _ output: UnsafeMutablePointer<Float>, deviation: Float, scale: Float,
        losses: UnsafeMutablePointer<Double>, rows: Int, features: Int
    ) {
        switch self {
        case .bernoulli: kernel_bernoulli(x, mask, weights, output, scale, losses, rows, features)
        case .gaussian: kernel_gaussian(x, mask, weights, output, deviation, scale, losses, rows, features)
        case .gaussianLearned: kernel_gaussian_learned(x, mask, weights, output, scale, losses, rows, features)
        case .mse: kernel_squared_error(x, mask, weights, output, scale, losses, rows, features)
        }
    }
}
