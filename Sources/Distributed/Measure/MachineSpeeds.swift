internal import CKernels
internal import CMPI
internal import Foundation
internal import Support

/// What the machine can do besides arithmetic, measured with all ranks at work.
public struct MachineSpeeds: Sendable {
    /// Bytes per second that one rank reads and writes in memory far larger than its caches.
    public var memory: Double
    /// Seconds until all ranks of a node group have met at their barrier; 0 for one rank.
    public var barrier: Double
    /// Seconds that two ranks on different nodes, if there are several, take to exchange 8 bytes; nil for one rank.
    public var latency: Double?
    /// Bytes per second in each direction between two ranks that exchange large messages; nil for one rank.
    public var exchange: Double?
}

extension World {
    /// Measures for about a second. Collective. Throws ``MPIError``.
    public func measureMachine() throws(MPIError) -> MachineSpeeds {
        try communicator.barrier()
        let memory = measureMemory()
        try communicator.barrier()
        let bytes = 4 << 20
        return MachineSpeeds(
            memory: memory, barrier: try measureBarrier(), latency: try measureExchange(8, repeated: 200),
            exchange: try measureExchange(bytes, repeated: 2).map { Double(bytes) / $0 })
    }

    /// Sums of two arrays into a third, 64 MiB each: the best of five.
    private func measureMemory() -> Double {
        let count = 16 << 20
        let arrays = (0..<3).map { _ in AlignedBuffer(count: count) }
        let seconds = (0..<5).map { _ in
            timed { kernel_add(arrays[0].pointer, arrays[1].pointer, arrays[2].pointer, count) }
        }
        return Double(3 * count * 4) / seconds.min()!
    }

    private func measureBarrier() throws(MPIError) -> Double {
        if localSize == 1 { return 0 }
        let memory = try NodeMemory(node: topology.node, byteCount: NodeBarrier.byteCount)
        let barrier = NodeBarrier(at: memory.segments[0], size: localSize)
        let count = 500
        barrier.wait()
        let seconds = timed { for _ in 0..<count { barrier.wait() } }
        return seconds / Double(count)
    }

    /// Seconds that an exchange of `byteCount` bytes takes between pairs of ranks that are far apart: the best of some.
    private func measureExchange(_ byteCount: Int, repeated count: Int) throws(MPIError) -> Double? {
        let half = size / 2
        if half == 0 { return nil }
        // Rank i and rank i + half, which lie on different nodes where there are several.
        let partner = rank < half ? rank + half : rank < 2 * half ? rank - half : nil
        let buffers = (AlignedBuffer(count: byteCount / 4), AlignedBuffer(count: byteCount / 4))
        var shortest = Double.infinity
        for _ in 0..<6 {
            try communicator.barrier()
            guard let partner else { continue }
            let seconds = try timed { () throws(MPIError) in
                for _ in 0..<count {
                    try communicator.exchange(buffers.0.pointer, into: buffers.1.pointer, count: byteCount / 4, with: partner)
                }
            }
            shortest = min(shortest, seconds / Double(count))
        }
        return try communicator.allReduce(partner == nil ? 0 : shortest, .maximum)
    }

    private func timed<E>(_ body: () throws(E) -> Void) throws(E) -> Double {
        let watch = Stopwatch()
        try body()
        return max(watch.elapsed, 1e-9)
    }
}
