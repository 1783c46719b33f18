/// Mutual information gap (Chen et al. 2018, equation 6): for each factor how much more the latent that knows most of it knows than
/// the next one does, by the factor's entropy; averaged over the factors. Latents are cut into 20 bins of equal width, as are factors
/// of more than 20 values; factors that never change are left out.
package enum MutualInformationGap {
    private static let bins = 20

    /// - Parameters:
    ///   - codes: `[count, latents]`.
    ///   - factors: `[count, factorCount]`.
    /// - Returns: nil if no factor changes.
    package static func compute(_ codes: [Float], latents: Int, factors: [Double], factorCount: Int) -> Double? {
        let known = known(codes.map(Double.init), latents: latents, factors: factors, factorCount: factorCount)
        let gaps = known.compactMap { $0?.gap }
        return gaps.isEmpty ? nil : gaps.reduce(0, +) / Double(gaps.count)
    }

    /// What latents know of a factor.
    package struct Known {
        /// By latent the mutual information in nats.
        let information: [Double]
        /// Of the factor, in nats.
        let entropy: Double

        /// The share of the factor's entropy that a latent knows.
        package func share(_ latent: Int) -> Double { information[latent] / entropy }

        /// How much more the latent that knows most of the factor knows than the next one, as a share of the factor's entropy.
        package var gap: Double {
            let sorted = information.sorted(by: >)
            return (sorted[0] - (sorted.count > 1 ? sorted[1] : 0)) / entropy
        }
    }

    /// - Parameters:
    ///   - codes: `[count, latents]`.
    ///   - factors: `[count, factorCount]`.
    /// - Returns: of each factor; nil for one that does not change.
    package static func known(_ codes: [Double], latents: Int, factors: [Double], factorCount: Int) -> [Known?] {
        let count = codes.count / latents
        let latents = (0..<latents).map { latent in binned((0..<count).map { codes[$0 * latents + latent] }) }
        return (0..<factorCount).map { factor in
            let values = (0..<count).map { factors[$0 * factorCount + factor] }
            let distinct = Set(values).sorted()
            if distinct.count < 2 { return nil }
            let places = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, $0) })
            let parts = distinct.count > bins ? binned(values) : values.map { places[$0]! }
            return Known(
                information: latents.map { Agreement($0, parts).mutualInformation },
                entropy: Agreement(parts, parts).secondEntropy)
        }
    }

    private static func binned(_ values: [Double]) -> [Int] {
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        if low == high { return values.map { _ in 0 } }
        return values.map { min(bins - 1, Int(($0 - low) / (high - low) * Double(bins))) }
    }
}
