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
    private let data: RunData
    private let shardCount: Int
    private let model: Model
    private let pool: WorkerPool
    private let workspaces: [Workspace]
    private let reduction: any GradientReduction
    private let trainer: Trainer
    private let validation: Evaluator?
    private let fingerprint: String
    /// Steps done before this start of the program.
    private let firstStep: Int

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

    private init(_ given: Configuration, _ folder: RunFolder, _ world: World, _ log: Logger) throws {
        var configuration = given
        let resumed = try ResumeState.find(configuration, folder: folder, world: world, log: log)
        let data = try world.together { try RunData(given) }
        let fingerprint = try world.communicator.broadcastFromRoot(world) { try data.source.fingerprint() }
        try world.together { [configuration] in
            try resumed?.check(configuration, inputShape: data.source.rowShape, fingerprint: fingerprint)
        }
        let shardCount = try world.together { [configuration] in
            try Self.shardCount(configuration, resumed: resumed, world: world, rowCount: data.count(.train))
        }
        configuration.training.shards = shardCount
        self.configuration = configuration
        self.folder = folder
        self.world = world
        self.log = log
        self.data = data
        self.fingerprint = fingerprint
        self.shardCount = shardCount

        let modelConfiguration = configuration.modelConfiguration(inputSize: data.source.features)
        let model = try Model(modelConfiguration, microBatch: configuration.training.microBatch)
        let pool = WorkerPool(count: configuration.run.threads)
        let workspaces = try (0..<pool.count).map { _ in try model.makeWorkspace() }
        self.model = model
        self.pool = pool
        self.workspaces = workspaces
        let count = model.layout.count
        switch configuration.run.reduction {
        case .ordered:
            let ordered = try OrderedReduction(world: world, parameterCount: count, shardCount: shardCount, pool: pool)
            if world.isRoot, world.localSize > 1, !ordered.usesSharedMemory {
                log.warning("no room in /dev/shm for gradients: ranks of a node exchange messages, which is slower")
            }
            reduction = ordered
        case .allreduce:
            reduction = PlainAllReduce(world: world, parameterCount: count, shardCount: shardCount, pool: pool)
        }

        let unit = configuration.model.likelihood.needsUnitInterval
        let shards = try world.together { try data.shards(shardCount: shardCount, world: world, unitInterval: unit) }
        let held = try world.together { try data.blocks(.validation, world: world, unitInterval: unit) }
        validation = held.map {
            Evaluator(
                world: world, pool: pool, plan: $0.plan, store: $0.store, workspaces: workspaces,
                seed: configuration.training.seed)
        }
        let progress = resumed?.progress(of: shards.shards) ?? Progress(sums: shards.shards.map { _ in LossSums() })
        trainer = Trainer(
            configuration: configuration, model: model, reduction: reduction, data: shards, pool: pool,
            workspaces: workspaces, progress: progress)
        firstStep = progress.step
        let seed = configuration.training.seed
        try reduction.initialize { parameters in
            if let resumed { resumed.copyParameters(to: parameters) } else { model.initialize(parameters, seed: seed) }
        }
        resumed?.copyMoments(to: trainer.optimizer)
    }

    /// V: as given, as the checkpoint has it, or 8 or the number of ranks. Throws ``Failure`` where it cannot be.
    private static func shardCount(
        _ configuration: Configuration, resumed: ResumeState?, world: World, rowCount: Int
    ) throws -> Int {
        let count =
            resumed?.shardCount ?? (configuration.training.shards > 0 ? configuration.training.shards : max(8, world.size))
        guard world.size <= count else {
            throw Failure(
                .configuration,
                "\(world.size) ranks, but only \(count) shards\(resumed == nil ? "" : " in the checkpoint"): "
                    + (resumed == nil
                        ? "give --shards \(world.size) or more" : "start at most \(count) ranks (the number of shards stays)"))
        }
        guard count <= rowCount else {
            throw Failure(
                .badData,
                "\(rowCount) rows to train on, but \(count) shards: give --shards \(max(rowCount, 1)) or fewer (and as many ranks at most)"
            )
        }
        let batch = configuration.training.globalBatch
        guard batch % count == 0 else {
            let below = batch / count * count
            let nearest = below > 0 ? "\(below) or \(below + count)" : "\(count)"
            throw Failure(
                .configuration, "global-batch \(batch) is not a multiple of the \(count) shards: nearest are \(nearest)")
        }
        return count
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
        describe()

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
        let rows = Double(max(sums.rowCount, 1))
        let loss = (sums.reconstruction + beta * sums.kl) / rows
        let epoch = trainer.progress.epoch + 1
        model.prepare(reduction.parameters.baseAddress!)
        let figures = try validation?.evaluate()
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
        let count = model.layout.count
        var moments: [(name: String, values: [Float])] = []
        for (name, values) in trainer.optimizer.moments {
            var whole = [Float](repeating: 0, count: world.isRoot ? count : 0)
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
                configuration: identity, inputShape: data.source.rowShape, shardCount: shardCount,
                dataFingerprint: fingerprint, progress: progress, layout: model.layout,
                parameters: Array(reduction.parameters), moments: moments)
            let bytes = try checkpoint.encoded()
            if isBest { try folder.write(bytes, to: folder.best) }
            if isRegular { try folder.save(bytes, step: progress.step, keep: configuration.run.keep) }
        }
    }

    /// Embeds all rows with the best parameters, and evaluates the test rows. Collective.
    private func finish() throws {
        let best = try Checkpoint.broadcast(world) { try self.folder.bestCheckpoint() }
        let parameters = AlignedBuffer(count: model.layout.count)
        parameters.pointer.update(from: best.parameters, count: best.parameters.count)
        model.prepare(parameters.pointer)
        let unit = configuration.model.likelihood.needsUnitInterval
        if let test = try world.together({ try data.blocks(.test, world: world, unitInterval: unit) }) {
            let evaluator = Evaluator(
                world: world, pool: pool, plan: test.plan, store: test.store, workspaces: workspaces,
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
            seed: configuration.training.seed, unitInterval: unit)
        let split = data.split
        try embedder.write(
            [EmbeddedSource(source: data.source, part: { split.part(ofRow: $0) })]
                + [(data.validationSource, Part.validation), (data.testSource, Part.test)].compactMap { source, part in
                    source.map { EmbeddedSource(source: $0, part: { _ in part }) }
                },
            to: folder.embeddings, checkpoint: best)
        if world.isRoot { print("wrote \(folder.embeddings)") }
    }

    private func describe() {
        guard world.isRoot else { return }
        let model = configuration.model
        log.notice(
            """
            data: \(data.source.description); \(data.count(.train)) to train on, \(data.count(.validation)) to validate, \
            \(data.count(.test)) to test
            """)
        log.notice(
            """
            model: \(model.model.rawValue), hidden \(model.hidden), latent \(model.latent), \(model.likelihood.rawValue), \
            \(self.model.layout.parameterCount) parameters
            """)
        log.notice(
            """
            \(world.size) ranks of \(configuration.run.threads) threads, \(shardCount) shards, global batch \
            \(configuration.training.globalBatch), \(trainer.stepsPerEpoch) steps per epoch
            """)
        if firstStep > 0 { log.notice("going on after step \(firstStep)") }
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
