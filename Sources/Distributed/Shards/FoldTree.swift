/// The fixed binary tree over V leaves along which the gradients of the shards are summed.
///
/// A node of level l and index i covers the leaves `[i * 2^l, (i + 1) * 2^l)`, cut off at V; its value is the sum of its two
/// children of level l - 1, or of the first alone where the second is empty. Floating-point sums depend on their order, and this
/// order depends on V only.
public struct FoldTree: Sendable, Equatable {
    public let leafCount: Int

    /// A node of the tree, named by its level and the leaves it covers.
    public struct Node: Sendable, Hashable {
        public let level: Int
        public let leaves: Range<Int>

        /// Levels above what the leaves need have the same sum, so one node has one name.
        fileprivate init(level: Int, leaves: Range<Int>) {
            self.level = min(level, leaves.count.ceilLog2)
            self.leaves = leaves
        }
    }

    /// - Precondition: `leafCount >= 1`.
    public init(leafCount: Int) {
        precondition(leafCount >= 1)
        self.leafCount = leafCount
    }

    public var root: Node { node(level: leafCount.ceilLog2, covering: 0) }

    /// The children of an inner node; nil for a leaf.
    public func children(of node: Node) -> (left: Node, right: Node)? {
        guard node.leaves.count > 1 else { return nil }
        let left = self.node(level: node.level - 1, covering: node.leaves.lowerBound)
        return (left, self.node(level: node.level - 1, covering: left.leaves.upperBound))
    }

    /// The fewest nodes, in order, that cover a range of leaves exactly and are of no higher level than `maximumLevel`.
    ///
    /// Whoever owns the range can sum each of them alone; nobody can sum more without the leaves of others.
    public func cover(_ range: Range<Int>, maximumLevel: Int = Int.max) -> [Node] {
        var nodes: [Node] = []
        var leaf = range.lowerBound
        while leaf < range.upperBound {
            var level = 0
            while level < maximumLevel, leaf % (2 << level) == 0,
                node(level: level, covering: leaf).leaves.upperBound < leafCount,
                min(leaf + (2 << level), leafCount) <= range.upperBound
            {
                level += 1
            }
            let next = node(level: level, covering: leaf)
            nodes.append(next)
            leaf = next.leaves.upperBound
        }
        return nodes
    }

    private func node(level: Int, covering leaf: Int) -> Node {
        let width = 1 << level
        let first = leaf / width * width
        return Node(level: level, leaves: first..<min(first + width, leafCount))
    }
}

extension Int {
    /// The smallest l with `2^l >= self`.
    fileprivate var ceilLog2: Int { self <= 1 ? 0 : Int.bitWidth - (self - 1).leadingZeroBitCount }
}
