internal import Datasets
package import Distributed
internal import Support
package import VAE

/// How a step's rows of this rank go through the network: in passes of as many rows as there is memory for, and what becomes of each
/// shard's gradient. The sums are those of the ``FoldTree``, whatever the passes.
package struct GradientPlan: Equatable {
    /// Consecutive rows of one shard in a pass.
    package struct Rows: Equatable {
        package let shard: Int
        /// Among the rows that the shard gives to the step.
        package let range: Range<Int>
    }

    /// Rows that go through at once.
    package struct Pass: Equatable {
        package var rows: [Rows] = []
        package var folds: [ShardRows] = []

        package var rowCount: Int { rows.reduce(0) { $0 + $1.range.count } }
    }

    /// At least one, which may have no rows.
    package let passes: [Pass]
    /// The flat gradients that are needed besides those of ``GradientReduction/gradients``, which come first: sums that wait from one pass
    /// to another.
    package let waitingCount: Int
    /// Which of the three sums of an unfinished shard are needed.
    package let unfinished: [Bool]

    /// - Parameters:
    ///   - nodes: what the rank sums; their leaves are its shards.
    ///   - counts: the rows that each of these shards gives to the step, in their order.
    ///   - capacity: the most rows of a pass.
    ///   - cutRows: a shard may be cut behind a multiple of so many of its rows.
    ///   - termsPerRow: the most terms that a row gives to a sum of the gradients.
    package init(_ nodes: [FoldTree.Node], tree: FoldTree, counts: [Int], capacity: Int, cutRows: Int, termsPerRow: Int) {
        let first = nodes[0].leaves.lowerBound
        let (dealt, cuts) = Self.cut(counts, from: first, capacity: max(capacity, cutRows), cutRows: cutRows)
        var passes = dealt

        // In which pass each shard ends.
        var lastPass: [Int: Int] = [:]
        for (index, pass) in passes.enumerated() { for rows in pass.rows { lastPass[rows.shard] = index } }
        var ends: [Int: (adds: [ShardRows.Place], destination: ShardRows.Place)] = [:]
        var waitingCount = 0
        /// Sums a node: at the end of its last leaf the waiting sums are added, then those of the nodes that it completes.
        func sum(_ node: FoldTree.Node, into destination: ShardRows.Place, adds: [ShardRows.Place], depth: Int) {
            guard let (left, right) = tree.children(of: node) else {
                ends[node.leaves.lowerBound] = (adds, destination)
                return
            }
            // The left half's sum waits for the right half's; in the cache, if they are of one pass.
            let inOnePass = lastPass[left.leaves.upperBound - 1] == lastPass[right.leaves.upperBound - 1]
            let waiting: ShardRows.Place = inOnePass ? .cache(depth) : .gradient(nodes.count + depth)
            if !inOnePass { waitingCount = max(waitingCount, depth + 1) }
            sum(left, into: waiting, adds: [], depth: depth + 1)
            sum(right, into: destination, adds: [waiting] + adds, depth: depth + 1)
        }
        for (index, node) in nodes.enumerated() { sum(node, into: .gradient(index), adds: [], depth: 0) }

        for index in passes.indices {
            passes[index].folds = passes[index].rows.map { rows in
                let isLast = rows.range.upperBound == counts[rows.shard - first]
                let end = ends[rows.shard]!
                return ShardRows(
                    rowCount: rows.range.count, before: rows.range.lowerBound, isLast: isLast, adds: isLast ? end.adds : [],
                    destination: isLast ? end.destination : .gradient(0))
            }
        }
        self.passes = passes
        self.waitingCount = waitingCount
        let most = cuts.isEmpty ? 0 : counts.max()! * termsPerRow
        unfinished = [
            cuts.contains { $0 % ShardFold.segment != 0 || cutRows > 1 }, most > ShardFold.segment, most > ShardFold.block,
        ]
    }

    /// Deals the shards out to passes; gives also after how many of a shard's rows it was cut. Shards that fit into a pass are whole.
    private static func cut(_ counts: [Int], from first: Int, capacity: Int, cutRows: Int) -> (passes: [Pass], cuts: [Int]) {
        var (passes, cuts) = ([Pass()], [Int]())
        // Chains that are finished where they are cut need no memory.
        let unit = capacity >= ShardFold.segment ? ShardFold.segment : cutRows
        for (index, count) in counts.enumerated() {
            var taken = 0
            repeat {
                let room = capacity - passes[passes.count - 1].rowCount
                var take = count - taken
                if take > room {
                    take = take <= capacity ? 0 : (taken + room) / unit * unit - taken
                    if take <= 0 {
                        passes.append(Pass())
                        continue
                    }
                    cuts.append(taken + take)
                }
                passes[passes.count - 1].rows.append(Rows(shard: first + index, range: taken..<taken + take))
                taken += take
            } while taken < count
            // A shard without rows has a sum all the same, of zero.
        }
        return (passes, cuts)
    }
}
