extension LatentKind {
    /// Logits of shares: z as in ``normal``, whose softmax is distributed nearly as Dirichlet(alpha, ..., alpha) by the prior.
    public static let logisticNormal = LatentKind(known: "logistic-normal")

    /// Whether the latents are logits of shares that sum to 1: of topics in a text, say.
    public var isOfShares: Bool { self == .logisticNormal }
}

extension Model {
    /// The latents that are logits of shares, all or none: topics.
    public var topicCount: Int { specification.latent.isOfShares ? latentSize : 0 }
}

/// The Laplace approximation of a Dirichlet distribution in the softmax basis by N(mean, variance), of a_k for each of K shares: mean_k = log a_k - 1/K sum
/// of log a_i, variance_k = 1/a_k (1 - 2/K) + 1/K^2 sum of 1/a_i (MacKay 1998, "Choice of basis for Laplace approximation"; Srivastava & Sutton 2017,
/// "Autoencoding variational inference for topic models", section 3.3).
enum LogisticNormal {
    /// That of all latents for a symmetric distribution, all of whose a_k are `concentration`; their mean is 0 then.
    ///
    /// - Precondition: there are two latents at least: one share is 1, and has no distribution.
    static func variance(size: Int, concentration: Float) -> Float { (1 - 1 / Float(size)) / concentration }
}
