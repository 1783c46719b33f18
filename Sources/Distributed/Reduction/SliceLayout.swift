/// Which rank owns which elements of the flat parameters.
///
/// The j-th ranks of all node groups form a column; a column owns a contiguous part of the parameters, and each of its ranks one
/// piece of that part. Ranks beyond the smallest group's size are in no column and own nothing. Pieces begin at multiples of
/// ``FoldProgram/blockSize``, so that figures measured per block do not depend on who owns them.
struct SliceLayout {
    /// The number of columns: the size of the smallest node group.
    let columnCount: Int
    /// `pieces[column][group]`.
    let pieces: [[Range<Int>]]
    /// By rank.
    let owned: [Range<Int>]

    /// - Parameter groups: the ranks of each node group.
    init(parameterCount: Int, groups: [Range<Int>]) {
        let size = FoldProgram.blockSize
        let blockCount = (parameterCount + size - 1) / size
        func elements(_ blocks: Range<Int>) -> Range<Int> {
            min(blocks.lowerBound * size, parameterCount)..<min(blocks.upperBound * size, parameterCount)
        }
        let columns = groups.map(\.count).min()!
        let pieces = (0..<columns).map { column in
            let part = ShardPlan.part(column, of: columns, count: blockCount)
            return groups.indices.map { group in
                let piece = ShardPlan.part(group, of: groups.count, count: part.count)
                return elements(part.lowerBound + piece.lowerBound..<part.lowerBound + piece.upperBound)
            }
        }
        columnCount = columns
        self.pieces = pieces
        owned = groups.enumerated().flatMap { group, ranks in
            (0..<ranks.count).map { local in local < columns ? pieces[local][group] : 0..<0 }
        }
    }
}
