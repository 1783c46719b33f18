internal import Distributed

/// How rows are cut into blocks of fixed size for everything that is not training: validation, evaluation, embedding.
///
/// The figures of a block are summed alone and the blocks are folded in their order, so that sums are the same bits on any number
/// of ranks. Every row is used exactly once.
public struct BlockPlan: Sendable, Equatable {
    public static let blockSize = 256
    public let rowCount: Int

    public var blockCount: Int { (rowCount + Self.blockSize - 1) / Self.blockSize }

    /// The blocks to take at a time where a row takes so many bytes: at most 16, and if they are large fewer, in about 8 MiB.
    static func blocks(rowBytes: Int) -> Int { max(1, min(16, (8 << 20) / (rowBytes * blockSize))) }

    /// The blocks that a rank works on.
    func blocks(ofRank rank: Int, worldSize: Int) -> Range<Int> {
        ShardPlan.part(rank, of: worldSize, count: blockCount)
    }

    /// The rows of some blocks.
    func rows(of blocks: Range<Int>) -> Range<Int> {
        min(blocks.lowerBound * Self.blockSize, rowCount)..<min(blocks.upperBound * Self.blockSize, rowCount)
    }

    func rows(ofBlock block: Int) -> Range<Int> { rows(of: block..<block + 1) }
}
