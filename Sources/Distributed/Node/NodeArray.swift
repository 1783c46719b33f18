/// Numbers that root makes and all ranks read: once in the memory of each node, or once on each rank where nothing can be shared.
///
/// Shared memory stays until ``World/freeingSharedMemory(_:)`` or the end of the job.
public final class NodeArray<Number: BitwiseCopyable>: @unchecked Sendable {
    /// Zeros at first; root alone writes, before ``distribute(first:)``.
    public let pointer: UnsafeMutablePointer<Number>
    public let count: Int

    private let world: World
    private let memory: NodeMemory
    /// The ranks that have one of their own, root first; nil on the others.
    private let owners: Communicator?

    /// Collective. Throws ``MPIError``.
    public init(_ world: World, count: Int) throws {
        let byteCount = max(count, 1) * MemoryLayout<Number>.stride
        let node = world.topology.node
        let shared = try NodeMemory.shared(
            world.communicator, node: node, byteCount: node.isRoot ? byteCount : 0, nodeByteCount: byteCount + node.size << 13)
        if let shared {
            memory = shared
            owners = world.topology.leaders
        } else {
            memory = try NodeMemory(node: try NodeTopology.isolated(world.communicator).node, byteCount: byteCount)
            owners = world.communicator
        }
        self.world = world
        self.count = count
        pointer = memory.segments[0].bindMemory(to: Number.self, capacity: max(count, 1))
    }

    /// Brings root's first numbers to all ranks, which must not have begun to read. Collective.
    public func distribute(first: Int) throws(MPIError) {
        let bytes = UnsafeMutableRawBufferPointer(start: pointer, count: first * MemoryLayout<Number>.stride)
        try owners?.broadcast(bytes)
        try world.communicator.barrier()
    }
}
