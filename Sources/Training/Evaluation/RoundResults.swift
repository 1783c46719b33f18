internal import Distributed
internal import VAE

/// What the ranks computed of some rows in a round, column by column; each rank's goes to root, or to all ranks, in the rows' order.
///
/// One rank's results travel at a time, so that no rank has more than its own and another's, however many ranks there are.
final class RoundResults {
    /// This rank's, `[rowCount, column]` each.
    let own: [AlignedBuffer]

    private let world: World
    private let columns: [Int]
    private let isEverywhere: Bool
    /// Another rank's, where they go.
    private let others: [AlignedBuffer]

    /// - Parameters:
    ///   - columns: the numbers that each row has in each column.
    ///   - capacity: the most rows of a rank in a round.
    ///   - everywhere: whether all ranks get the results, or root alone.
    init(_ world: World, columns: [Int], capacity: Int, everywhere: Bool) {
        self.world = world
        self.columns = columns
        isEverywhere = everywhere
        own = columns.map { AlignedBuffer(count: capacity * $0) }
        let receives = world.size > 1 && (world.isRoot || everywhere)
        others = receives ? columns.map { AlignedBuffer(count: capacity * $0) } : []
    }

    /// Hands all ranks' results to `receive`, rank by rank. Collective.
    ///
    /// - Parameters:
    ///   - rows: of each rank, the same on all ranks.
    ///   - receive: gets a rank's rows and results, which stay as they are until it returns. Whatever it throws is told to all ranks.
    /// - Throws: ``SharedFailure``.
    func deliver(
        _ rows: [Range<Int>], receive: (_ rows: Range<Int>, _ columns: [AlignedBuffer]) throws -> Void
    ) throws {
        let receives = world.isRoot || isEverywhere
        var result = Result { () throws in }
        for (owner, rows) in rows.enumerated() where !rows.isEmpty {
            let isOwn = owner == world.rank
            let buffers = isOwn || !receives ? own : others
            for (buffer, size) in zip(buffers, columns) {
                let bytes = UnsafeMutableRawBufferPointer(start: buffer.pointer, count: rows.count * size * 4)
                try world.communicator.hand(bytes, from: owner, toAll: isEverywhere)
            }
            // Who failed still takes what the others send.
            if receives, case .success = result { result = Result { try receive(rows, buffers) } }
        }
        try world.together { try result.get() }
    }
}
