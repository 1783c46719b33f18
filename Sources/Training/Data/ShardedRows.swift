internal import Distributed
internal import VAE

/// This rank's shards of the training rows, each in an order of its own that changes with the epoch.
final class ShardedRows {
    let plan: ShardPlan
    /// The shards of this rank.
    let shards: Range<Int>
    /// The rows of these shards, one shard after the other.
    let store: RowStore
    private let first: Int
    private var orders: [Permutation] = []

    /// - Parameter store: the rows of `shards`, in order.
    init(plan: ShardPlan, shards: Range<Int>, store: RowStore) {
        self.plan = plan
        self.shards = shards
        self.store = store
        first = plan.rows(ofShard: shards.lowerBound).lowerBound
        precondition(store.rows.count == plan.rows(ofShard: shards.upperBound - 1).upperBound - first)
    }

    /// Takes the order of an epoch: a function of seed, epoch and shard alone.
    func shuffle(epoch: Int, seed: UInt64) {
        orders = shards.map { shard in
            Permutation(
                count: plan.rows(ofShard: shard).count, key: NoiseKey(seed: seed, epoch: epoch, purpose: .shuffle),
                domain: shard)
        }
    }

    /// The position in ``store`` of the `index`-th row of a shard in the epoch's order.
    @inline(__always)
    func position(_ index: Int, ofShard shard: Int) -> Int {
        plan.rows(ofShard: shard).lowerBound - first + orders[shard - shards.lowerBound][index]
    }
}
