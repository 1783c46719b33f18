internal import Support

/// What a linear decoder makes of each latent (Svensson et al. 2020, "Interpretable factor models of single-cell RNA-seq via variational autoencoders",
/// Bioinformatics 36, section 2).
public struct Loadings: Sendable {
    /// What a unit of each latent adds to the decoder's first output of each feature, as the model is applied: `[latents, features]`.
    public let values: [Float]
    /// The first output of each feature where all latents are 0, and all conditions: `[features]`.
    public let levels: [Float]
    public let latents: Int
    public let features: Int
    /// Whether latents are topics: the decoder takes codes as shares, by a softmax, and so does the likelihood its outputs.
    public let areTopics: Bool

    /// The shares of the features in rows a third of which is one topic, and the rest all topics alike, `[latents][features]`: softmax(level +
    /// (loading + 2 mean loading) / 3). Rows of one topic alone are rare, and beyond what a product of experts has learned of its words.
    ///
    /// - Precondition: latents are topics.
    public var topics: [[Float]] {
        precondition(areTopics)
        let means = (0..<features).map { feature in
            (0..<latents).reduce(0.0) { $0 + Double(values[$1 * features + feature]) } / Double(latents)
        }
        return (0..<latents).map { latent in
            let logits = (0..<features).map { (feature: Int) -> Double in
                let loading = Double(values[latent * features + feature])
                return Double(levels[feature]) + (loading + 2 * means[feature]) / 3
            }
            let top = logits.max()!
            let exponentials = logits.map { Elementary.exp($0 - top) }
            let total = exponentials.reduce(0, +)
            return exponentials.map { Float($0 / total) }
        }
    }
}

extension Model {
    /// The loadings by its parameters; nil where the decoder is not linear, or the data are a table of several likelihoods.
    public func loadings(_ parameters: PreparedParameters) -> Loadings? {
        guard specification.parts.isEmpty else { return nil }
        func values(_ place: Range<Int>) -> ArraySlice<Float> {
            Array(UnsafeBufferPointer(start: parameters.values + place.lowerBound, count: place.count))[...]
        }
        // The latents' rows, and behind them the levels.
        var rows: [[Float]] = []
        var takesShares = false
        for layer in decoder.layers {
            switch layer {
            case is Softmax where rows.isEmpty: takesShares = true
            // What is the same for all codes, and what is done in training alone.
            case is ConditionShift, is SharedHeads, is Dropout: break
            case let dense as Dense where rows.isEmpty && dense.activation == nil:
                let (weight, width) = (Array(values(dense.weight)), dense.output.count)
                rows = (0..<latentSize).map { Array(weight[$0 * width..<($0 + 1) * width]) } + [Array(values(dense.bias))]
            case let normalization as BatchNormalization where !rows.isEmpty:
                rows = rows.indices.map { normalization.applied(to: rows[$0], isDifference: $0 < latentSize, values) }
            case let axes as ExchangedAxes: rows = rows.map(axes.exchanged)
            default: return nil
            }
        }
        guard !rows.isEmpty else { return nil }
        return Loadings(
            values: rows.dropLast().flatMap { $0[..<inputSize] }, levels: Array(rows[latentSize][..<inputSize]),
            latents: latentSize,
            features: inputSize, areTopics: takesShares && likelihood.takesCounts)
    }
}
