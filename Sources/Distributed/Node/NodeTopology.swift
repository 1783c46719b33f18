internal import CMPI
internal import Support

/// How the ranks lie on nodes: a *node group* is a set of consecutive ranks that share memory.
///
/// Where shared memory cannot be had every rank is a group of its own and all exchange goes by messages; nothing else changes,
/// and neither do the bits.
final class NodeTopology {
    /// This rank's node group; `node.rank` is the local rank.
    let node: Communicator
    /// The ranks of each node group.
    let ranks: [Range<Int>]
    /// Which of the node groups is this rank's.
    let nodeIndex: Int
    /// The first ranks of all node groups; nil on the others.
    let leaders: Communicator?

    /// The groups of ranks that give the same colour, which must be consecutive. Collective.
    init(_ world: Communicator, color: Int) throws {
        let node = try world.split(color: color, key: world.rank)!
        let first = world.rank - node.rank
        let starts = Set(try world.allGather([Int64(first)]).map { Int($0[0]) }).sorted()
        self.node = node
        ranks = zip(starts, starts.dropFirst() + [world.size]).map { $0..<$1 }
        nodeIndex = starts.firstIndex(of: first)!
        leaders = try world.split(color: node.isRoot ? 0 : nil, key: world.rank)
        leaders?.joinsNode = false
    }

    /// Every rank a node group of its own. Collective.
    static func isolated(_ world: Communicator) throws -> NodeTopology {
        try NodeTopology(world, color: world.rank)
    }

    /// The ranks that share memory with this one, as the machine or a test has it. Collective.
    static func nodeGroup(of all: Communicator) throws(MPIError) -> Communicator {
        if TestVariable.noSharedMemory.isSet { return try all.split(color: all.rank, key: 0)! }
        let node = try all.splitByNode()
        // Lets tests on one machine exchange as several nodes do.
        if let size = TestVariable.ranksPerNode.numbers.first, size > 0 {
            return try node.split(color: node.rank / size, key: node.rank)!
        }
        return node
    }
}
