internal import Datasets
internal import Foundation
internal import HDF5
internal import Support
internal import Training

/// What the folder of a run tells of it; nothing else is kept of a sweep. Used by root alone.
struct SweepResult {
    enum Status: String {
        case notBegun = "not begun"
        case unfinished
        case done
        case failed
    }

    /// Of the step with the best figure, by which `best.h5` is chosen; nats per row.
    struct Figures {
        let trainLoss, elbo, reconstruction, kl: Double
    }

    private(set) var status = Status.notBegun
    /// Why it failed.
    private(set) var reason = ""
    private(set) var epochs = 0
    private(set) var steps = 0
    private(set) var bestStep = 0
    /// nil before the first epoch is over.
    private(set) var figures: Figures?
    /// Seconds of its epochs, without validation and what comes at their ends; nil until the run is done.
    private(set) var seconds: Double?
    /// What the run must have to go on; nil without a checkpoint.
    private(set) var saved: RunIdentity?

    /// - Parameter configuration: what the run is to become.
    init(_ configuration: Configuration) {
        let folder = RunFolder(path: configuration.run.output)
        // It is told in the tables, so it must not be what a link leads to.
        let failure = PlainFile.text(folder.failure, most: RunFolder.mostText, mayBeLink: false)
        if let failure {
            status = .failed
            reason = failure.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        // Of a run that goes on meanwhile, as in another job of an array, the newest may be gone: then it is not finished.
        let newest: Checkpoint?
        do {
            newest = try folder.newestCheckpoint(.model, warn: { _ in })
        } catch {
            // One that is damaged is for the run to speak of; one that could not be looked at may be whole.
            if let other = error as? Failure, other.code != .badData { (status, reason) = (.failed, other.message) }
            return
        }
        guard let checkpoint = newest, let identity = try? RunIdentity(checkpoint) else { return }
        saved = identity
        let progress = checkpoint.progress
        (epochs, steps, bestStep) = (progress.epoch, progress.step, progress.bestStep)
        figures = Self.figures(folder, step: bestStep)
        if failure != nil { return }
        status = Self.isFinished(progress, configuration, folder) ? .done : .unfinished
        if status == .done { seconds = Self.seconds(folder, step: steps) }
    }

    private static func isFinished(_ progress: Training.Progress, _ configuration: Configuration, _ folder: RunFolder) -> Bool {
        let limit = configuration.run.maxSteps
        let isTrained = progress.isTrained(configuration.training)
        // The embeddings come last; those of an earlier end are older than the checkpoint.
        func age(_ path: String) -> Date? {
            (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
        }
        if isTrained, let embeddings = age(folder.embeddings), let newest = folder.checkpointPaths().first.flatMap({ age($0) }) {
            return embeddings >= newest
        }
        return !isTrained && limit > 0 && progress.step >= limit
    }

    private static func figures(_ folder: RunFolder, step: Int) -> Figures? {
        guard let line = EpochTable(folder.metrics)?.rows(upTo: step).last, line["step"] == Double(step),
            let loss = line["train_loss"],
            let elbo = line["validation_elbo"], let reconstruction = line["validation_reconstruction"],
            let kl = line["validation_kl"]
        else { return nil }
        return Figures(trainLoss: loss, elbo: elbo, reconstruction: reconstruction, kl: kl)
    }

    private static func seconds(_ folder: RunFolder, step: Int) -> Double? {
        guard let split = try? File.open(folder.embeddings).dataset("/split"), (try? split.checkStorage()) != nil else {
            return nil
        }
        var rows = 0.0
        for first in stride(from: 0, to: split.rowCount, by: 1 << 20) {
            guard let parts = try? split.read(UInt8.self, rows: first..<min(first + 1 << 20, split.rowCount)) else { return nil }
            rows += Double(parts.count { $0 == Part.train.rawValue })
        }
        let lines = EpochTable(folder.metrics)?.rows(upTo: step) ?? []
        return lines.compactMap { $0["samples_per_second"] }.filter { $0 > 0 }.reduce(0) { $0 + rows / $1 }
    }
}
