internal import CMPI

/// What the ranks of a node group share: the parameters, every rank's gradients and flags, and a barrier.
///
/// The first rank's segment begins with the barrier, the flags of all, the norms of the blocks, and the parameters; every
/// segment goes on with the gradients that its rank keeps.
final class NodeGroupMemory {
    let topology: NodeTopology
    let barrier: NodeBarrier
    let parameters: UnsafeMutablePointer<Float>
    /// The sum of squares of each block of the gradient.
    let blockNorms: UnsafeMutableBufferPointer<Double>
    private let memory: NodeMemory
    /// One cache line per rank, and one for all.
    private let flags: UnsafeMutablePointer<UInt32>
    private let gradientOffset: Int
    private let sharedByteCount: Int
    private static let lineWords = 16

    /// Shared memory where every node has room for it, else memory of each rank's own. Collective.
    static func make(
        world: World, parameterCount: Int, keptCounts: [Int]
    ) throws -> (memory: NodeGroupMemory, shared: Bool) {
        let sizes = Sizes(parameterCount: parameterCount, localSize: world.localSize)
        let group = world.topology.ranks[world.topology.nodeIndex]
        let bytes = keptCounts[group].reduce(sizes.shared) { $0 + sizes.own($1) }
        let node = world.topology.node
        if let memory = try NodeMemory.shared(
            world.communicator, node: node, byteCount: sizes.segment(ofLocalRank: node.rank, keptCounts[world.rank]),
            nodeByteCount: bytes)
        {
            return (NodeGroupMemory(memory, world.topology, parameterCount), true)
        }
        let isolated = try NodeTopology.isolated(world.communicator)
        let alone = Sizes(parameterCount: parameterCount, localSize: 1)
        let memory = try NodeMemory(
            node: isolated.node, byteCount: alone.segment(ofLocalRank: 0, keptCounts[world.rank]))
        return (NodeGroupMemory(memory, isolated, parameterCount), false)
    }

    private struct Sizes {
        let flags: Int
        let norms: Int
        let parameters: Int

        init(parameterCount: Int, localSize: Int) {
            func lines(_ bytes: Int) -> Int { (bytes + 63) & ~63 }
            flags = (localSize + 1) * 64
            norms = lines((parameterCount + FoldProgram.blockSize - 1) / FoldProgram.blockSize * 8)
            parameters = lines(parameterCount * 4)
        }

        var shared: Int { NodeBarrier.byteCount + flags + norms + parameters }
        func own(_ gradients: Int) -> Int { gradients * parameters }
        func segment(ofLocalRank rank: Int, _ gradients: Int) -> Int { (rank == 0 ? shared : 0) + own(gradients) }
    }

    private init(_ memory: NodeMemory, _ topology: NodeTopology, _ parameterCount: Int) {
        self.topology = topology
        self.memory = memory
        let node = topology.node
        let sizes = Sizes(parameterCount: parameterCount, localSize: node.size)
        let base = memory.segments[0]
        barrier = NodeBarrier(at: base, size: node.size)
        flags = (base + NodeBarrier.byteCount).assumingMemoryBound(to: UInt32.self)
        blockNorms = UnsafeMutableBufferPointer(
            start: (base + NodeBarrier.byteCount + sizes.flags).assumingMemoryBound(to: Double.self),
            count: (parameterCount + FoldProgram.blockSize - 1) / FoldProgram.blockSize)
        parameters = (base + sizes.shared - sizes.parameters).assumingMemoryBound(to: Float.self)
        gradientOffset = sizes.parameters
        sharedByteCount = sizes.shared
    }

    /// Waits until all ranks of the group are here. Collective.
    func meet() {
        Heartbeat.arrive()
        barrier.wait()
    }

    /// The `index`-th gradient that a local rank keeps.
    func gradient(ofLocalRank rank: Int, _ index: Int) -> UnsafeMutablePointer<Float> {
        (memory.segments[rank] + (rank == 0 ? sharedByteCount : 0) + index * gradientOffset)
            .assumingMemoryBound(to: Float.self)
    }

    /// Tells the group this rank's flags; seen after the next barrier.
    func raise(_ raised: StepFlags) {
        cmpi_store(flags + (1 + topology.node.rank) * Self.lineWords, raised.rawValue)
    }

    /// What the ranks of the group raised before the last barrier.
    var raisedFlags: StepFlags {
        (0..<topology.node.size).reduce(into: StepFlags()) { all, rank in
            all.formUnion(StepFlags(rawValue: cmpi_load(flags + (1 + rank) * Self.lineWords)))
        }
    }

    /// What all ranks of the job raised; every local rank that knows writes the same.
    var globalFlags: StepFlags {
        get { StepFlags(rawValue: cmpi_load(flags)) }
        set { cmpi_store(flags, newValue.rawValue) }
    }
}
