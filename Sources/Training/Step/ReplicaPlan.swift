internal import Datasets
internal import Distributed
internal import Logging
internal import Support
internal import VAE

/// What is decided of a run once its data are open, and before it takes memory: the numbers that the configuration leaves open.
struct ReplicaPlan {
    /// With the numbers of threads, of shards and of rows at once as they were decided.
    let configuration: Configuration
    let data: RunData
    /// What of the data decides the bits.
    let identity: DataIdentity
    let model: Model
    /// Of the rows that are trained on; nil where labels are no matter.
    let classes: RowClasses?
    let memory: MemoryPlan
    /// The trained parameters to begin with; nil for none, and for a run that goes on.
    let start: WarmStart?

    /// Opens the data, compares them with those of the checkpoint, and refuses what cannot be. Collective.
    ///
    /// - Throws: ``SharedFailure``, or what MPI threw.
    init(_ given: Configuration, resumed: ResumeState?, world: World, log: Logger) throws {
        var configuration = given
        let threads = try given.run.threads > 0 ? given.run.threads : world.usualThreadCount()
        configuration.run.threads = threads
        try world.onRoot {
            for data in [given.data.data, given.data.validationData, given.data.testData] where !data.isEmpty {
                try FileProbe.survives(data, given.data.options)
            }
        }
        var start = try resumed == nil ? WarmStart.find(given, world: world) : nil
        configuration.training.fromDigest = resumed?.startDigest ?? start?.digest ?? ""
        let data = try RunData(
            configuration, as: resumed?.features ?? start?.features, conditions: resumed?.conditions ?? start?.conditions,
            extendsConditions: start?.conditions != nil, categories: resumed?.categories ?? start?.categories ?? [], world: world)
        // What can be told without the data comes first.
        try world.together { try resumed?.check { try $0.check(given) } }
        let knownClasses = resumed?.classes ?? start?.classes ?? []
        let classes = try world.together { try data.classes(given, known: knownClasses) }
        let identity = try DataIdentity(data.source, validation: data.validationSource, classes: classes, world: world)
        configuration.training.shards = try world.together {
            try resumed?.check { try $0.check(given, identity, inputShape: data.source.rowShape) }
            return try Self.shardCount(given, resumed: resumed, world: world, rowCount: data.count(.train))
        }
        let precision = configuration.training.precision
        let specification = try world.together {
            try configuration.modelSpecification(
                rowShape: data.source.rowShape, conditions: data.conditions?.width ?? 0, parts: data.parts,
                classes: classes?.names.count ?? 0)
        }
        let model = Model(specification, precision: precision)
        try world.together { try start?.check(fits: model.layout, given, data) }
        self.start = start
        if configuration.training.microBatch == 0 { configuration.training.microBatch = model.usualMicroBatch }
        if model.keepsShardsWhole {
            // A shard whose rows are coupled, or have several samples each, is never cut.
            let rows = configuration.training.globalBatch / configuration.training.shards
            configuration.training.microBatch = max(configuration.training.microBatch, rows)
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
        try world.together { try memory.require(model) }
        data.leaveRoom(for: memory.nodeBytes)
        if world.isRoot, threads > 1, threads > world.processorCount {
            log.warning(
                "\(threads) threads, but the launcher bound this rank to \(world.processorCount) processors: try mpirun --bind-to none"
            )
        }
        (self.configuration, self.data, self.identity, self.model, self.memory) = (configuration, data, identity, model, memory)
        self.classes = classes
        if world.isRoot { explain(given, resumed: resumed, world: world, log: log) }
    }

    /// Says what was decided where the configuration leaves it open, and by what; for `--verbose`.
    private func explain(_ given: Configuration, resumed: ResumeState?, world: World, log: Logger) {
        let (training, threads) = (configuration.training, configuration.run.threads)
        let bound = "by the \(world.processorCount) processors that rank 0 was bound to"
        log.info("threads: \(threads) per rank, \(given.run.threads > 0 ? "as given" : bound)")
        let shards =
            resumed != nil
            ? "as the checkpoint has it" : given.training.shards > 0 ? "as given" : "8, or the number of ranks if that is larger"
        log.info(
            "shards: \(training.shards), \(shards); of each \(training.globalBatch / training.shards) rows a step; results depend on it"
        )
        let passes = given.training.microBatch > 0 ? "as given" : "by what stays in cache; no result depends on it"
        log.info("rows at once: at most \(training.microBatch) of a rank, \(passes)")
        log.info("reduction: \(configuration.run.reduction.rawValue), over \(world.size) ranks")
        for line in memory.lines { log.info("\(line)") }
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

    /// The reduction that the configuration asks for, with its memory. Collective.
    func makeReduction(world: World, pool: WorkerPool, log: Logger) throws -> any GradientReduction {
        // Two modules that do not know each other.
        precondition(ParameterLayout.blockSize == GradientGroups.blockSize)
        let (count, training) = (model.layout.count, configuration.training)
        let groups = GradientGroups(model.layout.groups, frozen: model.layout.frozen(training))
        switch configuration.run.reduction {
        case .ordered:
            let ordered = try OrderedReduction(
                world: world, parameterCount: count, groups: groups, shardCount: training.shards, pool: pool, wire: training.wire)
            if world.isRoot, world.localSize > 1, !ordered.usesSharedMemory {
                log.warning("no room in /dev/shm for gradients: ranks of a node exchange messages, which is slower")
            }
            return ordered
        case .allreduce:
            return PlainAllReduce(world: world, parameterCount: count, groups: groups, shardCount: training.shards, pool: pool)
        }
    }
}
