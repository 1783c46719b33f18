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

    /// Replaces the decoder's output by the gradient of `scale * weight * loss`, and gives each row's loss in nats.
    ///
    /// - Parameters:
    ///   - x: the data, `[rows, features]`.
    ///   - mask: 1 for values that are there, 0 for missing ones, which count for nothing; nil if none are missing.
    ///   - weights: how much each row counts, `[rows]`.
    ///   - output: the decoder's output, `[rows, outputsPerFeature * features]`.
    ///   - columnSums: gets the sums of the gradient's columns added: the gradient of the last bias.
    func apply(
        _ x: UnsafePointer<Float>, mask: UnsafePointer<Float>?, weights: UnsafePointer<Float>,
        _ output: UnsafeMutablePointer<Float>, deviation: Float, scale: Float,
        losses: UnsafeMutablePointer<Double>, columnSums: UnsafeMutablePointer<Float>, rows: Int, features: Int
    ) {
        switch self {
        case .bernoulli: kernel_bernoulli(x, mask, weights, output, scale, losses, columnSums, rows, features)
        case .gaussian: kernel_gaussian(x, mask, weights, output, deviation, scale, losses, columnSums, rows, features)
        case .gaussianLearned: kernel_gaussian_learned(x, mask, weights, output, scale, losses, columnSums, rows, features)
        case .mse: kernel_squared_error(x, mask, weights, output, scale, losses, columnSums, rows, features)
        }
    }
}
