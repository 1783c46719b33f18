internal import Datasets
internal import Distributed
internal import Foundation
internal import Randomness
internal import Support
internal import Training
internal import VAE

/// Takes rows through a model, each once, and gives what comes out in the rows' order; memory grows neither with the rows nor with the
/// ranks.
///
/// In a round every rank takes some whole blocks of 256 rows, so that the shapes of all products, and with them all bits, are the
/// same on any number of ranks.
final class RowSweep {
    /// Numbers of each row that come out, and how many.
    typealias Columns = [Int]

    private let world: World
    private let pool: WorkerPool
    private let preparation: Preparation
    private let noise: NoiseKey

    /// - Parameter noise: seed and epoch of what the preparation draws.
    init(world: World, pool: WorkerPool, preparation: Preparation, noise: NoiseKey) {
        self.world = world
        self.pool = pool
        self.preparation = preparation
        self.noise = noise
    }

    /// Takes the rows of a set through `compute` and hands the results to `receive`. Collective.
    ///
    /// - Parameters:
    ///   - columns: the numbers that each row gives, column by column.
    ///   - everywhere: whether all ranks receive, or root alone.
    ///   - compute: writes the columns of a batch, `[rowCount, column]` each. Called by several workers at a time.
    ///   - receive: gets stretches of whole blocks of rows by their numbers in the set, in order, and their columns. Whatever it throws is told
    ///     to all ranks.
    /// - Throws: ``SharedFailure``.
    func run(
        _ source: DataSource, _ rows: RowSet, columns: Columns, everywhere: Bool = false,
        compute: (_ worker: Int, _ batch: Batch, _ columns: [UnsafeMutablePointer<Float>]) -> Void,
        receive: (_ rows: Range<Int>, _ columns: [AlignedBuffer]) throws -> Void
    ) throws {
        // Of a rank's rows there are two pieces, one of which is read while the other is worked on.
        let results = SweepResults(
            world, rowCount: rows.count, columns: columns, rowBytes: 2 * source.format.rowBytes, everywhere: everywhere)
        let starts = Array(results.starts)
        let pieces = try world.together { [rank = world.rank] in
            try PiecewiseRows(source, preparation, count: starts.count, capacity: results.share) { piece in
                rows.rows(results.rows(ofRank: rank, from: starts[piece]))
            }
        }
        let buffers = (0..<pool.count).map { _ in
            BatchBuffer(capacity: BlockPlan.blockSize, format: source.format, preparation: preparation)
        }
        Activity.count(rows.count, "rows")
        for start in starts {
            let store = try world.together {
                if StopSignal.wasGiven {
                    throw Failure(
                        .temporary, "stopped while rows were worked on; all else is complete: run the same command again")
                }
                return try pieces.next()
            }
            let plan = BlockPlan(rowCount: store.count)
            pool.run { worker in
                for block in ShardPlan.part(worker, of: pool.count, count: plan.blockCount) {
                    let some = plan.rows(ofBlock: block)
                    Heartbeat.beat()
                    Activity.advance(by: some.count * world.size)
                    let batch = buffers[worker].fill(count: some.count, noise: noise) { store.row(some.lowerBound + $0) }
                    compute(worker, batch, zip(results.own, columns).map { $0.pointer + some.lowerBound * $1 })
                }
            }
            try results.deliver(from: start, receive: receive)
        }
    }
}
