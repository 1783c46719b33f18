internal import Distributed
internal import Randomness

/// How the rows of a shard are mixed: cut into blocks of neighbouring rows, the blocks in random order, and as many blocks as make
/// up a window mixed row by row. A shard that fits a window is mixed whole.
///
/// So an epoch can be read from a file block by block, with one window in memory, and the order is the same when all rows are.
package struct Mixing: Sendable, Equatable {
    /// Rows mixed at once, and neighbouring rows read at once: powers of two.
    package let windowRows: Int
    package let blockRows: Int

    /// The bytes of a window unless another size is asked for.
    static let usualWindowBytes = 32 << 20
    package static let blocksPerWindow = 16

    /// - Parameters:
    ///   - rows: rows of a window, of which the next power of two is taken; 0 for as many as fit ``usualWindowBytes``.
    ///   - shardBatch: rows of a step, twice which a window must hold.
    package init(rows: Int, rowBytes: Int, shardBatch: Int) {
        let usual = Self.powerOfTwo(atLeast: max(1, Self.usualWindowBytes / rowBytes / 2 + 1))
        // A step takes rows of two windows at most, and windows at a shard's ends may lack most of two blocks.
        windowRows = max(rows > 0 ? Self.powerOfTwo(atLeast: rows) : usual, Self.powerOfTwo(atLeast: 2 * shardBatch))
        blockRows = max(1, windowRows / Self.blocksPerWindow)
    }

    private static func powerOfTwo(atLeast count: Int) -> Int {
        1 << (Int.bitWidth - max(count - 1, 0).leadingZeroBitCount)
    }
}

/// The order of a shard's rows in one epoch: a function of seed, epoch, shard and ``Mixing`` alone.
package struct ShardOrder {
    private let rows: Range<Int>
    private let mixing: Mixing
    /// The shard's blocks, in order, window after window; within a window by their place in the data.
    private let blocks: [Range<Int>]
    /// The first block of each window.
    private let firstBlock: [Int]
    /// The first index of each window in the order, and at the end the number of all rows.
    private let firstIndex: [Int]
    private let permutations: [Permutation]

    /// - Parameter rows: the shard's, by their number among the training rows.
    package init(rows: Range<Int>, shard: Int, mixing: Mixing, epoch: Int, seed: UInt64) {
        self.rows = rows
        self.mixing = mixing
        let key = NoiseKey(seed: seed, epoch: epoch, purpose: .shuffle)
        guard rows.count > mixing.windowRows else {
            blocks = [rows]
            firstBlock = [0, 1]
            firstIndex = [0, rows.count]
            permutations = [Permutation(count: rows.count, key: key, domain: shard)]
            return
        }
        // Blocks begin at multiples of their size in the data, as chunks of files do.
        let first = rows.lowerBound / mixing.blockRows
        let count = (rows.upperBound + mixing.blockRows - 1) / mixing.blockRows - first
        func domain(_ number: Int) -> Int { shard + (number + 1) << 20 }
        let order = Permutation(count: count, key: key, domain: domain(0))
        let perWindow = mixing.windowRows / mixing.blockRows
        var blocks: [Range<Int>] = []
        var firstBlock = [0]
        var firstIndex = [0]
        let windows = (count + perWindow - 1) / perWindow
        for number in 0..<windows {
            // Windows of as many blocks, but for one: the last must not be a small one, which would be mixed badly.
            let window = ShardPlan.part(number, of: windows, count: count).map { order[$0] }.sorted().map { block in
                ((first + block) * mixing.blockRows..<(first + block + 1) * mixing.blockRows).clamped(to: rows)
            }
            blocks += window
            firstBlock.append(blocks.count)
            firstIndex.append(firstIndex.last! + window.reduce(0) { $0 + $1.count })
        }
        self.blocks = blocks
        self.firstBlock = firstBlock
        self.firstIndex = firstIndex
        permutations = (0..<firstBlock.count - 1).map { window in
            Permutation(count: firstIndex[window + 1] - firstIndex[window], key: key, domain: domain(1 + window))
        }
    }

    package var windowCount: Int { permutations.count }

    /// The rows of a window, in the order in which a window is filled.
    package func blocks(ofWindow window: Int) -> ArraySlice<Range<Int>> { blocks[firstBlock[window]..<firstBlock[window + 1]] }

    /// The window in which the `index`-th row of the epoch lies.
    @inline(__always)
    package func window(ofIndex index: Int) -> Int {
        // Windows have about as many rows.
        var window = index * windowCount / rows.count
        while index >= firstIndex[window + 1] { window += 1 }
        while index < firstIndex[window] { window -= 1 }
        return window
    }

    /// The place in its window of the `index`-th row of the epoch.
    @inline(__always)
    package func place(ofIndex index: Int, window: Int) -> Int { permutations[window][index - firstIndex[window]] }

    /// The `index`-th row of the epoch, by its number among the training rows.
    @inline(__always)
    package func row(ofIndex index: Int) -> Int {
        if permutations.count == 1 { return rows.lowerBound + permutations[0][index] }
        let window = window(ofIndex: index)
        let place = place(ofIndex: index, window: window)
        let head = blocks[firstBlock[window]]
        if place < head.count { return head.lowerBound + place }
        let rest = place - head.count
        return blocks[firstBlock[window] + 1 + rest / mixing.blockRows].lowerBound + rest % mixing.blockRows
    }
}
