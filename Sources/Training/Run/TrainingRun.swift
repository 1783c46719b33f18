public import Distributed
internal import Foundation
public import Logging
internal import VAE

/// A run from its configuration to its last file.
public final class TrainingRun {
    private let configuration: Configuration
    private let world: World
    private let log: Logger
    private let folder: RunFolder
    private let replica: Replica
    private let trainer: Trainer

    /// Trains, or goes on training, writes checkpoints and at the end the embeddings. Collective.
    ///
    /// - Returns: 0 when the run is done, 75 when it was asked to stop and saved.
    /// - Throws: ``SharedFailure``, ``Failure``, or what MPI threw.
    public static func run(_ configuration: Configuration, world: World, log: Logger) throws -> ExitCode {
        var configuration = configuration
        let folder = RunFolder(path: configuration.run.output)
        try world.onRoot { try folder.create() }
        if configuration.data.data.isEmpty {
            configuration.data.data = "\(folder.shapes):/data"
            if configuration.data.validationFraction == 0 { configuration.data.validationFraction = 0.1 }
            try world.onRoot {
                if !FileManager.default.fileExists(atPath: folder.shapes) { try GeneratedShapes.write(to: folder.shapes) }
            }
            if world.isRoot { log.notice("no --data: training on generated shapes in \(folder.shapes)") }
        }
        StopSignal.install()
        return try TrainingRun(configuration, folder, world, log).train()
    }

    private init(_ configuration: Configuration, _ folder: RunFolder, _ world: World, _ log: Logger) throws {
        let resumed = try ResumeState.find(configuration, folder: folder, world: world, log: log)
        replica = try Replica(configuration, resumed: resumed, world: world, log: log)
        self.configuration = replica.configuration
        self.folder = folder
        self.world = world
        self.log = log
        trainer = replica.trainer
    }

    private func train() throws -> ExitCode {
        let epochs = configuration.training.epochs
        let identity = configuration.identityTOML()
        let metrics = try world.together { [trainer] () -> MetricsLog? in
            guard world.isRoot else { return nil }
            try folder.write(Array(configuration.resolvedTOML().utf8), to: folder.configuration)
            return try MetricsLog(folder.metrics, resumedAt: trainer.progress.step)
        }
        if trainer.progress.epoch >= epochs || isStoppedEarly {
            if world.isRoot { log.notice("nothing to do: \(folder.path) has been trained for \(trainer.progress.epoch) epochs") }
            try finish()
            return .done
        }
        replica.describe(log)

        var clock = EpochClock(trainer: trainer)
        var limit: Limit?
        while limit == nil, trainer.progress.epoch < epochs, !isStoppedEarly {
            let flags = try trainer.step(stop: StopSignal.wasGiven)
            if flags.contains(.notFinite) { throw notFinite() }
            if flags.contains(.stop) { limit = .asked }
            if trainer.progress.step == configuration.run.maxSteps { limit = limit ?? .steps }
            if trainer.epochIsComplete {
                try completeEpoch(&clock, metrics: metrics, identity: identity, mustSave: limit != nil)
            } else if limit != nil || saveIsDue {
                try save(identity)
            }
        }
        guard trainer.progress.epoch >= epochs || isStoppedEarly else {
            if world.isRoot {
                log.notice("stopped after step \(trainer.progress.step), saved: the same command goes on from there")
            }
            return limit == .asked ? .temporary : .done
        }
        try finish()
        return .done
    }

    /// Why to stop before the end.
    private enum Limit {
        case asked
        case steps
    }

    private var isStoppedEarly: Bool {
        let patience = configuration.training.earlyStopping
        return patience > 0 && trainer.progress.epochsSinceBest >= patience
    }

    private var saveIsDue: Bool {
        let interval = configuration.run.checkpointEverySteps
        return interval > 0 && trainer.progress.step % interval == 0
    }

    /// Validates, notes the figures, and saves.
    private func completeEpoch(
        _ clock: inout EpochClock, metrics: MetricsLog?, identity: String, mustSave: Bool
    ) throws {
        let beta = Double(trainer.beta)
        let times = clock.stop(trainer)
        let sums = try trainer.epochSums(world)
        let rows = sums.weight > 0 ? sums.weight : 1
        let loss = (sums.reconstruction + beta * sums.kl) / rows
        let epoch = trainer.progress.epoch + 1
        replica.model.prepare(replica.reduction.parameters.baseAddress!)
        let figures = try replica.validation?.evaluate()
        let figure = figures.map { $0.reconstruction + configuration.objective.beta * $0.kl } ?? loss
        let isBest = trainer.note(figure: figure)
        trainer.beginNextEpoch()
        try world.onRoot {
            try metrics!.append(
                epoch: epoch, step: trainer.progress.step, trainLoss: loss, validation: figures,
                samplesPerSecond: Double(times.rows) / times.seconds, dataSeconds: times.data, reduceSeconds: times.wait)
            let width = String(configuration.training.epochs).count
            var line = "epoch " + String(repeating: " ", count: width - String(epoch).count) + "\(epoch)"
            line += "/\(configuration.training.epochs)  step \(trainer.progress.step)"
            line += String(format: "  train loss %.3f", loss)
            if let figures {
                line += String(
                    format: "  validation elbo %.3f (reconstruction %.3f, kl %.3f)", figures.elbo, figures.reconstruction,
                    figures.kl)
            }
            line += String(format: "  %.0f rows/s", Double(times.rows) / times.seconds)
            print(line)
            fflush(nil)
        }
        let isLast = trainer.progress.epoch == configuration.training.epochs || isStoppedEarly || mustSave
        let isDue = trainer.progress.epoch % configuration.run.checkpointEveryEpochs == 0
        if isBest || isLast || isDue || saveIsDue { try save(identity, isBest: isBest, isRegular: isLast || isDue || saveIsDue) }
        clock = EpochClock(trainer: trainer)
    }

    /// Brings the state to root, which writes it. Collective.
    private func save(_ identity: String, isBest: Bool = false, isRegular: Bool = true) throws {
        let layout = replica.model.layout
        let reduction = replica.reduction
        var moments: [(name: String, values: [Float])] = []
        for (name, values) in trainer.optimizer.moments {
            var whole = [Float](repeating: 0, count: world.isRoot ? layout.count : 0)
            if configuration.run.reduction == .allreduce {
                if world.isRoot { whole = Array(values) }
            } else {
                try world.communicator.gather(values.baseAddress!, ranges: reduction.ownedRanges, into: &whole)
            }
            moments.append((name, whole))
        }
        var progress = trainer.progress
        progress.sums = Array(try world.communicator.allGather(progress.sums).joined())
        try world.onRoot {
            let checkpoint = Checkpoint(
                configuration: identity, inputShape: replica.data.source.rowShape, shardCount: replica.shardCount,
                dataFingerprint: replica.fingerprint, progress: progress,
                shift: replica.data.preparation.shift, factor: replica.data.preparation.factor, layout: layout,
                parameters: Array(reduction.parameters), moments: moments)
            let bytes = try checkpoint.encoded()
            if isBest { try folder.write(bytes, to: folder.best) }
            if isRegular { try folder.save(bytes, step: progress.step, keep: configuration.run.keep) }
        }
    }

    /// Embeds all rows with the best parameters, and evaluates the test rows. Collective.
    private func finish() throws {
        let (data, model, pool, workspaces) = (replica.data, replica.model, replica.pool, replica.workspaces)
        let best = try Checkpoint.broadcast(world) { try self.folder.bestCheckpoint() }
        let parameters = AlignedBuffer(count: model.layout.count)
        parameters.pointer.update(from: best.parameters, count: best.parameters.count)
        model.prepare(parameters.pointer)
        if let test = try world.together({ try data.blocks(.test, beside: nil, world: world) }) {
            let evaluator = Evaluator(
                world: world, pool: pool, rows: test, preparation: data.preparation, workspaces: workspaces,
                seed: configuration.training.seed)
            let figures = try evaluator.evaluate()
            if world.isRoot {
                print(
                    String(
                        format: "test  elbo %.3f (reconstruction %.3f, kl %.3f) of %ld rows, best step %ld", figures.elbo,
                        figures.reconstruction, figures.kl, figures.rows, best.progress.step))
            }
        }
        let embedder = Embedder(
            world: world, pool: pool, workspaces: workspaces, latentSize: configuration.model.latent,
            seed: configuration.training.seed, preparation: data.preparation)
        let split = data.split
        try embedder.write(
            [EmbeddedSource(source: data.source, part: { split.part(ofRow: $0) })]
                + [(data.validationSource, Part.validation), (data.testSource, Part.test)].compactMap { source, part in
                    source.map { EmbeddedSource(source: $0, part: { _ in part }) }
                },
            to: folder.embeddings, checkpoint: best)
        if world.isRoot { print("wrote \(folder.embeddings)") }
    }

    private func notFinite() -> SharedFailure {
        let progress = trainer.progress
        return SharedFailure(
            exitStatus: ExitCode.badData.rawValue,
            message: world.isRoot
                ? "the loss is not finite in step \(progress.step) (epoch \(progress.epoch + 1)); the last checkpoint is whole: "
                    + "try a smaller --lr, --clip-norm 1, or scaled data" : nil)
    }
}
