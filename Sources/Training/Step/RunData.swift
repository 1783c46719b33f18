package import Datasets
package import Distributed
internal import Foundation
package import Logging
internal import Support

/// The rows of a run: which data sets they come from and what each row is for.
package final class RunData {
    /// The data set that is trained on, and how its rows are divided.
    package let source: DataSource
    package let split: Split
    /// Data sets of their own for validation and test.
    package let validationSource: DataSource?
    package let testSource: DataSource?
    /// What is done to all rows; without statistics until the training rows have been measured.
    package var preparation: Preparation
    /// What rows are conditioned on; nil for nothing.
    package let conditions: Conditions?
    /// The bytes of memory that this rank's rows may take.
    private var memory: Int
    /// The columns of a table; nil where all have one likelihood.
    package private(set) var parts: TableParts?
    /// What the node's ranks had for all when the data were opened; nil where the configuration says how much is for rows.
    private let free: Int?
    private let localSize: Int
    private let threads: Int
    private let mixingRows: Int
    private let seed: UInt64

    /// The paths of all files that rows are read from.
    package var files: [String] { [source, validationSource, testSource].compactMap(\.self).flatMap(\.files) }

    /// Opens the data sets and compares their shapes. Collective. Throws ``SharedFailure``.
    ///
    /// - Parameters:
    ///   - features: what the rows must have; nil for what they have.
    ///   - conditions: what is known of what they are conditioned on; nil for what the rows in use have.
    ///   - extendsConditions: whether categories that are not known join them.
    ///   - categories: those of each column that are known; empty for none.
    package init(
        _ configuration: Configuration, as features: DataSource.Features? = nil, conditions: Conditions? = nil,
        extendsConditions: Bool = false, categories: [Int] = [], world: World
    ) throws {
        let folds = configuration.data.folds
        let (source, validation, test) = try world.opening {
            if folds > 0, configuration.data.fold == 0 {
                throw Failure(
                    .configuration,
                    "folds is \(folds), but not which fold: give --fold 1 or another, or train them all by mpi-vae sweep")
            }
            let source = try DataSource.open(configuration.data.data, configuration.data.options, as: features)
            func open(_ specification: String, isTest: Bool = false) throws -> DataSource? {
                if specification.isEmpty { return nil }
                var options = configuration.data.options
                options.rows = ""
                // What is not normal is there to be found.
                if isTest { options.onlyLabels = "" }
                if source.content is ContactMapRows { options.mapSize = source.rowShape[0] }
                // Names say which columns are those that are trained on.
                let features = source.featureNames.map { DataSource.Features(names: $0, origin: source.name) }
                if features != nil { options.columns = "" }
                let other = try DataSource.open(specification, options, as: features)
                guard other.features == source.features else {
                    throw Failure(
                        .badData,
                        "\(other.name) has rows of shape \(other.rowShape), but \(source.name), which is trained on, of \(source.rowShape)"
                    )
                }
                return other
            }
            return (source, try open(configuration.data.validationData), try open(configuration.data.testData, isTest: true))
        }
        var parts = try world.together {
            try configuration.tableParts(
                of: source.name, rowShape: source.rowShape, names: source.featureNames, known: categories)
        }
        var preparation = Preparation(configuration, parts: parts)
        for other in [source, validation, test].compactMap({ $0 }) where configuration.preparation.missing == .drop {
            try other.dropMissing(preparation.allowed, world: world)
        }
        self.conditions = try world.together {
            guard let own = source.conditionValues else { return nil }
            var known = try conditions ?? own.measure(source.selection, of: source.name)
            if extendsConditions { known = known.extended(by: try own.measure(source.selection, of: source.name)) }
            for one in [source, validation, test].compactMap(\.self) { try one.use(known) }
            return known
        }
        split = Split(source.selection, configuration)
        if let open = parts?.openColumns, !open.isEmpty {
            parts!.take(largest: try source.largest(of: open, split.rows(.train), preparation.allowed, world: world))
            preparation = Preparation(configuration, parts: parts)
        }
        self.parts = parts
        self.preparation = preparation
        self.source = source
        validationSource = validation
        testSource = test
        let free = try world.together { min(availableMemory(), allowedMemory()) }
        let given = configuration.run.memory
        self.free = given > 0 ? nil : free
        localSize = world.localSize
        memory = given > 0 ? given : free / 10 * 7 / world.localSize
        threads = configuration.run.readerThreads > 0 ? configuration.run.readerThreads : max(1, configuration.run.threads)
        mixingRows = configuration.training.mixingRows
        seed = configuration.training.seed
        try world.together {
            guard split.rows(.train).count > 0 else {
                throw Failure(.badData, "\(source.name): the fractions for validation and test leave no row to train on")
            }
            guard folds == 0 || split.rows(.validation).count > 0 else {
                throw Failure(.badData, "\(source.name): too few rows for \(folds) folds: give fewer --folds")
            }
        }
    }

    /// The classes of the rows that are trained on; nil where labels are no matter. Throws ``Failure`` (65).
    ///
    /// - Parameter known: what a model knows; empty for those that the rows have.
    package func classes(_ configuration: Configuration, known: [String]) throws -> RowClasses? {
        guard configuration.objective.objective == .semiSupervised else { return nil }
        if let misfit = source.misfit { throw Failure(.badData, misfit) }
        return try RowClasses(of: source, unlabeled: configuration.objective.unlabeled, known: known)
    }

    /// The rows of a part and the data set they lie in.
    package func rows(_ part: Part) -> (DataSource, RowSet) {
        let own = part == .validation ? validationSource : part == .test ? testSource : nil
        return own.map { ($0, $0.selection) } ?? (source, split.rows(part))
    }

    /// The number of rows of a part, whichever data set it comes from.
    package func count(_ part: Part) -> Int { rows(part).1.count }

    /// A rank's share of a part's rows for evaluation; nil if the part has no rows. Throws ``Failure``.
    ///
    /// - Parameter training: those it has to share the memory with.
    package func blocks(_ part: Part, beside training: (any TrainingRows)?, world: World) throws -> EvaluationRows? {
        let (source, rows) = rows(part)
        if rows.count == 0 { return nil }
        return try EvaluationRows(
            source, rows, preparation: preparation, world: world, memory: max(0, memory - (training?.byteCount ?? 0)),
            threads: threads)
    }

    /// Leaves room for what else the ranks of the node take, unless the configuration says how much is for rows.
    func leaveRoom(for byteCount: Int) {
        if let free { memory = max(0, free - byteCount) / 10 * 7 / localSize }
    }

    /// A rank's shards of the training rows: in memory if they fit, or else streamed. Throws ``Failure``.
    package func shards(shardCount: Int, shardBatch: Int, world: World) throws -> any TrainingRows {
        let plan = ShardPlan(shardCount: shardCount, rowCount: count(.train))
        let shards = ShardPlan.shards(ofRank: world.rank, worldSize: world.size, shardCount: shardCount)
        let mixing = Mixing(rows: mixingRows, rowBytes: source.format.rowBytes, shardBatch: shardBatch)
        let rows = split.rows(.train)
        let own = plan.rows(ofShard: shards.lowerBound).lowerBound..<plan.rows(ofShard: shards.upperBound - 1).upperBound
        if source.byteCount(rows, own, preparation) <= memory {
            return try RowsInMemory(
                plan: plan, shards: shards, mixing: mixing, seed: seed, rows: rows, source: source,
                preparation: preparation, threads: threads)
        }
        return try StreamedRows(
            plan: plan, shards: shards, mixing: mixing, seed: seed, rows: rows, source: source, preparation: preparation,
            threads: threads, memory: memory)
    }
}

extension RunData {
    /// Takes the statistics of the training rows where they are read with more digits than are kept, which needs them. Collective.
    /// Throws ``SharedFailure``.
    func measureExactly(shardCount: Int, world: World, pool: WorkerPool) throws {
        let (plan, rows) = (ShardPlan(shardCount: shardCount, rowCount: count(.train)), split.rows(.train))
        let shards = ShardPlan.shards(ofRank: world.rank, worldSize: world.size, shardCount: shardCount)
        let readers = try world.together { try (0..<pool.count).map { _ in try ExactRows(source, preparation.allowed) } }
        try preparation.measure(shards: shards, format: source.format, world: world, pool: pool) { worker, shard, body in
            let own = plan.rows(ofShard: shard)
            // Their numbers in pieces, so that they take little memory.
            for first in stride(from: own.lowerBound, to: own.upperBound, by: 1 << 16) {
                let some = rows.rows(first..<min(first + 1 << 16, own.upperBound))
                try readers[worker].forEach(some) { _, row in body(row) }
            }
        }
    }

    /// This rank's shards of the training rows, with the statistics that they are prepared by, in memory or streamed. Collective.
    ///
    /// - Parameter measured: the preparation with its statistics, of a run that goes on; nil to measure them.
    /// - Throws: ``SharedFailure``.
    func trainingRows(
        _ configuration: Configuration, measured: Preparation?, world: World, pool: WorkerPool, log: Logger
    ) throws -> any TrainingRows {
        let (shardCount, isWide) = (configuration.training.shards, source.format.isWide)
        if let measured { preparation = measured }
        try source.normalizeWeights(of: split.rows(.train), world: world)
        if measured == nil, isWide { try measureExactly(shardCount: shardCount, world: world, pool: pool) }
        let rows = try world.together {
            try shards(shardCount: shardCount, shardBatch: configuration.training.globalBatch / shardCount, world: world)
        }
        try describe(rows, world: world, log)
        if measured == nil {
            if !isWide { try preparation.measure(rows, world: world, pool: pool) }
            if world.isRoot { describeFeatures(log) }
        }
        return rows
    }

    /// Says which features are not like others.
    private func describeFeatures(_ log: Logger) {
        if preparation.missingFeatures > 0 {
            log.notice("\(preparation.missingFeatures) features are missing in all training rows")
        }
        if preparation.constantFeatures > 0 {
            log.notice("\(preparation.constantFeatures) features are the same in all training rows: shifted, but not scaled")
        }
        if preparation.roundedFeatures > 0 {
            log.warning(
                """
                \(preparation.roundedFeatures) features differ in the last digits of double precision alone, which are scaled like \
                others: leave such features out by --columns if these are rounding errors
                """)
        }
    }

    /// Says how the training rows are held, and what makes reading them slow. Collective.
    package func describe(_ rows: any TrainingRows, world: World, _ log: Logger) throws {
        let streams = try world.communicator.allGather([Int64(rows is StreamedRows ? rows.byteCount : 0)]).map { $0[0] }
        guard world.isRoot else { return }
        if let most = streams.max(), most > 0 {
            log.notice(
                """
                \(streams.count { $0 > 0 }) of \(world.size) ranks read their rows again in every epoch, and hold up to \(most >> 20) MiB \
                of them at a time
                """)
            let mixing = rows.mixing
            let (chunk, block) = (source.content.chunkRows, mixing.blockRows)
            if chunk > 2 * block {
                log.warning(
                    """
                    \(source.name) has compressed chunks of \(chunk) rows, but blocks of \(block) rows are read at a time, so each chunk \
                    is decoded about \(chunk / block + 1) times an epoch: give --mixing-rows \(chunk * Mixing.blocksPerWindow), or mend \
                    it with mpi-vae import --rechunk
                    """)
            }
        }
        for text in [source, validationSource, testSource].compactMap(\.self).flatMap(\.notes) { log.notice("\(text)") }
        if let advice = source.content.advice() { log.warning("\(source.name) \(advice)") }
    }
}
