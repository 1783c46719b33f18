/// Of models that are not clearly worse than the best the smallest: whose mean figure is within one standard error of the best one's (Breiman et al. 1984,
/// "Classification and Regression Trees", section 3.4.3).
package enum OneStandardErrorRule {
    /// - Parameters:
    ///   - candidates: each one's size and mean figure; the higher the better.
    ///   - error: of the best one's mean.
    /// - Returns: the place of the smallest; nil of none.
    package static func smallest(_ candidates: [(size: Int, mean: Double)], error: Double) -> Int? {
        guard let best = candidates.map(\.mean).max() else { return nil }
        return candidates.indices.filter { candidates[$0].mean >= best - error }
            .min { candidates[$0].size < candidates[$1].size }
    }
}
