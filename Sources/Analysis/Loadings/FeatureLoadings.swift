internal import Datasets
internal import Foundation
internal import Support
internal import Training
internal import VAE

/// The loadings of a linear decoder with the features' names, as tables for users.
struct FeatureLoadings {
    let loadings: Loadings
    /// Of the features; their places, from 0, where they have none.
    private let names: [String]
    /// ``Loadings/topics``; empty where latents are none.
    private let shares: [[Float]]

    /// nil where the decoder is not linear.
    init?(_ applied: AppliedModel, names: [String]) {
        guard let loadings = applied.model.loadings(applied.parameters) else { return nil }
        self.loadings = loadings
        self.names = names.count == loadings.features ? names : (0..<loadings.features).map { String($0) }
        shares = loadings.areTopics ? loadings.topics : []
    }

    /// A latent's loading of a feature.
    private subscript(latent: Int, feature: Int) -> Float { loadings.values[latent * loadings.features + feature] }

    /// The words of the largest shares in a topic, with these, the largest first; of equal ones that which comes first.
    func words(of topic: Int, _ count: Int) -> [(word: String, share: Float)] {
        let shares = shares[topic]
        let order = shares.indices.sorted { (shares[$0], $1) > (shares[$1], $0) }
        return order.prefix(count).map { (names[$0], shares[$0]) }
    }

    /// A line for each feature, a column for each latent: feature, z0, z1, ...
    var csv: String {
        let head = ["feature"] + (0..<loadings.latents).map { "z\($0)" }
        let lines = names.indices.map { feature in
            ([names[feature]] + (0..<loadings.latents).map { "\(self[$0, feature])" }).csvLine
        }
        return ([head.csvLine] + lines).map { $0 + "\n" }.joined()
    }

    /// A line for each of the words of the largest shares in each topic: topic, rank from 1, word, share.
    func topics(words count: Int) -> String {
        let lines = (0..<loadings.latents).flatMap { topic in
            words(of: topic, count).enumerated().map { ["\(topic)", "\($0 + 1)", $1.word, "\($1.share)"].csvLine }
        }
        return (["topic,rank,word,share"] + lines).map { $0 + "\n" }.joined()
    }

    /// Writes the tables into the folder of a run, that of topics where the latents are such, and gives their paths. Throws ``Failure``.
    func write(to run: RunFolder) throws -> [String] {
        var written = [run.loadings]
        try run.write(Array(csv.utf8), to: run.loadings)
        if loadings.areTopics {
            try run.write(Array(topics(words: Self.wordCount).utf8), to: run.topics)
            written.append(run.topics)
        }
        return written
    }

    /// The words of a topic in ``topics(words:)``.
    private static let wordCount = 20
}
