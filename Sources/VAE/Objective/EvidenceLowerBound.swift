/// What is lowered: -ELBO = -log p(x | z) + beta KL(q(z | x) || p(z)), with one z from the posterior (Kingma & Welling 2014, equation 3; beta:
/// Higgins et al. 2017, equation 4).
public enum EvidenceLowerBound {
    /// -log p(x | z), summed over features.
    public static let reconstruction = LossTerm(name: "reconstruction", index: 0)
    /// KL(q(z | x) || p(z)), summed over latents.
    public static let kl = LossTerm(name: "kl", index: 1)

    /// The weighted cross-entropy of rows with labels, which is no part of the bound; sums of it are not kept over steps.
    public static let classification = LossTerm(name: "classification", index: 2)

    /// In the order of metrics.csv and of checkpoints.
    public static let terms = [reconstruction, kl]

    /// What is lowered, a row's mean in nats.
    public static func loss(_ sums: LossSums, beta: Double) -> Double {
        (sums[reconstruction] + beta * sums[kl]) / (sums.weight > 0 ? sums.weight : 1)
    }

    /// The bound of sums, a row's mean in nats, with a beta of 1.
    public static func bound(_ sums: LossSums) -> Double { -(sums.mean(reconstruction) + sums.mean(kl)) }
}

extension LossSums {
    public init(reconstruction: Double, kl: Double, weight: Double, rowCount: Int) {
        self.init(weight: weight, rowCount: rowCount)
        add(EvidenceLowerBound.reconstruction, reconstruction)
        add(EvidenceLowerBound.kl, kl)
    }

    /// Of terms and their sums.
    public init(_ values: some Sequence<(LossTerm, Double)>, weight: Double, rowCount: Int) {
        self.init(weight: weight, rowCount: rowCount)
        for (term, value) in values { add(term, value) }
    }

    mutating func add(_ term: LossTerm, _ value: Double) { terms[term.index] += value }

    /// The sum of a term.
    public subscript(term: LossTerm) -> Double { terms[term.index] }
}
