internal import Foundation
internal import Support
internal import Training
internal import VAE

/// What the folder of a run says of its bits, for a run that is to repeat it. Read by root alone; nothing in the folder is changed.
struct RecordedRun {
    /// The end of an epoch in `metrics.csv`.
    struct Epoch {
        let number: Int
        let step: Int
        /// nil where a version wrote the line that knew no digests.
        let digest: String?
    }

    let folder: RunFolder
    let record: RunRecord
    /// The newest, without parameters.
    let checkpoint: Checkpoint
    /// Those up to the checkpoint.
    let epochs: [Epoch]

    /// Throws ``Failure``: 66 where there is nothing, 65 for what is no run, or for one that this program cannot repeat.
    init(_ path: String) throws {
        folder = RunFolder(path: path)
        guard FilePath.exists(path) else { throw Failure(.inputMissing, "\(path) is not there: give the folder of a run") }
        guard let text = folder.configurationText else {
            throw Failure(.badData, "\(path) is not the folder of a run: it holds no config.toml that can be read")
        }
        record = try RunRecord(text, of: folder)
        guard let newest = folder.checkpointPaths().first else {
            throw Failure(.badData, "\(path) holds no checkpoint: there is nothing to compare with")
        }
        let checkpoint = try Checkpoint.read(newest, .model).description
        self.checkpoint = checkpoint
        let others = checkpoint.history.arithmetics.subtracting([Arithmetic.number]).sorted()
        guard others.isEmpty else {
            throw Failure(
                .badData,
                "\(path) cannot be repeated bit for bit: steps of it were computed by arithmetic \(others.map(String.init).joined(separator: ", ")), "
                    + "but this program computes by arithmetic \(Arithmetic.number): use a version that has the number of the run"
            )
        }
        let products = record.configuration.training.precision.order
        guard checkpoint.history.products == products else {
            throw Failure(
                .badData,
                "\(path) cannot be repeated bit for bit here: its products were computed in the order of \(checkpoint.history.products), but "
                    + "this processor's have that of \(products)")
        }
        epochs = (EpochTable(folder.metrics)?.rows(upTo: checkpoint.progress.step) ?? []).compactMap { row in
            guard let number = row.text("epoch").flatMap({ Int($0) }), let step = row.text("step").flatMap({ Int($0) }) else {
                return nil
            }
            return Epoch(number: number, step: step, digest: row.text("digest"))
        }
    }

    /// The configurations to train by, one after the other, each to its last step: several where the run was made longer on its way,
    /// which changed its schedules.
    ///
    /// - Parameters:
    ///   - located: the configuration with the data where they lie now.
    ///   - end: the step to stop at.
    func stages(_ located: Configuration, end: Int) throws -> [Configuration] {
        let last = try Configuration(toml: checkpoint.configuration, name: folder.path).training.epochs
        let parts = checkpoint.history.earlier.map { ($0.end, $0.epochs) } + [(checkpoint.progress.step, last)]
        var stages: [Configuration] = []
        for (partEnd, epochs) in parts where stages.last.map({ $0.run.maxSteps < end }) ?? true {
            var stage = located
            stage.training.epochs = epochs
            stage.run.maxSteps = min(partEnd, end)
            stage.run.resume = stages.isEmpty ? "never" : "auto"
            stages.append(stage)
        }
        return stages
    }
}
