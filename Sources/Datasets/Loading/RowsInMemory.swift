package import Distributed

/// Training rows that are all in memory.
package final class RowsInMemory: TrainingRows {
    package let plan: ShardPlan
    package let shards: Range<Int>
    package let waitSeconds = 0.0
    package let mixing: Mixing
    private let store: RowStore
    private let seed: UInt64
    /// The number of the first row of these shards.
    private let first: Int
    private var orders: [ShardOrder] = []

    package var format: RowFormat { store.format }
    package var byteCount: Int { store.byteCount }

    /// Reads the rows, on as many threads as there are loaders. Throws ``Failure``.
    package init(
        plan: ShardPlan, shards: Range<Int>, mixing: Mixing, seed: UInt64, rows: RowSet, source: DataSource,
        preparation: Preparation, threads: Int
    ) throws {
        self.plan = plan
        self.shards = shards
        self.mixing = mixing
        self.seed = seed
        first = plan.rows(ofShard: shards.lowerBound).lowerBound
        let end = plan.rows(ofShard: shards.upperBound - 1).upperBound
        store = RowStore(format: source.format, capacity: end - first)
        try WindowReaders.load(rows, first..<end, into: store, source: source, preparation: preparation, threads: threads)
    }

    package func begin(epoch: Int, at index: Int) {
        orders = shards.map {
            ShardOrder(rows: plan.rows(ofShard: $0), shard: $0, mixing: mixing, epoch: epoch, seed: seed)
        }
    }

    package func require(_ indices: Range<Int>) {}

    @inline(__always)
    package func row(_ index: Int, ofShard shard: Int) -> KeptRow {
        store.row(orders[shard - shards.lowerBound].row(ofIndex: index) - first)
    }

    package func scan(shard: Int, _ body: (KeptRow) -> Void) {
        for row in plan.rows(ofShard: shard) { body(store.row(row - first)) }
    }
}
