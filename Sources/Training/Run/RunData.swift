internal import Distributed
internal import Foundation

/// The rows of a run: which data sets they come from and what each row is for.
final class RunData {
    /// The data set that is trained on, and how its rows are divided.
    let source: DataSource
    let split: Split
    /// Data sets of their own for validation and test.
    let validationSource: DataSource?
    let testSource: DataSource?
    /// What is done to all rows; without statistics until the training rows have been measured.
    var preparation: Preparation

    /// Opens the data sets and compares their shapes. Throws ``Failure``.
    init(_ configuration: Configuration) throws {
        let source = try DataSource.open(configuration.data.data, labels: configuration.data.labels)
        self.source = source
        preparation = Preparation(configuration)
        split = Split(
            rowCount: source.rowCount, validationFraction: configuration.data.validationFraction,
            testFraction: configuration.data.testFraction, seed: configuration.training.seed)
        func open(_ specification: String) throws -> DataSource? {
            if specification.isEmpty { return nil }
            let other = try DataSource.open(specification, labels: configuration.data.labels)
            guard other.features == source.features else {
                throw Failure(
                    .badData,
                    "\(other.name) has rows of shape \(other.rowShape), but \(source.name), which is trained on, of \(source.rowShape)"
                )
            }
            return other
        }
        validationSource = try open(configuration.data.validationData)
        testSource = try open(configuration.data.testData)
        guard split.count(.train) > 0 else {
            throw Failure(.badData, "\(source.name): the fractions for validation and test leave no row to train on")
        }
    }

    /// The number of rows of a part, whichever data set it comes from.
    func count(_ part: Part) -> Int {
        switch part {
        case .train: split.count(.train)
        case .validation: validationSource?.rowCount ?? split.count(.validation)
        case .test: testSource?.rowCount ?? split.count(.test)
        }
    }

    /// The data set that a part's rows lie in, and the rows numbered `range` of the part.
    private func rows(_ part: Part, _ range: Range<Int>) -> (DataSource, [Int64]) {
        let own = part == .validation ? validationSource : part == .test ? testSource : nil
        return own.map { ($0, range.map(Int64.init)) } ?? (source, split.rows(part, range))
    }

    /// A rank's share of a part's rows for evaluation, in memory; nil if the part has no rows. Throws ``Failure``.
    func blocks(_ part: Part, world: World) throws -> (plan: BlockPlan, store: RowStore)? {
        let plan = BlockPlan(rowCount: count(part))
        if plan.rowCount == 0 { return nil }
        let (source, rows) = rows(part, plan.rows(of: plan.blocks(ofRank: world.rank, worldSize: world.size)))
        return (plan, try source.store(rows: rows, preparation: preparation))
    }

    /// A rank's shards of the training rows, in memory. Throws ``Failure``.
    func shards(shardCount: Int, world: World) throws -> ShardedRows {
        let plan = ShardPlan(shardCount: shardCount, rowCount: count(.train))
        let shards = ShardPlan.shards(ofRank: world.rank, worldSize: world.size, shardCount: shardCount)
        let range = plan.rows(ofShard: shards.lowerBound).lowerBound..<plan.rows(ofShard: shards.upperBound - 1).upperBound
        let (source, rows) = rows(.train, range)
        try checkMemory(rows: range.count, world: world)
        return ShardedRows(
            plan: plan, shards: shards, store: try source.store(rows: rows, preparation: preparation))
    }

    /// Throws unless this rank's rows, and as many of the others on its node, fit into the memory that is free.
    private func checkMemory(rows: Int, world: World) throws {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return }
        let needed = rows * source.features * source.kept.size * world.localSize
        guard needed < kilobytes * 1024 else {
            throw Failure(
                .badData,
                "\(source.name): the rows of this node's \(world.localSize) ranks take \(needed >> 20) MiB of memory, but only "
                    + "\(kilobytes >> 10) MiB are free: use more nodes")
        }
    }
}
