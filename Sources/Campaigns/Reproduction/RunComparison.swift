internal import Datasets
internal import Distributed
internal import Foundation
internal import Support
internal import Training
internal import VAE

/// Compares a run under way with the one that it repeats. All that it is asked is asked on root alone.
final class RunComparison: RunObserver {
    /// nil on the other ranks.
    private let recorded: RecordedRun?
    /// The step after which the comparison is over.
    private let end: Int
    /// The epochs that were the same bits.
    private(set) var sameEpochs = 0
    /// The digest after the last step, once it has been reached and is the same bits.
    private(set) var digest: String?

    init(_ recorded: RecordedRun?, end: Int) {
        self.recorded = recorded
        self.end = end
    }

    /// Throws ``Failure`` (65, 78) where data or configuration are not those of the run.
    func begin(_ replica: Replica) throws {
        guard let recorded else { return }
        do {
            try RunIdentity(recorded.checkpoint, advises: false).check(
                replica.configuration, replica.dataIdentity, inputShape: replica.data.source.rowShape)
        } catch let failure as Failure {
            throw Failure(failure.code, "\(recorded.folder.path) cannot be repeated: \(failure.message)")
        }
    }

    /// Compares the parameters at the end of an epoch.
    ///
    /// - Returns: that they are the same; nil where the run does not say what they were.
    /// - Throws: ``Failure`` (65) where they differ.
    func endEpoch(_ epoch: Int, step: Int, digest: String, _ replica: Replica) throws -> String? {
        guard let recorded, let before = recorded.epochs.first(where: { $0.number == epoch }), let expected = before.digest else {
            return nil
        }
        if step == before.step, digest == expected {
            sameEpochs += 1
            return "the same bits"
        }
        var text = "epoch \(epoch) of \(recorded.folder.path) differs: metrics.csv has the digest \(expected)"
        text += step == before.step ? "" : " after step \(before.step)"
        text += ", but it is \(digest) here\(step == before.step ? "" : " after step \(step)")"
        text += afterSameEpochs
        if let detail = try difference(step, replica) { text += "; \(detail)" }
        throw Failure(.badData, text)
    }

    /// Compares the parameters after the last step with those of the checkpoint, if that is of the same step.
    ///
    /// Throws ``Failure`` (65) where they differ.
    func end(step: Int, _ replica: Replica) throws {
        guard let recorded, step == end else { return }
        let digest = replica.digest
        if step == recorded.checkpoint.progress.step, digest != recorded.checkpoint.digest {
            let place = recorded.folder.checkpointPath(step: step)
            throw Failure(
                .badData,
                "\(place) differs\(afterSameEpochs): \(try difference(step, replica) ?? "its digest is another than its parameters'")"
            )
        }
        self.digest = digest
    }

    private var afterSameEpochs: String {
        sameEpochs == 0 ? "" : ", after \(sameEpochs) epoch\(sameEpochs == 1 ? "" : "s") of the same bits"
    }

    /// How the parameters differ from those of the run's checkpoint of a step; nil without one.
    private func difference(_ step: Int, _ replica: Replica) throws -> String? {
        guard let path = recorded?.folder.checkpointPath(step: step), FilePath.exists(path) else { return nil }
        let checkpoint = try Checkpoint.read(path, .model)
        let (entries, here) = (checkpoint.layout.entries, replica.reduction.parameters)
        let differing = entries.filter { entry in
            entry.range.contains { checkpoint.parameters[$0].bitPattern != here[$0].bitPattern }
        }
        guard let first = differing.first else {
            return "its checkpoint of step \(step) has the same parameters as this run, so it is metrics.csv that was changed"
        }
        let places = first.range.filter { checkpoint.parameters[$0].bitPattern != here[$0].bitPattern }
        let most = places.map { abs(Double(checkpoint.parameters[$0]) - Double(here[$0])) }.max() ?? 0
        return "\(differing.count) of \(entries.count) parameters differ in its checkpoint, first \(first.name): "
            + "\(places.count) of \(first.range.count) values, by up to \(String(format: "%.3g", most))"
    }
}
