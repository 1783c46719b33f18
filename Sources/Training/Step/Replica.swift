package import Datasets
package import Distributed
internal import Foundation
package import Logging
internal import Support
package import VAE

/// All that one rank needs to take steps: its rows, the model, its threads, the reduction that it shares with the other ranks,
/// and the trainer that brings them together.
package final class Replica {
    /// With the numbers of shards and of rows at once as they were decided.
    package let configuration: Configuration
    package let world: World
    package let data: RunData
    package let model: Model
    package let pool: WorkerPool
    /// For rows that are not trained on.
    package let applied: AppliedModel
    package let reduction: any GradientReduction
    package let trainer: Trainer
    /// nil where there is nothing to validate on.
    package let validation: Evaluator?
    /// What of the data decides the bits.
    package let dataIdentity: DataIdentity
    /// What this rank takes besides its rows.
    package let memory: MemoryPlan

    package var shardCount: Int { configuration.training.shards }

    /// Opens the data and takes memory; with a checkpoint it begins where that stands. Collective.
    ///
    /// - Throws: ``SharedFailure``, or what MPI threw.
    package init(_ given: Configuration, resumed: ResumeState?, world: World, log: Logger) throws {
        var configuration = given
        let threads = try configuration.run.threads > 0 ? configuration.run.threads : world.usualThreadCount()
        configuration.run.threads = threads
        try world.onRoot {
            for data in [given.data.data, given.data.validationData, given.data.testData] where !data.isEmpty {
                try FileProbe.survives(data, given.data.options)
            }
        }
        let data = try RunData(configuration, as: resumed?.features, world: world)
        // What can be told without the data comes first.
        try world.together { try resumed?.check { try $0.check(given) } }
        let identity = try DataIdentity(data.source, validation: data.validationSource, world: world)
        let shardCount = try world.together {
            try resumed?.check { try $0.check(given, identity, inputShape: data.source.rowShape) }
            return try Self.shardCount(given, resumed: resumed, world: world, rowCount: data.count(.train))
        }
        configuration.training.shards = shardCount
        let precision = configuration.training.precision
        let model = Model(configuration.modelSpecification(inputSize: data.source.features), precision: precision)
        if configuration.training.microBatch == 0 {
            configuration.training.microBatch = model.usualMicroBatch
        }
        try world.together {
            guard precision.isFast else {
                throw Failure(
                    .configuration,
                    "this processor has no instructions for \(precision.rawValue) and would be slower with it: give --precision fp32"
                )
            }
        }
        let memory = try MemoryPlan(configuration, model, threads: threads, world: world)
        try world.together { try memory.require() }
        data.leaveRoom(for: memory.nodeBytes)
        if world.isRoot, threads > 1, threads > world.processorCount {
            log.warning(
                "\(threads) threads, but the launcher bound this rank to \(world.processorCount) processors: try mpirun --bind-to none"
            )
        }
        let pool = WorkerPool(count: threads)
        self.configuration = configuration
        self.world = world
        self.data = data
        dataIdentity = identity
        self.model = model
        self.memory = memory
        self.pool = pool
        let count = model.layout.count
        // Two modules that do not know each other.
        precondition(ParameterLayout.blockSize == GradientGroups.blockSize)
        let groups = GradientGroups(model.layout.groups)
        switch configuration.run.reduction {
        case .ordered:
            let ordered = try OrderedReduction(
                world: world, parameterCount: count, groups: groups, shardCount: shardCount, pool: pool,
                wire: configuration.training.wire)
            if world.isRoot, world.localSize > 1, !ordered.usesSharedMemory {
                log.warning("no room in /dev/shm for gradients: ranks of a node exchange messages, which is slower")
            }
            reduction = ordered
        case .allreduce:
            reduction = PlainAllReduce(world: world, parameterCount: count, groups: groups, shardCount: shardCount, pool: pool)
        }

        let applied = AppliedModel(
            model, PreparedParameters(reduction.parameters.baseAddress!, of: model, for: .training), threads: threads)
        self.applied = applied

        if let resumed { data.preparation = resumed.preparation }
        try data.source.normalizeWeights(of: data.split.rows(.train), world: world)
        if resumed == nil, data.source.format.isWide {
            try data.measureExactly(shardCount: shardCount, world: world, pool: pool)
        }
        let shards = try world.together {
            try data.shards(shardCount: shardCount, shardBatch: given.training.globalBatch / shardCount, world: world)
        }
        try data.describe(shards, world: world, log)
        if resumed == nil {
            if !data.source.format.isWide { try data.preparation.measure(shards, world: world, pool: pool) }
            if world.isRoot, data.preparation.missingFeatures > 0 {
                log.notice("\(data.preparation.missingFeatures) features are missing in all training rows")
            }
            if world.isRoot, data.preparation.constantFeatures > 0 {
                log.notice(
                    "\(data.preparation.constantFeatures) features are the same in all training rows: shifted, but not scaled")
            }
            if world.isRoot, data.preparation.roundedFeatures > 0 {
                log.warning(
                    """
                    \(data.preparation.roundedFeatures) features differ in the last digits of double precision alone, which are scaled like \
                    others: leave such features out by --columns if these are rounding errors
                    """)
            }
        }
        let held = try world.together { try data.blocks(.validation, beside: shards, world: world) }
        validation = held.map {
            Evaluator(
                world: world, pool: pool, rows: $0, preparation: data.preparation, applied, seed: configuration.training.seed)
        }
        let progress = resumed?.progress(of: shards.shards) ?? Progress(sums: shards.shards.map { _ in LossSums() })
        trainer = Trainer(
            configuration: configuration, world: world, applied, reduction: reduction, data: shards,
            preparation: data.preparation,
            pool: pool, progress: progress)
        let seed = configuration.training.seed
        try reduction.setParameters { parameters in
            if let resumed { resumed.copyParameters(to: parameters) } else { model.initialize(parameters, seed: seed) }
        }
        try resumed?.copyMoments(to: trainer.optimizer, ranges: reduction.ownedRanges, world: world)
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

    package /// Says what is trained on what, by whom.
        func describe(_ log: Logger)
    {
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
        if trainer.progress.step > 0 { return log.notice("going on after step \(trainer.progress.step)") }
        // Rows that cannot be read are for training to speak of.
        for line in (try? TrainingAdvice(self).lines()) ?? [] { log.notice("\(line)") }
    }
}
