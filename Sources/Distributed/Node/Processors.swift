internal import CMPI
internal import Foundation

/// The processors that this process may run on, as the launcher bound it.
///
/// Nothing is pinned here: threads stay on the processors that mpirun or Slurm gave the rank.
struct Processors: Equatable {
    /// One bit a processor.
    let mask: [UInt64]

    var count: Int { mask.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Those of the calling process.
    init() {
        var mask = [UInt64](repeating: 0, count: 128)
        let bytes = mask.withUnsafeMutableBytes { cmpi_get_affinity($0.baseAddress!, $0.count) }
        if bytes <= 0 { mask = [UInt64.max >> UInt64(max(0, 64 - ProcessInfo.processInfo.activeProcessorCount))] }
        self.mask = mask
    }

    init(mask: [UInt64]) { self.mask = mask }
}

extension World {
    /// How many threads each rank should run: the processors that it was given, divided by the local ranks that were given the same,
    /// and the fewest of all ranks. Collective. Throws ``MPIError``.
    public func usualThreadCount() throws(MPIError) -> Int {
        let own = Processors()
        let masks = try topology.node.allGather(own.mask)
        let sharing = masks.count { $0 == own.mask }
        return Int(try communicator.allReduce(Int64(max(1, own.count / max(1, sharing))), .minimum))
    }

    /// Whether on any node more threads run than its ranks have processors. Collective. Throws ``MPIError``.
    public func sharesProcessors(threads: Int) throws(MPIError) -> Bool {
        let own = Processors()
        let sharing = try topology.node.allGather(own.mask).count { $0 == own.mask }
        return try communicator.allReduce(sharing * threads > own.count ? 1 : 0, .maximum) == 1
    }

    /// The processors that this rank may use.
    public var processorCount: Int { Processors().count }
}
