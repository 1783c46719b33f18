internal import Datasets
internal import Distributed
internal import Support
internal import VAE

/// What the ranks compute of many rows, round by round and column by column; all of it goes to root, or to all ranks, in the rows' order.
///
/// One rank's results travel at a time, so that no rank has more than its own of a round and the stretch of rows that is put together
/// from all, however many ranks there are. Stretches are the same for any number of ranks: files depend on how they are written.
final class SweepResults {
    /// This rank's of the round, `[rowCount, column]` each.
    let own: [AlignedBuffer]
    /// The rows of a rank in a round, in whole blocks.
    let share: Int

    private let world: World
    private let rowCount: Int
    private let columns: [Int]
    private let isEverywhere: Bool
    /// The stretch that is put together, where it goes; how many of its rows are there, and how many there can be.
    private let stretch: [AlignedBuffer]
    private var filled = 0
    private let capacity: Int

    private var receives: Bool { world.isRoot || isEverywhere }

    /// - Parameters:
    ///   - rowCount: all rows.
    ///   - columns: the numbers that each row gives in each column.
    ///   - rowBytes: what else a row takes of a rank's memory.
    ///   - everywhere: whether all ranks get the results, or root alone.
    init(_ world: World, rowCount: Int, columns: [Int], rowBytes: Int, everywhere: Bool) {
        self.world = world
        self.rowCount = rowCount
        self.columns = columns
        isEverywhere = everywhere
        let most = BlockPlan.blocks(rowBytes: rowBytes + 4 * columns.reduce(0, +))
        // Fewer at a time where else some ranks would have none.
        let needed = BlockPlan(rowCount: rowCount).blockCount
        var blocks = most
        while blocks > 1, blocks / 2 * world.size >= needed { blocks /= 2 }
        let (capacity, share) = (most * BlockPlan.blockSize, blocks * BlockPlan.blockSize)
        self.capacity = capacity
        self.share = share
        own = columns.map { AlignedBuffer(count: share * $0) }
        let receives = world.isRoot || everywhere
        stretch = receives ? columns.map { AlignedBuffer(count: capacity * $0) } : []
    }

    /// The first rows of all rounds.
    var starts: StrideTo<Int> { stride(from: 0, to: rowCount, by: share * world.size) }

    /// A rank's rows in the round that begins with a row.
    func rows(ofRank rank: Int, from start: Int) -> Range<Int> {
        min(start + rank * share, rowCount)..<min(start + (rank + 1) * share, rowCount)
    }

    /// Brings all ranks' results of a round to where they go, and hands `receive` each stretch that is complete. Collective.
    ///
    /// - Parameters:
    ///   - start: the round's first row.
    ///   - receive: gets a stretch of rows and their results, which stay as they are until it returns. Whatever it throws is told to all
    ///     ranks.
    /// - Throws: ``SharedFailure``.
    func deliver(
        from start: Int, receive: (_ rows: Range<Int>, _ columns: [AlignedBuffer]) throws -> Void
    ) throws {
        var result = Result { () throws in }
        for owner in 0..<world.size {
            let rows = rows(ofRank: owner, from: start)
            if rows.isEmpty { break }
            for (index, size) in columns.enumerated() {
                let mine = own[index].pointer
                let place = receives ? stretch[index].pointer + filled * size : mine
                if receives, owner == world.rank { place.update(from: mine, count: rows.count * size) }
                try world.communicator.hand(
                    UnsafeMutableRawBufferPointer(start: place, count: rows.count * size * 4), from: owner, toAll: isEverywhere)
            }
            filled += rows.count
            guard filled == capacity || rows.upperBound == rowCount else { continue }
            // Who failed still takes what the others send.
            if receives, case .success = result {
                result = Result { try receive(rows.upperBound - filled..<rows.upperBound, stretch) }
            }
            filled = 0
        }
        try world.together { try result.get() }
    }
}
