import Distributed
import Testing
import Training
import VAE

/// Plans carried out on texts: whatever the passes, the sums are those of the tree, every row goes through once, in order, and no memory
/// is read that was not written.
struct GradientPlanTests {
    /// The sum that a node of the tree stands for.
    private func sum(_ node: FoldTree.Node, _ tree: FoldTree) -> String {
        guard let (left, right) = tree.children(of: node) else { return "\(node.leaves.lowerBound)" }
        return "(\(sum(left, tree))+\(sum(right, tree)))"
    }

    /// Carries out a plan, and checks what must hold of all; gives the sums that it leaves.
    private func carryOut(_ plan: GradientPlan, first: Int, counts: [Int], nodes: Int) -> [String?] {
        var gradients = [String?](repeating: nil, count: nodes + plan.waitingCount)
        var taken = [Int](repeating: 0, count: counts.count)
        var (next, mostWaiting) = (0, 0)
        for pass in plan.passes {
            #expect(pass.rows.count == pass.folds.count)
            #expect(pass.rowCount == pass.folds.reduce(0) { $0 + $1.rowCount })
            // What is in the cache lives as long as the pass.
            var cache: [Int: String] = [:]
            for (rows, fold) in zip(pass.rows, pass.folds) {
                let shard = rows.shard - first
                #expect(shard == next, "shards come in their order, one after the other")
                #expect(rows.range.lowerBound == taken[shard] && fold.before == taken[shard] && fold.rowCount == rows.range.count)
                taken[shard] = rows.range.upperBound
                #expect(fold.isLast == (taken[shard] == counts[shard]))
                guard fold.isLast else {
                    #expect(fold.adds.isEmpty)
                    continue
                }
                next += 1
                var value = "\(rows.shard)"
                for place in fold.adds {
                    let other: String?
                    switch place {
                    case .cache(let index): other = cache.removeValue(forKey: index)
                    case .gradient(let index):
                        other = gradients[index]
                        gradients[index] = nil
                    }
                    #expect(other != nil, "\(place) is read before it is written, or twice")
                    value = "(\(other ?? "?")+\(value))"
                }
                switch fold.destination {
                case .cache(let index):
                    #expect(cache[index] == nil, "\(index) is in use")
                    cache[index] = value
                case .gradient(let index):
                    #expect(gradients[index] == nil, "\(index) is in use")
                    gradients[index] = value
                    mostWaiting = max(mostWaiting, index + 1 - nodes)
                }
            }
            #expect(cache.isEmpty, "sums that wait for a later pass are not in the cache")
        }
        #expect(taken == counts && mostWaiting == plan.waitingCount)
        #expect(gradients.dropFirst(nodes).allSatisfy { $0 == nil }, "what waited was added")
        return Array(gradients.prefix(nodes))
    }

    /// Shards of a rank: which of how many.
    private static let shares: [(Range<Int>, of: Int)] = [
        (0..<1, 1), (0..<2, 2), (0..<8, 8), (2..<6, 8), (3..<8, 8), (1..<2, 3), (0..<13, 13), (5..<12, 13), (21..<32, 64),
    ]

    @Test(arguments: shares.indices, [1, 2, 7, 10, 31, 64, 100, 1000])
    func sumsAreTheTrees(share: Int, capacity: Int) {
        let (own, shardCount) = Self.shares[share]
        let tree = FoldTree(leafCount: shardCount)
        let nodes = tree.cover(own)
        let rules: [(Int) -> Int] = [{ _ in 5 }, { $0 % 4 }, { _ in 0 }, { 3 * $0 % 17 + 20 }, { $0 == 2 ? 300 : 1 }]
        for rule in rules {
            for cutRows in [1, 32] {
                let counts = own.map(rule)
                let plan = GradientPlan(nodes, tree: tree, counts: counts, capacity: capacity, cutRows: cutRows, termsPerRow: 1)
                #expect(
                    carryOut(plan, first: own.lowerBound, counts: counts, nodes: nodes.count) == nodes.map { sum($0, tree) })
                let most = max(capacity, cutRows)
                #expect(!plan.passes.isEmpty && plan.passes.allSatisfy { $0.rowCount <= most })
                for rows in plan.passes.flatMap(\.rows) {
                    let count = counts[rows.shard - own.lowerBound]
                    if count <= most { #expect(rows.range == 0..<count, "shards that fit into a pass are whole") }
                    // Cut where a chain may be cut.
                    if rows.range.upperBound < count { #expect(rows.range.upperBound % cutRows == 0) }
                }
            }
        }
    }

    /// Four shards of five rows, two of which fit into a pass.
    @Test func twoPasses() {
        let tree = FoldTree(leafCount: 4)
        let plan = GradientPlan([tree.root], tree: tree, counts: [5, 5, 5, 5], capacity: 10, cutRows: 1, termsPerRow: 1)
        #expect(plan.passes.map { $0.rows.map(\.shard) } == [[0, 1], [2, 3]])
        #expect(
            plan.passes.map(\.folds) == [
                [
                    ShardRows(rowCount: 5, destination: .cache(1)),
                    ShardRows(rowCount: 5, adds: [.cache(1)], destination: .gradient(1)),
                ],
                [
                    ShardRows(rowCount: 5, destination: .cache(1)),
                    ShardRows(rowCount: 5, adds: [.cache(1), .gradient(1)], destination: .gradient(0)),
                ],
            ])
        #expect(plan.waitingCount == 1 && plan.unfinished == [false, false, false])
    }

    /// The last step of an epoch: shards of 7, 7 and 6 rows that give 4 a step have 3, 3 and 2 left.
    @Test func lastStep() {
        let shards = ShardPlan(shardCount: 3, rowCount: 20)
        let counts = [0, 1].map { step in (0..<3).map { shards.positions(ofShard: $0, step: step, shardBatch: 4).count } }
        #expect(counts == [[4, 4, 4], [2, 3, 3]])
        let tree = FoldTree(leafCount: 3)
        let plans = counts.map { GradientPlan([tree.root], tree: tree, counts: $0, capacity: 6, cutRows: 1, termsPerRow: 1) }
        #expect(plans[0].passes.map(\.rowCount) == [4, 4, 4] && plans[1].passes.map(\.rowCount) == [5, 3])
        for (plan, counts) in zip(plans, counts) {
            #expect(carryOut(plan, first: 0, counts: counts, nodes: 1) == ["((0+1)+2)"])
        }
    }

    /// A shard that is larger than a pass: what it has so far waits in as many sums as its rows need.
    @Test func unfinished() {
        let (tree, segment, block) = (FoldTree(leafCount: 1), ShardFold.segment, ShardFold.block)
        func plan(_ count: Int, _ capacity: Int, _ cutRows: Int = 1, terms: Int = 1) -> GradientPlan {
            GradientPlan([tree.root], tree: tree, counts: [count], capacity: capacity, cutRows: cutRows, termsPerRow: terms)
        }
        #expect(plan(10, 10).unfinished == [false, false, false])
        #expect(plan(10, 4).passes.map(\.rowCount) == [4, 4, 2] && plan(10, 4).unfinished == [true, false, false])
        // Cut behind whole chains, where that is possible: no chain waits.
        let long = plan(3 * segment, 2 * segment + 1)
        #expect(long.passes.map(\.rowCount) == [2 * segment, segment] && long.unfinished == [false, true, false])
        #expect(plan(2 * block, block).unfinished == [false, true, true])
        #expect(
            plan(100, 40, 32).passes.map(\.rowCount) == [32, 32, 36]
                && plan(100, 1, 32).passes.map(\.rowCount) == [32, 32, 32, 4])
        // A row of a map is as many terms as it has positions.
        #expect(plan(10, 4, terms: segment / 10).unfinished == [true, false, false])
        #expect(plan(10, 4, terms: segment / 10 + 1).unfinished == [true, true, false])
        #expect(plan(64, 32, 32, terms: 784).unfinished == [true, true, true])
        #expect(plan(64, 64, terms: 784).unfinished == [false, false, false])
    }
}
