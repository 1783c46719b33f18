package import Distributed

/// A rank's blocks of rows for evaluation, by a ``BlockPlan``: in memory, or read again each time.
package final class EvaluationRows {
    package let plan: BlockPlan
    package let blocks: Range<Int>
    package let format: RowFormat
    private let source: DataSource
    private let rows: RowSet
    private let preparation: Preparation
    /// nil if the rows do not fit into memory.
    private let store: RowStore?
    /// Blocks that are read at once; the next ones are read meanwhile.
    private let piece: Int

    /// - Parameter memory: the bytes that the rows may take.
    /// - Throws: ``Failure``.
    package init(
        _ source: DataSource, _ rows: RowSet, preparation: Preparation, world: World, memory: Int = 0, threads: Int = 1
    ) throws {
        self.source = source
        self.rows = rows
        self.preparation = preparation
        plan = BlockPlan(rowCount: rows.count)
        blocks = plan.blocks(ofRank: world.rank, worldSize: world.size)
        format = source.format
        piece = max(1, min(BlockPlan.blocks(rowBytes: 2 * source.format.rowBytes), blocks.count))
        let range = plan.rows(of: blocks)
        if source.byteCount(rows, range, preparation) <= memory {
            let store = RowStore(format: format, capacity: range.count)
            try WindowReaders.load(rows, range, into: store, source: source, preparation: preparation, threads: threads)
            self.store = store
        } else {
            store = nil
        }
    }

    /// Calls `body` with some blocks at a time and the rows of these blocks, from the first on. Throws ``Failure``.
    package func forEachPiece(_ body: (_ blocks: Range<Int>, _ store: RowStore) throws -> Void) throws {
        if let store { return try body(blocks, store) }
        let starts = Array(stride(from: blocks.lowerBound, to: blocks.upperBound, by: piece))
        func some(_ index: Int) -> Range<Int> { starts[index]..<min(starts[index] + piece, blocks.upperBound) }
        let pieces = try PiecewiseRows(source, preparation, count: starts.count, capacity: piece * BlockPlan.blockSize) {
            [rows, plan] index in rows.rows(plan.rows(of: some(index)))
        }
        for index in starts.indices { try body(some(index), try pieces.next()) }
    }
}
