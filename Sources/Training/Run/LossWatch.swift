internal import Foundation

/// Notices a training loss that explodes but stays finite, from its values at the ends of epochs. Kept by root alone.
struct LossWatch {
    /// Before training had changed anything, or nearly so; nil where that is not known any more.
    private let start: Double?
    /// The best so far.
    private var best: Double
    private var worseEpochs = 0
    private var hasWarned = false

    /// Of what is worse than at the start, more than noise: the start is one batch's loss.
    private static let margin = 0.2
    private static let mostWorseEpochs = 3
    /// The number of times the best loss, beyond which nothing comes back by itself.
    private static let explosion = 1e3

    /// - Parameter start: the loss of the first step, in nats per row.
    init(start: Double) {
        self.start = start
        best = start
    }

    /// Of a run that goes on after the epochs in its `metrics.csv`; nil where there are none.
    init?(_ metrics: String) {
        let losses = EpochTable(metrics)?.curve("train_loss").map(\.1) ?? []
        guard let least = losses.min() else { return nil }
        (start, best) = (nil, least)
    }

    /// Takes the loss of an epoch.
    ///
    /// - Parameter isLast: whether the run ends with it.
    /// - Returns: what to tell, once a run.
    mutating func note(_ loss: Double, epoch: Int, isLast: Bool) -> String? {
        defer { best = min(best, loss) }
        if hasWarned { return nil }
        // A loss may be 0 or below it, so it is compared by how far it is above the others.
        let scale = max(abs(best), abs(start ?? 0) / Self.explosion)
        let hasExploded = loss - best > Self.explosion * scale
        let isWorse = start.map { loss - $0 > Self.margin * abs($0) } ?? false
        worseEpochs = isWorse ? worseEpochs + 1 : 0
        guard hasExploded || worseEpochs >= Self.mostWorseEpochs || isWorse && isLast else { return nil }
        hasWarned = true
        let before = isWorse ? "\(Self.text(start!)) before training" : "\(Self.text(best)) at best"
        return
            "the training loss is \(Self.text(loss)) in epoch \(epoch), but was \(before): it explodes; best.h5 keeps the best "
            + "epoch's model: try a smaller --lr, --clip-norm 1, or scaled data (--scale standardize), in another --output"
    }

    private static func text(_ loss: Double) -> String { String(format: "%.4g", loss) }
}
