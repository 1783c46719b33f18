package import Distributed

/// This rank's shards of the training rows, each in an order of its own that changes with the epoch: all in memory, or read as they
/// are needed. The order is the same.
package protocol TrainingRows: AnyObject {
    var plan: ShardPlan { get }
    /// The shards of this rank.
    var shards: Range<Int> { get }
    var format: RowFormat { get }
    var mixing: Mixing { get }
    /// The memory that rows take, in bytes.
    var byteCount: Int { get }
    /// Seconds spent waiting for rows so far.
    var waitSeconds: Double { get }

    /// Takes the order of an epoch, and begins to read at a place of it.
    func begin(epoch: Int, at index: Int)

    /// Waits until the rows of every shard at `indices` of the epoch's order are there, and lets go of those before. Throws ``Failure``.
    func require(_ indices: Range<Int>) throws

    /// The `index`-th row of a shard in the epoch's order, which must have been required.
    func row(_ index: Int, ofShard shard: Int) -> KeptRow

    /// Gives all rows of a shard in the data's order; for several threads at once. Throws ``Failure``.
    func scan(shard: Int, _ body: (KeptRow) -> Void) throws
}
