internal import Datasets
internal import Foundation
internal import Pages
internal import Support
internal import VAE

/// The features that each latent moves most: the decoder's means one standard deviation of the codes above the mean code, minus those below it,
/// all other latents at their means.
struct LatentFeatures {
    /// What a latent does to a feature.
    private struct Move {
        let feature: Int
        /// In the data's scale.
        let low: Double
        let high: Double
        /// By the feature's standard deviation, where that is known.
        let size: Double
    }

    private let decoded: DecodedRows
    /// Latents, those that carry most first, each with its largest moves.
    private let moves: [(latent: Int, moves: [Move])]
    private let isScaled: Bool

    private static let mostLatents = 50
    private static let mostMoves = 50
    private static let shownLatents = 12
    private static let shownMoves = 6

    /// - Parameter figures: say what is much for a feature; nil where that is not known.
    init(_ decoded: DecodedRows, _ embeddings: RunEmbeddings, _ figures: FeatureFigures?) {
        self.decoded = decoded
        isScaled = figures != nil
        let features = decoded.features
        // Counts of rows as large as those there are.
        let library = figures.map { Float($0.values.reduce(0) { $0 + $1.mean }) } ?? RowLibrary.usual
        let scales = figures?.values.map { $0.variance.squareRoot() }
        let deviations = embeddings.codeVariance.map { $0.squareRoot() }
        let active = Set(embeddings.activeLatents)
        moves = decoded.byActivity(embeddings).filter { active.contains($0) }.prefix(Self.mostLatents).map { latent in
            var codes = ListedCodes(latentSize: deviations.count, columns: 2, about: [])
            for sign in [-1.0, 1] {
                var code = embeddings.codeMean
                code[latent] += sign * deviations[latent]
                codes.values += code.map(Float.init)
            }
            let means = decoded.decode(codes, library: library)
            let restored = decoded.preparation.restore(means.pointer, rows: 2, features: features)
            let all = (0..<features).compactMap { feature -> Move? in
                let difference = Double(means.pointer[features + feature]) - Double(means.pointer[feature])
                let scale = scales?[feature] ?? 1
                // One that does not vary is moved by nothing.
                guard scale > 0, difference.isFinite else { return nil }
                return Move(
                    feature: feature, low: restored.pointer[feature], high: restored.pointer[features + feature],
                    size: difference / scale)
            }
            let order = all.sorted { (-abs($0.size), $0.feature) < (-abs($1.size), $1.feature) }
            return (latent, Array(order.prefix(Self.mostMoves)))
        }
    }

    /// Adds a table; nothing where no latent is active.
    func add(to page: inout HTMLPage) {
        if moves.isEmpty { return }
        let unit = isScaled ? ", in standard deviations of the feature" : ""
        let rows = moves.prefix(Self.shownLatents).map { latent, moves in
            [
                "latent \(latent)",
                moves.prefix(Self.shownMoves).map { move in
                    "\(decoded.name(move.feature)) (\(move.size > 0 ? "+" : "")\(HTMLPage.number(move.size, digits: 2)))"
                }.joined(separator: ", "),
            ]
        }
        page.section(
            "Features of the latents",
            note:
                "What the decoder gives one standard deviation of the codes above the mean code, minus what it gives below it\(unit); the largest "
                + "differences, latents that carry most first. latent-features.csv in the folder of the run has more of them.",
            HTMLPage.table(rows.map { ($0[0], $0[1]) }))
    }

    /// A line for each latent and feature: `latent,rank,feature,low,high,difference`.
    var csv: String {
        var text =
            ["latent", "rank", "feature", "low", "high", isScaled ? "difference_in_deviations" : "difference"].csvLine + "\n"
        for (latent, moves) in moves {
            for (rank, move) in moves.enumerated() {
                text +=
                    [
                        "\(latent)", "\(rank + 1)", decoded.name(move.feature), "\(Float(move.low))", "\(Float(move.high))",
                        "\(Float(move.size))",
                    ]
                    .csvLine + "\n"
            }
        }
        return text
    }
}
