/// How the training rows are cut into logical shards, and which rank owns which shards.
///
/// The number of shards V belongs to the run, not to the number of ranks: the gradient of each shard is computed alone, and the
/// V gradients are summed over one fixed tree, so the result does not depend on how many ranks share the work.
public struct ShardPlan: Sendable, Equatable {
    /// V, the number of logical shards.
    public let shardCount: Int
    /// The number of rows that are cut into shards.
    public let rowCount: Int

    /// - Precondition: `shardCount >= 1` and `rowCount >= 0`.
    public init(shardCount: Int, rowCount: Int) {
        precondition(shardCount >= 1 && rowCount >= 0)
        self.shardCount = shardCount
        self.rowCount = rowCount
    }

    /// The rows of one shard: V contiguous ranges whose sizes differ by at most one.
    public func rows(ofShard shard: Int) -> Range<Int> {
        Self.part(shard, of: shardCount, count: rowCount)
    }

    /// The shards that a rank owns: contiguous, and their numbers differ by at most one between ranks.
    public static func shards(ofRank rank: Int, worldSize: Int, shardCount: Int) -> Range<Int> {
        part(rank, of: worldSize, count: shardCount)
    }

    /// The `index`-th of `parts` contiguous ranges of nearly equal size that make up `0..<count`.
    public static func part(_ index: Int, of parts: Int, count: Int) -> Range<Int> {
        index * count / parts..<(index + 1) * count / parts
    }

    /// Steps of an epoch in which every shard gives `batch` rows a step, the last ones fewer.
    public func stepsPerEpoch(shardBatch batch: Int) -> Int {
        let largest = (rowCount + shardCount - 1) / shardCount
        return (largest + batch - 1) / batch
    }

    /// The positions, within a shard's own order, of the rows it gives to a step of an epoch; may be empty in the last step.
    public func positions(ofShard shard: Int, step: Int, shardBatch batch: Int) -> Range<Int> {
        let count = rows(ofShard: shard).count
        return min(step * batch, count)..<min((step + 1) * batch, count)
    }

    /// The rows that all shards together give to a step: what its gradient is averaged over.
    public func globalCount(step: Int, shardBatch batch: Int) -> Int {
        (0..<shardCount).reduce(0) { $0 + positions(ofShard: $1, step: step, shardBatch: batch).count }
    }
}
