internal import CMPI

/// A group of ranks that exchange data. MPI calls are made by the thread that started MPI only (`MPI_THREAD_FUNNELED`).
public final class Communicator {
    private let owned: cmpi_comm
    var handle: MPI_Comm { owned.handle }
    /// This process's number within the group, from 0.
    public let rank: Int
    /// The number of ranks in the group.
    public let size: Int

    /// The most bytes that one call of MPI, whose counts have 32 bits, is given where more can be sent piece by piece; the same on all
    /// ranks. A group that is split off takes it over. Tests make it small.
    public var pieceBytes = 64 << 20

    /// Whether all local ranks take part in its collective calls, so that they are places the ``Watchdog`` can compare.
    var joinsNode = true

    /// Rank 0, which writes files and speaks.
    public var isRoot: Bool { rank == 0 }

    /// Those that were split off and not freed yet.
    private nonisolated(unsafe) static var open: [cmpi_comm] = []

    init(_ comm: cmpi_comm) throws(MPIError) {
        var rank: Int32 = 0
        var size: Int32 = 0
        try check(cmpi_return_errors(comm.handle), "MPI_Comm_set_errhandler")
        try check(MPI_Comm_rank(comm.handle, &rank), "MPI_Comm_rank")
        try check(MPI_Comm_size(comm.handle, &size), "MPI_Comm_size")
        owned = comm
        self.rank = Int(rank)
        self.size = Int(size)
    }

    /// The ranks that give the same colour, ordered by `key`; nil for ranks that give no colour. Collective.
    func split(color: Int?, key: Int) throws(MPIError) -> Communicator? {
        var part = cmpi_comm()
        let number = try color.map { (color) throws(MPIError) in try mpiCount(color, "MPI_Comm_split") } ?? cmpi_undefined()
        try check(cmpi_comm_split(handle, number, try mpiCount(key, "MPI_Comm_split"), &part), "MPI_Comm_split")
        return color == nil ? nil : try adopt(part)
    }

    /// The ranks that can share memory with this one. Collective.
    func splitByNode() throws(MPIError) -> Communicator {
        var part = cmpi_comm()
        try check(
            cmpi_comm_split_shared(handle, try mpiCount(rank, "MPI_Comm_split_type"), &part), "MPI_Comm_split_type")
        return try adopt(part)
    }

    private func adopt(_ part: cmpi_comm) throws(MPIError) -> Communicator {
        Self.open.append(part)
        let communicator = try Communicator(part)
        communicator.pieceBytes = pieceBytes
        return communicator
    }

    /// The number of groups that were split off and are not freed.
    static var openCount: Int { open.count }

    /// Frees those that were split off, but for the first `kept`, the last one first. Collective, when none of them is used any more: all
    /// ranks made theirs in the same order.
    static func freeAll(but kept: Int = 0) {
        for index in (kept..<open.count).reversed() { _ = cmpi_comm_free(&open[index]) }
        open.removeSubrange(kept...)
    }
}

/// A count or displacement as MPI takes it, with 32 bits. Throws where it has more.
func mpiCount(_ number: Int, _ call: StaticString) throws(MPIError) -> Int32 {
    guard let count = Int32(exactly: number) else {
        throw MPIError(
            call: "\(call)", code: MPI_ERR_COUNT, message: "\(number) is more than MPI counts, which have 32 bits, can say")
    }
    return count
}

/// The arithmetic of an all-reduce of integers or doubles.
public enum ReduceOperation: Sendable {
    case sum
    case minimum
    case maximum
    case bitwiseOr

    var handle: MPI_Op {
        switch self {
        case .sum: cmpi_sum()
        case .minimum: cmpi_min()
        case .maximum: cmpi_max()
        case .bitwiseOr: cmpi_bitwise_or()
        }
    }
}
