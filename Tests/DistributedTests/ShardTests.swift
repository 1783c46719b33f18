import Distributed
import Testing

struct ShardTests {
    @Test(arguments: [(1, 1), (7, 3), (8, 8), (1000, 7), (60_000, 8), (13, 8)])
    func everyRowIsInOneShard(rows: Int, shards: Int) {
        let plan = ShardPlan(shardCount: shards, rowCount: rows)
        let ranges = (0..<shards).map { plan.rows(ofShard: $0) }
        #expect(ranges.flatMap { Array($0) } == Array(0..<rows))
        #expect(ranges.map(\.count).max()! - ranges.map(\.count).min()! <= 1)
        for batch in [1, 3, 16] {
            let steps = plan.stepsPerEpoch(shardBatch: batch)
            for shard in 0..<shards {
                let taken = (0..<steps).flatMap { Array(plan.positions(ofShard: shard, step: $0, shardBatch: batch)) }
                #expect(taken == Array(0..<ranges[shard].count), "each row once an epoch")
            }
            #expect((0..<steps).reduce(0) { $0 + plan.globalCount(step: $1, shardBatch: batch) } == rows)
            #expect(steps == 0 || plan.globalCount(step: steps - 1, shardBatch: batch) > 0)
        }
    }

    @Test(arguments: [1, 2, 3, 5, 8, 13, 64])
    func ranksShareTheShards(shards: Int) {
        for size in 1...shards {
            let ranges = (0..<size).map { ShardPlan.shards(ofRank: $0, worldSize: size, shardCount: shards) }
            #expect(ranges.flatMap { Array($0) } == Array(0..<shards))
            #expect(ranges.allSatisfy { !$0.isEmpty })
        }
    }

    @Test(arguments: 1...40)
    func coversAreNodesOfTheOneTree(leaves: Int) {
        let tree = FoldTree(leafCount: leaves)
        var nodes: Set<FoldTree.Node> = []
        func visit(_ node: FoldTree.Node) {
            nodes.insert(node)
            guard let (left, right) = tree.children(of: node) else { return }
            #expect(left.leaves.upperBound == right.leaves.lowerBound)
            #expect(left.leaves.lowerBound == node.leaves.lowerBound && right.leaves.upperBound == node.leaves.upperBound)
            visit(left)
            visit(right)
        }
        visit(tree.root)
        #expect(nodes.count == 2 * leaves - 1)
        for first in 0..<leaves {
            for end in first + 1...leaves {
                for level in [0, 1, 2, 10] {
                    let cover = tree.cover(first..<end, maximumLevel: level)
                    #expect(cover.flatMap { Array($0.leaves) } == Array(first..<end))
                    #expect(cover.allSatisfy { nodes.contains($0) && $0.level <= level })
                }
            }
        }
        #expect(tree.cover(0..<leaves) == [tree.root])
    }
}
