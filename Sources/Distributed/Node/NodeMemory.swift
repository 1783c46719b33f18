internal import CKernels
internal import CMPI
internal import Foundation

/// Memory that the ranks of a node group share: one segment per rank, each readable and writable by all of them.
///
/// To free it all ranks must come together, which they do not where one of them throws: it would wait for the others, who wait for
/// it. So what is shared stays until ``freeAll(but:)``, and only what is not goes with its owner.
final class NodeMemory {
    private nonisolated(unsafe) static var windows: [cmpi_window] = []
    /// Products read up to a vector behind the last number.
    private static let slack = 64
    private let isShared: Bool
    /// Where each local rank's segment begins in this process, 64-byte aligned.
    let segments: [UnsafeMutableRawPointer]

    /// Allocates `byteCount` zeroed bytes per rank. Collective over `node`.
    ///
    /// The size may differ by rank. Throws ``MPIError`` where the node has no room for it.
    init(node: Communicator, byteCount: Int) throws(MPIError) {
        guard node.size > 1 else {
            let page = byteCount >= kernel_large_page ? kernel_large_page : 64
            let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount + Self.slack, alignment: page)
            kernel_use_huge_pages(memory, byteCount)
            memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount + Self.slack)
            segments = [memory]
            isShared = false
            return
        }
        isShared = true
        let rounded = (byteCount + Self.slack + 4095 + 64) & ~4095
        var mine: UnsafeMutableRawPointer?
        var window = cmpi_window()
        try check(cmpi_window_allocate_shared(rounded, node.handle, &mine, &window), "MPI_Win_allocate_shared")
        Self.windows.append(window)
        var segments: [UnsafeMutableRawPointer] = []
        for rank in 0..<node.size {
            var size = 0
            var unit: Int32 = 0
            var base: UnsafeMutableRawPointer?
            try check(MPI_Win_shared_query(window.handle, Int32(rank), &size, &unit, &base), "MPI_Win_shared_query")
            // Every process maps the window at the start of a page, so all round up to the same byte of it.
            segments.append(base!.alignedUp(toMultipleOf: 64))
        }
        self.segments = segments
        memset(segments[node.rank], 0, byteCount)
        try node.barrier()
    }

    /// The same where every node has room for it; nil on all ranks where one has not. Collective over `all`.
    ///
    /// - Parameters:
    ///   - node: the ranks of this rank's node.
    ///   - nodeByteCount: of all ranks of the node.
    static func shared(
        _ all: Communicator, node: Communicator, byteCount: Int, nodeByteCount: Int
    ) throws(MPIError) -> NodeMemory? {
        let room = node.size == 1 || hasRoom(for: nodeByteCount)
        guard try all.allReduce(room ? 1 : 0, .minimum) == 1 else { return nil }
        let memory: NodeMemory?
        do throws(MPIError) {
            memory = try NodeMemory(node: node, byteCount: byteCount)
        } catch {
            memory = nil
        }
        return try all.allReduce(memory == nil ? 0 : 1, .minimum) == 1 ? memory : nil
    }

    deinit { if !isShared { segments[0].deallocate() } }

    /// The number of pieces of memory that are shared now.
    static var sharedCount: Int { windows.count }

    /// Frees what was shared, but for the first `kept` pieces. Collective, when nothing of it is used any more.
    static func freeAll(but kept: Int = 0) {
        for index in kept..<windows.count { _ = cmpi_window_free(&windows[index]) }
        windows.removeSubrange(kept...)
    }

    /// Whether /dev/shm has room for `byteCount` bytes; touching a page that is not there would kill the process (SIGBUS).
    static func hasRoom(for byteCount: Int) -> Bool {
        var status = statvfs()
        guard statvfs("/dev/shm", &status) == 0 else { return false }
        return Int(status.f_bavail) * Int(status.f_frsize) > byteCount
    }
}
