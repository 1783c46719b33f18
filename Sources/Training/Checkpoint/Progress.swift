package import VAE

/// Where training stands: together with parameters and moments all that a checkpoint needs, and nothing of it belongs to a rank.
package struct Progress: Equatable, Sendable {
    /// Updates made so far, over all epochs.
    package var step = 0
    /// Steps made in the current epoch.
    var stepInEpoch = 0
    package var epoch = 0
    /// Sums of the current epoch's steps so far, by shard.
    package var sums: [LossSums]
    /// The best figure so far (nats per row, lower is better), the step it was reached at, and the epochs since.
    package var best = Double.infinity
    package var bestStep = 0
    var epochsSinceBest = 0

    /// Whether all epochs are over, or no better figure has come for too many of them.
    package func isTrained(_ training: Configuration.Training) -> Bool {
        epoch >= training.epochs || training.earlyStopping > 0 && epochsSinceBest >= training.earlyStopping
    }
}
