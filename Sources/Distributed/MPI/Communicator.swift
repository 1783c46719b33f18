internal import CMPI

/// A group of ranks that exchange data. MPI calls are made by the thread that started MPI only (`MPI_THREAD_FUNNELED`).
public final class Communicator {
    let handle: MPI_Comm
    /// This process's number within the group, from 0.
    public let rank: Int
    /// The number of ranks in the group.
    public let size: Int

    /// Whether all local ranks take part in its collective calls, so that they are places the ``Watchdog`` can compare.
    var joinsNode = true

    /// Rank 0, which writes files and speaks.
    public var isRoot: Bool { rank == 0 }

    init(_ handle: MPI_Comm) throws(MPIError) {
        var rank: Int32 = 0
        var size: Int32 = 0
        try check(cmpi_return_errors(handle), "MPI_Comm_set_errhandler")
        try check(MPI_Comm_rank(handle, &rank), "MPI_Comm_rank")
        try check(MPI_Comm_size(handle, &size), "MPI_Comm_size")
        self.handle = handle
        self.rank = Int(rank)
        self.size = Int(size)
    }

    /// The ranks that give the same colour, ordered by `key`; nil for ranks that give no colour. Collective.
    func split(color: Int?, key: Int) throws(MPIError) -> Communicator? {
        var part = cmpi_comm_null()
        try check(
            MPI_Comm_split(handle, color.map(Int32.init) ?? cmpi_undefined(), Int32(key), &part),
            "MPI_Comm_split")
        return color == nil ? nil : try Communicator(part!)
    }

    /// The ranks that can share memory with this one. Collective.
    func splitByNode() throws(MPIError) -> Communicator {
        var part = cmpi_comm_null()
        try check(
            MPI_Comm_split_type(handle, cmpi_split_type_shared(), Int32(rank), cmpi_info_null(), &part),
            "MPI_Comm_split_type")
        return try Communicator(part!)
    }
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
