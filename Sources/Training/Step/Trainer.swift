internal import Datasets
package import Distributed
internal import Foundation
internal import Randomness
internal import Support
package import VAE

/// Trains one replica of the model on this rank's shards.
package final class Trainer: PoolWork {
    package let model: Model
    package let reduction: any GradientReduction
    let optimizer: OptimizerState
    package private(set) var progress: Progress
    package let stepsPerEpoch: Int
    /// Rows that all ranks used since the start of the program.
    private(set) var globalRows = 0
    /// Those that this rank used.
    private(set) var ownRows = 0
    /// Seconds this rank spent decoding rows, by worker, and updating parameters.
    let dataSeconds: UnsafeMutableBufferPointer<Double>
    let updateSeconds: UnsafeMutableBufferPointer<Double>
    /// Seconds spent packing weights.
    private(set) var prepareSeconds = 0.0

    private let world: World
    private let plan: ShardPlan
    private let data: any TrainingRows
    private let pool: WorkerPool
    private let parameters: PreparedParameters
    /// What all workers take their rows through together.
    let pass: TrainingPass
    private let buffer: BatchBuffer
    private let steps: EpochSteps
    private let team: [TeamMember]
    private let schedules: Schedules
    private let clipNorm: Double?
    private let shardBatch: Int
    private let seed: UInt64
    /// Microseconds by which a test makes every step of this rank longer.
    private let delay: UInt32
    /// The step under way: its rows, and the optimiser's constants.
    private var rows: StepRows?
    private var constants: OptimizerState.Step?
    private lazy var update: GradientUpdate = { [unowned self] worker, range, gradient, factor in
        var watch = Stopwatch()
        optimizer.update(
            reduction.parameters.baseAddress!, gradient: gradient, range: range, factor: factor, step: constants!)
        updateSeconds[worker] += watch.lap()
    }
    /// This step's sums of this rank's shards.
    private let stepSums: UnsafeMutableBufferPointer<LossSums>

    init(
        configuration: Configuration, world: World, _ applied: AppliedModel, reduction: any GradientReduction,
        data: any TrainingRows, classes: [Int32],
        preparation: Preparation, pool: WorkerPool, progress: Progress
    ) {
        let training = configuration.training
        (self.world, self.reduction, self.data, self.pool, self.progress) = (world, reduction, data, pool, progress)
        (model, parameters) = (applied.model, applied.parameters)
        plan = data.plan
        let layout = applied.model.layout
        optimizer = OptimizerState(
            configuration.optimizerConfiguration, range: reduction.owned, statistics: layout.statistics,
            frozen: layout.frozen(training))
        clipNorm = configuration.optimizer.clipNorm > 0 ? configuration.optimizer.clipNorm : nil
        shardBatch = training.globalBatch / plan.shardCount
        seed = training.seed
        stepsPerEpoch = plan.stepsPerEpoch(shardBatch: shardBatch)
        schedules = Schedules(configuration, stepsPerEpoch: stepsPerEpoch)
        steps = EpochSteps(plan, model, reduction, shardBatch: shardBatch, training)
        buffer = BatchBuffer(
            capacity: steps.mostRows, format: data.format, preparation: preparation, corruption: configuration.corruption,
            classes: classes, workers: pool.count)
        pass = TrainingPass(
            model, rows: max(steps.mostRows, 1), workers: pool.count, folds: steps.folds,
            trainsEncoder: training.freeze != .encoder)
        team = (0..<pool.count).map { worker in TeamMember(worker: worker, of: pool.count) { pool.meet() } }
        delay = TestVariable.slowRank.delay(ofRank: world.rank)
        dataSeconds = .zeros(pool.count)
        updateSeconds = .zeros(pool.count)
        stepSums = .allocate(capacity: data.shards.count)
        stepSums.initialize(repeating: LossSums())
        data.begin(epoch: progress.epoch, at: progress.stepInEpoch * shardBatch)
    }

    deinit {
        stepSums.deallocate()
        dataSeconds.deallocate()
        updateSeconds.deallocate()
    }

    /// The bytes of this rank's rows in memory.
    var dataBytes: Int { data.byteCount }

    /// Seconds this rank has waited for rows to be read.
    package var waitSeconds: Double { data.waitSeconds }

    /// The weight of the KL term in the last step that was made.
    package var beta: Float { schedules.beta(step: max(0, progress.step - 1)) }

    /// The learning rate of the last step that was made.
    var learningRate: Float { schedules.rate(step: max(0, progress.step - 1)) }

    /// One update of the parameters, the same on all ranks. Collective.
    ///
    /// - Parameters:
    ///   - raised: this rank's flags, for all to see.
    ///   - failure: why this rank cannot go on.
    /// - Returns: all ranks' flags; with ``StepFlags/notFinite`` the parameters are as before.
    /// - Throws: ``SharedFailure`` where a rank cannot go on or its rows cannot be read; the parameters are as before.
    package func step(_ raised: StepFlags = [], failure: (any Error)? = nil) throws -> StepFlags {
        Heartbeat.begin("training", step: progress.step + 1)
        let rows = requireRows()
        computeGradients(of: rows)
        let flags = try reduceAndUpdate(self.flags(raised, failure, rows))
        if flags.contains(.failed) { try tellFailure(failure, rows) }
        if flags.allowUpdate { advance(by: rows) }
        return flags
    }

    /// The rows of a step.
    private struct StepRows {
        /// Of all ranks.
        let count: Int
        let passes: [PreparedPlan.Pass]
        /// Why this rank's cannot be read; nil where they are there.
        let failure: (any Error)?
    }

    /// Waits for this rank's rows.
    private func requireRows() -> StepRows {
        if delay > 0 { usleep(delay) }
        var failure: (any Error)?
        do {
            try data.require(progress.stepInEpoch * shardBatch..<(progress.stepInEpoch + 1) * shardBatch)
        } catch let error { failure = error }
        return StepRows(
            count: plan.globalCount(step: progress.stepInEpoch, shardBatch: shardBatch),
            passes: (nextCompletesEpoch ? steps.last : steps.usual).passes, failure: failure)
    }

    /// All workers take this rank's rows through the network together, pass by pass, and leave the sums of their gradients.
    private func computeGradients(of rows: StepRows) {
        stepSums.update(repeating: LossSums())
        self.rows = rows
        pool.run(self)
        self.rows = nil
    }

    /// A worker's part of the gradients of a step's rows.
    package func work(_ worker: Int) {
        let (rows, member) = (rows!, team[worker])
        var watch = Stopwatch()
        parameters.pack(by: member)
        if worker == 0 { prepareSeconds += watch.lap() }
        // Rows that cannot be read end the run: what is computed then counts for nothing.
        guard rows.failure == nil else { return }
        let noise = NoiseKey(seed: seed, epoch: progress.epoch, purpose: .training)
        let (beta, scale) = (schedules.beta(step: progress.step), 1 / Float(rows.count))
        for some in rows.passes {
            watch = Stopwatch()
            fill(some, noise, member)
            dataSeconds[worker] += watch.lap()
            if pool.count > 1 { pool.meet() }
            let batch = buffer.batch(count: some.rowCount)
            pass.gradient(of: batch, parameters, noise: noise, beta: beta, scale: scale, summed: some.fold, by: member)
            if pool.count > 1 { pool.meet() }
            if worker == 0 { addSums(some, batch) }
        }
    }

    /// What the others must know of this rank's step.
    private func flags(_ raised: StepFlags, _ failure: (any Error)?, _ rows: StepRows) -> StepFlags {
        var flags = raised
        // The others learn of it from the exchange, and all end together.
        if rows.failure != nil || failure != nil { flags.insert(.failed) }
        if !stepSums.allSatisfy(\.isFinite) { flags.insert(.notFinite) }
        return flags
    }

    /// Sums all ranks' gradients, and lets each update its slice of the parameters; gives all ranks' flags. Collective.
    private func reduceAndUpdate(_ flags: StepFlags) throws -> StepFlags {
        constants = optimizer.step(progress.step, learningRate: schedules.rate(step: progress.step))
        return try reduction.step(flags: flags, clipNorm: clipNorm, update: update).flags
    }

    /// Throws why a rank cannot go on, on all of them. Collective.
    private func tellFailure(_ failure: (any Error)?, _ rows: StepRows) throws {
        try world.together {
            if let failure { throw failure }
            if let failure = rows.failure { throw failure }
        }
    }

    /// Decodes and prepares one worker's rows of a pass.
    private func fill(_ pass: PreparedPlan.Pass, _ noise: NoiseKey, _ member: TeamMember) {
        let mine = member.part(of: pass.rowCount)
        let start = progress.stepInEpoch * shardBatch
        var first = 0
        for rows in pass.rows {
            let own = mine.clamped(to: first..<first + rows.range.count)
            let offset = start + rows.range.lowerBound - first
            if !own.isEmpty {
                buffer.fill(own, noise: noise, worker: member.worker) { data.row(offset + $0, ofShard: rows.shard) }
            }
            first += rows.range.count
        }
    }

    /// Adds the losses of a pass to its shards'.
    private func addSums(_ some: PreparedPlan.Pass, _ batch: Batch) {
        var first = 0
        for rows in some.rows {
            pass.add(batch, first..<first + rows.range.count, to: &stepSums[rows.shard - data.shards.lowerBound])
            first += rows.range.count
        }
    }

    /// The shards' rows that go through the network at once in most steps.
    var usualRows: [Int] { steps.usual.passes[0].rows.map(\.range.count) }

    /// Counts the step that was made.
    private func advance(by rows: StepRows) {
        globalRows += rows.count
        for (index, shard) in data.shards.enumerated() {
            ownRows += plan.positions(ofShard: shard, step: progress.stepInEpoch, shardBatch: shardBatch).count
            progress.sums[index] += stepSums[index]
        }
        progress.step += 1
        progress.stepInEpoch += 1
    }

    /// The rows of an epoch, of all ranks.
    var rowsPerEpoch: Int { plan.rowCount }

    /// Those of them that have been used.
    var rowsOfEpoch: Int { min(progress.stepInEpoch * shardBatch * plan.shardCount, plan.rowCount) }

    /// Says how far the epoch has come, with the loss of this rank's own rows in it.
    func tellActivity() {
        guard ProgressLine.isSeen else { return Activity.advance(to: rowsOfEpoch) }
        var sums = LossSums()
        for own in progress.sums { sums += own }
        Activity.advance(to: rowsOfEpoch, loss: EvidenceLowerBound.loss(sums, beta: Double(beta)))
    }

    /// Whether the next step is the last of its epoch.
    var nextCompletesEpoch: Bool { progress.stepInEpoch + 1 == stepsPerEpoch }

    /// Whether all rows of the epoch have been used.
    var epochIsComplete: Bool { progress.stepInEpoch == stepsPerEpoch }

    /// The sums of the epoch so far, over all shards in their order. Collective.
    func epochSums(_ world: World) throws -> LossSums { try world.fold(progress.sums) }

    /// Begins the next epoch: new order, new sums.
    func beginNextEpoch() {
        progress.epoch += 1
        progress.stepInEpoch = 0
        for index in progress.sums.indices { progress.sums[index] = LossSums() }
        data.begin(epoch: progress.epoch, at: 0)
    }

    /// Notes a figure to be lowered; true if it is the best so far.
    package func note(figure: Double) -> Bool {
        if figure < progress.best {
            progress.best = figure
            progress.bestStep = progress.step
            progress.epochsSinceBest = 0
            return true
        }
        progress.epochsSinceBest += 1
        return false
    }
}

extension UnsafeMutableBufferPointer<Double> {
    fileprivate static func zeros(_ count: Int) -> Self {
        let numbers = allocate(capacity: count)
        numbers.initialize(repeating: 0)
        return numbers
    }
}
