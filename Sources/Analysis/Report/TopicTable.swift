internal import Foundation
internal import Pages
internal import Training
internal import VAE

/// The words of the largest shares in each topic of a topic model, for the page about a run.
struct TopicTable {
    private let loadings: FeatureLoadings

    /// nil where the latents are no topics.
    init?(_ applied: AppliedModel, _ checkpoint: Checkpoint) {
        guard let loadings = FeatureLoadings(applied, names: checkpoint.featureNames), loadings.loadings.areTopics else {
            return nil
        }
        self.loadings = loadings
    }

    func add(to page: inout HTMLPage) {
        let rows = (0..<min(loadings.loadings.latents, Self.mostTopics)).map { topic in
            ["\(topic)", loadings.words(of: topic, Self.wordCount).map(\.word).joined(separator: " ")]
        }
        page.section(
            "Topics",
            note:
                "The words of the largest shares in texts a third of which is one topic, a latent, and the rest all alike; topics.csv has more of them.",
            HTMLPage.table(head: ["topic", "words"], rows: rows))
    }

    private static let (mostTopics, wordCount) = (200, 10)
}
