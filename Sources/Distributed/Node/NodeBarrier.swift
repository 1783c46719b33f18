internal import CMPI
internal import Foundation

/// A barrier of the ranks of a node group over two words of their shared memory.
///
/// Ranks with a core of their own spin for a moment, since the others are about to come; whoever waits longer, or has to share
/// its core, sleeps in the kernel until the last one wakes all. MPI_Barrier would spin, and with 8 ranks on 2 cores that costs
/// more than the step.
struct NodeBarrier {
    /// How many ranks have come so far, and how often all have come.
    private let arrived: UnsafeMutablePointer<UInt32>
    private let generation: UnsafeMutablePointer<UInt32>
    private let size: UInt32
    private let spins: Int

    /// The bytes a barrier needs, each word on a cache line of its own.
    static let byteCount = 128

    /// A barrier of `size` ranks over zeroed shared memory.
    init(at memory: UnsafeMutableRawPointer, size: Int) {
        arrived = memory.assumingMemoryBound(to: UInt32.self)
        generation = (memory + 64).assumingMemoryBound(to: UInt32.self)
        self.size = UInt32(size)
        // About 50 microseconds; none where ranks share cores.
        spins = size <= ProcessInfo.processInfo.activeProcessorCount ? 2000 : 0
    }

    /// Waits until all ranks of the node group are here.
    func wait() {
        if size == 1 { return }
        let now = cmpi_load(generation)
        if cmpi_fetch_add(arrived, 1) + 1 == size {
            cmpi_store(arrived, 0)
            cmpi_store(generation, now &+ 1)
            cmpi_futex_wake_all(generation)
            return
        }
        for _ in 0..<spins {
            if cmpi_load(generation) != now { return }
            cmpi_pause()
        }
        while cmpi_load(generation) == now { cmpi_futex_wait(generation, now) }
    }
}
