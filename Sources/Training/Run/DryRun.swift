internal import Datasets
public import Distributed
internal import Foundation
public import Logging
internal import Support
internal import VAE

extension TrainingRun {
    /// Opens everything that a run would, and tells what it would do and take; writes nothing. Collective.
    ///
    /// - Returns: the plan as text, on root.
    /// - Throws: what the run would.
    public static func plan(_ configuration: Configuration, world: World, log: Logger) throws -> String? {
        let folder = RunFolder(path: configuration.run.output)
        try world.onRoot { try folder.checkIsWritable(host: world.host) }
        return try GeneratedShapes.standingIn(configuration, world: world, log: log) { configuration in
            let resumed = try ResumeState.find(configuration, folder: folder, world: world, log: log)
            let replica = try Replica(configuration, resumed: resumed, world: world, log: log)
            try world.onRoot { if let refusal = folder.refusalOfForeignFolder { throw refusal } }
            replica.describe(log)
            // Measuring makes steps.
            let progress = replica.trainer.progress
            let step = try StepBenchmark.measureSteps(replica, seconds: 1).seconds
            let memory = try world.communicator.allGather(
                [Double(replica.trainer.dataBytes), Double(StepBenchmark.residentBytes())])
            guard world.isRoot else { return nil }
            return text(replica, progress, folder: folder, secondsPerStep: step, memory: memory)
        }
    }

    private static func text(
        _ replica: Replica, _ progress: Progress, folder: RunFolder, secondsPerStep: Double, memory: [[Double]]
    ) -> String {
        let rows = ShardPlan(shardCount: replica.shardCount, rowCount: replica.data.count(.train))
        var lines = ["rank  shards        rows of the training part     data MiB  memory MiB"]
        for rank in 0..<replica.world.size {
            let shards = ShardPlan.shards(ofRank: rank, worldSize: replica.world.size, shardCount: replica.shardCount)
            let first = rows.rows(ofShard: shards.lowerBound).lowerBound
            let end = rows.rows(ofShard: shards.upperBound - 1).upperBound
            let columns = ["\(shards.lowerBound)-\(shards.upperBound - 1)", "\(first)-\(end - 1)"]
            lines.append(
                String(format: "%4ld  ", rank) + columns[0].padded(to: 12)
                    + columns[1].padded(to: 26)
                    + String(format: "%12.1f %11.1f", memory[rank][0] / 1_048_576, memory[rank][1] / 1_048_576))
        }
        let configuration = replica.configuration
        let moments = OptimizerState.momentNames(configuration.optimizer.optimizer).count
        let checkpoint = Double(replica.model.layout.count * 4 * (1 + moments)) / 1_048_576
        lines += replica.memory.lines
        lines += [
            String(
                format: "checkpoint   %.1f MiB each, the newest %ld and the best are kept", checkpoint, configuration.run.keep),
            String(
                format: "step         %.2f ms (measured), %.0f rows/s", secondsPerStep * 1e3,
                Double(configuration.training.globalBatch) / secondsPerStep),
            "to go        \(toGo(replica, progress, secondsPerStep: secondsPerStep))",
            "nothing was written; the run would go to \(folder.path)",
        ]
        return lines.joined(separator: "\n")
    }

    /// The steps that the run would make, from where it stands to its end or ``Configuration/Run/maxSteps``.
    private static func toGo(_ replica: Replica, _ progress: Progress, secondsPerStep: Double) -> String {
        let (configuration, each) = (replica.configuration, replica.trainer.stepsPerEpoch)
        let (epochs, limit) = (configuration.training.epochs, configuration.run.maxSteps)
        if progress.isTrained(configuration.training) { return "nothing: the run has been trained for \(progress.epoch) epochs" }
        let whole = epochs * each
        let end = limit > 0 ? min(limit, whole) : whole
        if end <= progress.step { return "nothing: the run has made \(progress.step) steps, and max-steps is \(limit)" }
        let steps = end - progress.step
        var text = "\(epochs) epochs of \(each) steps"
        if progress.step > 0 { text += ", of which \(progress.step) steps are made" }
        if end < whole { text += ", but only to step \(end) (max-steps)" }
        return text + String(format: ": %ld steps, about %.0f s without validation", steps, Double(steps) * secondsPerStep)
    }
}
