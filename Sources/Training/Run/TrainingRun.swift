internal import Datasets
package import Distributed
internal import Foundation
package import Logging
package import Support
internal import VAE

/// A run from its configuration to its last file.
public final class TrainingRun {
    private let configuration: Configuration
    private let world: World
    private let log: Logger
    private let folder: RunFolder
    private let replica: Replica
    private let trainer: Trainer
    private let now: Snapshot
    /// What is to become `best.h5`: written with the next checkpoint, which refers to it.
    private let best: Snapshot
    /// How its steps are made, for checkpoints.
    private let history: RunHistory
    private let observer: (any RunObserver)?
    /// What is done with the trained model; nothing where the run is one to compare.
    private let completion: (TrainedRun) throws -> Void
    private let replicas: ReplicaCheck
    private var slowRanks: SlowRanks
    /// On root alone.
    private let clock: RunClock?
    private let writer: CheckpointWriter?

    /// Trains, or goes on training, writes checkpoints, and hands on what was trained. Collective.
    ///
    /// - Parameters:
    ///   - observer: goes along; the run then ends with its last step, and is not completed.
    ///   - completion: what is done with the trained model, on all ranks.
    /// - Returns: 0 when the run is done, 75 when it was asked to stop and saved.
    /// - Throws: ``SharedFailure``, ``Failure``, or what MPI or one of these two threw.
    package static func run(
        _ configuration: Configuration, world: World, log: Logger, observer: (any RunObserver)?,
        completion: @escaping (TrainedRun) throws -> Void
    ) throws -> ExitCode {
        var configuration = configuration
        // From here on a signal is remembered, on every rank before any can have the lock.
        StopSignal.install()
        world.endAfterSilence(of: Double(configuration.run.timeout))
        Heartbeat.begin("starting")
        try world.communicator.barrier()
        let folder = RunFolder(path: configuration.run.output)
        var lock: RunLock?
        var (made, madeShapes): (MadeFolders?, Bool) = (nil, false)
        var refusal: Failure?
        // Until all is written.
        defer { withExtendedLifetime(lock) {} }
        let run: TrainingRun
        do {
            try world.onRoot {
                refusal = folder.refusalOfForeignFolder
                made = try folder.create()
                lock = try RunLock(folder: folder.path, host: world.host)
                folder.removeUnfinished()
                // What a sweep noted of an earlier attempt.
                unlink(folder.failure)
            }
            if configuration.data.data.isEmpty {
                configuration.data.takeShapes(folder.shapes)
                try world.onRoot { madeShapes = try GeneratedShapes.provide(folder.shapes, log: log) }
            }
            run = try TrainingRun(configuration, folder, refusal, world, log, observer, completion)
        } catch {
            // Nothing stays of a start that failed; the lock goes before the folder that it lies in.
            if madeShapes { unlink(folder.shapes) }
            lock = nil
            made?.removeEmpty()
            throw error
        }
        return try run.train()
    }

    /// - Parameter refusal: why nothing must be written into the folder.
    private init(
        _ configuration: Configuration, _ folder: RunFolder, _ refusal: Failure?, _ world: World, _ log: Logger,
        _ observer: (any RunObserver)?, _ completion: @escaping (TrainedRun) throws -> Void
    ) throws {
        let resumed = try ResumeState.find(configuration, folder: folder, world: world, log: log)
        replica = try Replica(configuration, resumed: resumed, world: world, log: log)
        history = resumed?.history(configuration) ?? RunHistory(configuration.training.precision)
        self.observer = observer
        self.completion = completion
        try world.onRoot { [replica] in
            let from = replica.configuration.training.from
            let start = resumed == nil && !from.isEmpty ? [try CheckpointPlace(from).file()] : []
            try folder.check(reading: replica.data.files + start)
            if let refusal { throw refusal }
            try observer?.begin(replica)
        }
        if world.isRoot, let warning = resumed?.warning { log.warning("\(warning)") }
        self.configuration = replica.configuration
        self.folder = folder
        self.world = world
        self.log = log
        trainer = replica.trainer
        let (layout, ranges, moments) = (replica.model.layout, replica.reduction.ownedRanges, replica.trainer.optimizer.moments)
        now = Snapshot(layout, ranges: ranges, moments: moments, world: world)
        best = Snapshot(layout, ranges: ranges, moments: moments, world: world)
        replicas = ReplicaCheck(world)
        slowRanks = try SlowRanks(world, threads: replica.pool.count)
        let run = configuration.run
        let bytes = replica.model.layout.count * 4 * (1 + trainer.optimizer.moments.count)
        clock = world.isRoot ? RunClock(run, folder: folder, checkpointBytes: bytes) : nil
        writer = world.isRoot ? CheckpointWriter(folder, keep: run.keep, keepEvery: run.keepEvery) : nil
    }

    private func train() throws -> ExitCode {
        // Whatever ends the run, what was begun is completed.
        defer { try? writer?.wait() }
        let identity = configuration.identityTOML()
        let logs = try world.together { [trainer] () -> RunLogs? in
            guard world.isRoot else { return nil }
            try folder.write(Array(RunRecord.text(configuration).utf8), to: folder.configuration)
            return try RunLogs(
                folder, resumedAt: trainer.progress.step, eventsOf: configuration.run.tensorboard ? world.host : nil)
        }
        var watch = world.isRoot ? LossWatch(folder.metrics) : nil
        if isTrained {
            if world.isRoot { log.notice("nothing to do: \(folder.path) has been trained for \(trainer.progress.epoch) epochs") }
            try finish()
            return .done
        }
        replica.describe(log)
        if world.isRoot { log.notice("kernels: \(Instructions.name)\(Instructions.products(configuration.training.precision))") }

        var epoch = EpochClock(trainer: trainer)
        beginEpochActivity()
        var losses = StepLosses(every: configuration.run.logEvery)
        // Perhaps an earlier run came as far.
        var limit: Limit? = hasAllSteps ? .steps : nil
        while limit == nil, !isTrained {
            let flags = try trainer.step(flagsToRaise, failure: writer?.failure)
            if flags.contains(.notFinite) { throw notFinite() }
            if flags.contains(.stop) { limit = .asked }
            if world.isRoot { trainer.tellActivity() }
            if let loss = try losses.next(trainer, world) { try note(loss, in: logs) }
            if trainer.progress.step == 1 { watch = LossWatch(start: loss(try trainer.epochSums(world))) }
            if hasAllSteps { limit = limit ?? .steps }
            if isMultiple(of: configuration.run.checkReplicas) { try compareReplicas() }
            let mustSave = limit != nil || flags.contains(.save)
            if trainer.epochIsComplete {
                try completeEpoch(&epoch, &watch, logs: logs, identity: identity, mustSave: mustSave)
            } else if mustSave || saveIsDue {
                try save(identity)
            }
        }
        Heartbeat.begin("saving", step: trainer.progress.step)
        try world.onRoot { try writer?.wait() }
        if let observer {
            try world.onRoot { try observer.end(step: trainer.progress.step, replica) }
            return limit == .asked ? .temporary : .done
        }
        guard isTrained else {
            if limit == .asked, let left = clock?.removeStopFile() { log.warning("\(left)") }
            if world.isRoot {
                let next = limit == .asked ? "the same command" : "a larger max-steps"
                log.notice("stopped after step \(trainer.progress.step), saved: \(next) goes on from there")
                noteDigest()
            }
            return limit == .asked ? .temporary : .done
        }
        try finish()
        return .done
    }

    /// Collective.
    private func note(_ loss: Double, in logs: RunLogs?) throws {
        try world.onRoot {
            try logs!.append(
                epoch: trainer.progress.epoch + 1, step: trainer.progress.step, loss: loss, learningRate: trainer.learningRate,
                beta: trainer.beta)
        }
    }

    /// What this rank has to tell the others in the next step.
    private var flagsToRaise: StepFlags {
        var flags: StepFlags = StopSignal.wasGiven ? .stop : []
        if let clock, let writer {
            flags.formUnion(
                clock.flags(completesEpoch: trainer.nextCompletesEpoch, saveSeconds: writer.longestSeconds))
        }
        return flags
    }

    private func isMultiple(of interval: Int) -> Bool { interval > 0 && trainer.progress.step % interval == 0 }

    private func compareReplicas() throws {
        try replicas.run(replica.reduction.parameters, step: trainer.progress.step)
    }

    /// Why to stop before the end.
    private enum Limit {
        case asked
        case steps
    }

    private var hasAllSteps: Bool { configuration.run.maxSteps > 0 && trainer.progress.step >= configuration.run.maxSteps }

    private var isTrained: Bool { trainer.progress.isTrained(configuration.training) }

    private var saveIsDue: Bool {
        isMultiple(of: configuration.run.checkpointEverySteps) || isMultiple(of: configuration.run.keepEvery)
    }

    /// The training loss of some rows, in nats per row.
    private func loss(_ sums: LossSums) -> Double {
        EvidenceLowerBound.loss(sums, beta: Double(trainer.beta))
    }

    /// Validates, notes the figures, and saves.
    private func completeEpoch(
        _ epochClock: inout EpochClock, _ watch: inout LossWatch?, logs: RunLogs?, identity: String, mustSave: Bool
    ) throws {
        let (beta, learningRate) = (trainer.beta, trainer.learningRate)
        let times = try world.communicator.allGather([epochClock.stop(trainer)]).map { $0[0] }
        let loss = loss(try trainer.epochSums(world))
        let epoch = trainer.progress.epoch + 1
        replica.applied.parameters.pack()
        Heartbeat.begin("validation", step: trainer.progress.step)
        Activity.begin("validation \(epoch)/\(configuration.training.epochs)")
        let figures = try replica.validation?.evaluate()
        let figure = figures.map { $0.loss(beta: configuration.objective.beta) } ?? loss
        let isBest = trainer.note(figure: figure)
        trainer.beginNextEpoch()
        try world.onRoot {
            let digest = replica.digest
            try logs!.append(
                RunLogs.Epoch(
                    epoch: epoch, step: trainer.progress.step, trainLoss: loss, validation: figures, learningRate: learningRate,
                    beta: beta, digest: digest), times, hosts: slowRanks.hosts)
            let verdict = try observer?.endEpoch(epoch, step: trainer.progress.step, digest: digest, replica)
            let width = String(configuration.training.epochs).count
            var line = "epoch \("\(epoch)".padded(to: -width))"
            line += "/\(configuration.training.epochs)  step \(trainer.progress.step)"
            line += String(format: "  train loss %.3f", loss)
            if let figures {
                line += String(
                    format: "  validation elbo %.3f (reconstruction %.3f, kl %.3f)", figures.elbo, figures.reconstruction,
                    figures.kl)
            }
            line += String(format: "  %.0f rows/s", times[0].allRows / times[0].seconds)
            if log.logLevel <= .notice { ProgressLine.remark(line + (verdict.map { "  \($0)" } ?? "")) }
            if let slow = slowRanks.slowest(times) { log.warning("\(slow)") }
            if let warning = watch?.note(loss, epoch: epoch, isLast: isTrained) { log.warning("\(warning)") }
        }
        let isLast = isTrained || mustSave
        let every = configuration.run.checkpointEveryEpochs
        let isDue = every > 0 && trainer.progress.epoch % every == 0
        if isBest { take(best) }
        if isLast || isDue || saveIsDue { try save(identity) }
        epochClock = EpochClock(trainer: trainer)
        beginEpochActivity()
    }

    /// The epoch that follows, for whoever watches.
    private func beginEpochActivity() {
        guard world.isRoot, !isTrained else { return Activity.end() }
        let (epochs, epoch) = (configuration.training.epochs, trainer.progress.epoch)
        Activity.begin(
            "epoch \(epoch + 1)/\(epochs)", of: trainer.rowsPerEpoch, "rows", from: trainer.rowsOfEpoch,
            following: max(0, epochs - epoch - 1))
    }

    private func take(_ snapshot: Snapshot) {
        snapshot.take(trainer.progress, replica.reduction.parameters, trainer.optimizer.moments)
    }

    /// Brings the state to root, which writes it while training goes on. Collective.
    private func save(_ identity: String) throws {
        Heartbeat.begin("saving", step: trainer.progress.step)
        try compareReplicas()
        clock?.noteSave()
        take(now)
        let (data, layout) = (replica.data, replica.model.layout)
        func collect(_ snapshot: Snapshot) throws -> Checkpoint? {
            try snapshot.collect { progress, parameters, moments in
                Checkpoint(
                    configuration: identity, inputShape: data.source.rowShape, shardCount: replica.shardCount,
                    data: replica.dataIdentity, featureNames: data.source.featureNames ?? [], conditions: data.conditions,
                    categories: data.parts?.categories ?? [], classes: replica.classes, progress: progress,
                    scaling: data.preparation.scaling, layout: layout, parameters: parameters, moments: moments,
                    history: history)
            }
        }
        // Most often the newest is the best, so that it is collected once.
        let isBest = best.progress == now.progress
        if isBest { best.discard() }
        let other = best.progress == nil ? nil : try collect(best)
        let checkpoint = try collect(now)
        try world.onRoot { try writer!.write(checkpoint!, best: isBest ? checkpoint : other) }
    }

    /// Hands on the best model. Collective.
    private func finish() throws {
        let digest = world.isRoot ? noteDigest() : ""
        Heartbeat.begin("reading the best model")
        var best = try Checkpoint.share(world) { try self.folder.bestCheckpoint() }
        try replica.reduction.setParameters { $0.update(from: best.parameters, count: best.parameters.count) }
        best.parameters = []
        replica.applied.parameters.pack()
        try completion(
            TrainedRun(replica: replica, folder: folder, best: best, digest: digest, seconds: clock?.seconds ?? 0, log: log))
    }

    /// Says what the run came to, for others to compare with.
    @discardableResult
    private func noteDigest() -> String {
        let digest = replica.digest
        log.notice("digest after step \(trainer.progress.step): \(digest), arithmetic \(history.arithmetic)")
        return digest
    }

    private func notFinite() -> SharedFailure {
        let progress = trainer.progress
        var message: String?
        if world.isRoot {
            // What is being written counts.
            try? writer?.wait()
            let saved = folder.checkpointPaths().first.map { "the last checkpoint, \($0), is whole" } ?? "nothing was saved yet"
            message =
                "the loss is not finite in step \(progress.step) (epoch \(progress.epoch + 1)); \(saved): "
                + "try a smaller --lr, --clip-norm 1, or scaled data"
        }
        return SharedFailure(exitStatus: ExitCode.badData.rawValue, message: message)
    }
}

extension Replica {
    /// The ``ParameterDigest`` as it is now.
    package var digest: String { model.layout.digest(of: UnsafeBufferPointer(reduction.parameters)) }
}
