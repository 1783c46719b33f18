internal import Distributed

/// How rows are cut into blocks of fixed size for everything that is not training: validation, evaluation, embedding.
///
/// The figures of a block are summed alone and the blocks are folded in their order, so that sums are the same bits on any number
/// of ranks. Every row is used exactly once.
public struct BlockPlan: Sendable, Equatable {
    public static let blockSize = 256
    public let rowCount: Int

    package init(rowCount: Int) {
        self.rowCount = rowCount
    }

    public var blockCount: Int { (rowCount + Self.blockSize - 1) / Self.blockSize }

    /// The blocks to take at a time where a row takes so many bytes: 16, or if that is more than 8 MiB half as many, and so on to one.
    package static func blocks(rowBytes: Int) -> Int {
        var blocks = 16
        while blocks > 1, blocks * blockSize * rowBytes > 8 << 20 { blocks /= 2 }
        return blocks
    }

    /// The blocks that a rank works on.
    package func blocks(ofRank rank: Int, worldSize: Int) -> Range<Int> {
        ShardPlan.part(rank, of: worldSize, count: blockCount)
    }

    /// The rows of some blocks.
    package func rows(of blocks: Range<Int>) -> Range<Int> {
        min(blocks.lowerBound * Self.blockSize, rowCount)..<min(blocks.upperBound * Self.blockSize, rowCount)
    }

    package func rows(ofBlock block: Int) -> Range<Int> { rows(of: block..<block + 1) }
}
