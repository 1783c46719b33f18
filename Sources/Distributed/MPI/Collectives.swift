internal import CMPI
internal import Foundation

/// Collective calls: every rank of the communicator must make them, in the same order.
extension Communicator {
    /// Makes one call, in which this rank waits for the others.
    func collective(_ name: StaticString, _ call: () throws(MPIError) -> Int32) throws(MPIError) {
        func make() throws(MPIError) { try check(try call(), name) }
        if joinsNode { try Heartbeat.waiting(make) } else { try make() }
        Heartbeat.beat()
    }

    /// Waits until every rank has come here. Collective.
    public func barrier() throws(MPIError) {
        try collective("MPI_Barrier") { MPI_Barrier(handle) }
    }

    /// Copies `root`'s bytes to every rank. Collective.
    public func broadcast(_ buffer: UnsafeMutableRawBufferPointer, root: Int = 0) throws(MPIError) {
        for piece in pieces(of: buffer.count) {
            try collective("MPI_Bcast") { () throws(MPIError) in
                MPI_Bcast(
                    buffer.baseAddress! + piece.lowerBound, try mpiCount(piece.count, "MPI_Bcast"), cmpi_byte(), Int32(root),
                    handle)
            }
        }
    }

    /// `root`'s array on every rank, whatever the others gave. Collective.
    public func broadcast<Value: BitwiseCopyable>(_ values: [Value], root: Int = 0) throws(MPIError) -> [Value] {
        let count = Int(try broadcast(Int64(values.count), root: root))
        var result = rank == root ? values : [Value].ofRoom(for: count)
        try result.withUnsafeMutableBufferPointer { (values) throws(MPIError) in try broadcast(.init(values), root: root) }
        return result
    }

    /// `root`'s value on every rank. Collective.
    public func broadcast<Value: BitwiseCopyable>(_ value: Value, root: Int = 0) throws(MPIError) -> Value {
        var value = value
        try collective("MPI_Bcast") {
            MPI_Bcast(&value, Int32(MemoryLayout<Value>.size), cmpi_byte(), Int32(root), handle)
        }
        return value
    }

    /// The reduction of one integer over all ranks. Collective.
    public func allReduce(_ value: Int64, _ operation: ReduceOperation) throws(MPIError) -> Int64 {
        var value = value
        try collective("MPI_Allreduce") {
            MPI_Allreduce(cmpi_in_place(), &value, 1, cmpi_int64(), operation.handle, handle)
        }
        return value
    }

    /// The reduction of one double over all ranks; `.sum` depends on MPI's order, so never sum figures with it. Collective.
    public func allReduce(_ value: Double, _ operation: ReduceOperation) throws(MPIError) -> Double {
        var value = value
        try collective("MPI_Allreduce") {
            MPI_Allreduce(cmpi_in_place(), &value, 1, cmpi_double(), operation.handle, handle)
        }
        return value
    }

    /// Element-wise sums over all ranks in MPI's own order, in place. Collective.
    func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) throws(MPIError) {
        for piece in pieces(of: values.count * 4) {
            try collective("MPI_Allreduce") { () throws(MPIError) in
                MPI_Allreduce(
                    cmpi_in_place(), values.baseAddress! + piece.lowerBound / 4, try mpiCount(piece.count / 4, "MPI_Allreduce"),
                    cmpi_float(), cmpi_sum(), handle)
            }
        }
    }

    /// Sends floats to one rank while it sends as many here.
    func exchange(
        _ values: UnsafePointer<Float>, into received: UnsafeMutablePointer<Float>, count: Int, with partner: Int
    ) throws(MPIError) {
        let count = try mpiCount(count, "MPI_Sendrecv")
        try check(
            MPI_Sendrecv(
                values, count, cmpi_float(), Int32(partner), 0, received, count, cmpi_float(), Int32(partner), 0, handle,
                cmpi_status_ignore()),
            "MPI_Sendrecv")
    }

    /// Every rank's array, in rank order; lengths may differ. Collective.
    public func allGather<Value: BitwiseCopyable>(_ values: [Value]) throws(MPIError) -> [[Value]] {
        var lengths = [Int64](repeating: 0, count: size)
        var length = Int64(values.count)
        try collective("MPI_Allgather") { MPI_Allgather(&length, 1, cmpi_int64(), &lengths, 1, cmpi_int64(), handle) }
        let counts = lengths.map { Int($0) * MemoryLayout<Value>.stride }
        var all = lengths.map { [Value].ofRoom(for: Int($0)) }
        let offsets = counts.exclusiveSums()
        let total = offsets[size - 1] + counts[size - 1]
        guard total <= pieceBytes else {
            all[rank] = values
            for owner in 0..<size {
                try all[owner].withUnsafeMutableBufferPointer { (values) throws(MPIError) in
                    try broadcast(.init(values), root: owner)
                }
            }
            return all
        }
        var bytes = [UInt8](repeating: 0, count: max(total, 1))
        try collective("MPI_Allgatherv") { () throws(MPIError) in
            let (counts, offsets) = (try mpiCounts(counts, "MPI_Allgatherv"), try mpiCounts(offsets, "MPI_Allgatherv"))
            return values.withUnsafeBytes {
                MPI_Allgatherv($0.baseAddress, counts[rank], cmpi_byte(), &bytes, counts, offsets, cmpi_byte(), handle)
            }
        }
        bytes.withUnsafeBytes { bytes in
            for owner in 0..<size {
                all[owner].withUnsafeMutableBytes {
                    $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offsets[owner]..<offsets[owner] + counts[owner]]))
                }
            }
        }
        return all
    }
}

extension Array where Element: FixedWidthInteger {
    /// `[0, x0, x0 + x1, ...]`: where each part begins when parts of these sizes lie end to end.
    func exclusiveSums() -> [Element] {
        var sum: Element = 0
        return map { element in
            defer { sum += element }
            return sum
        }
    }
}

extension Array where Element: BitwiseCopyable {
    /// An array of any values, to be written over.
    static func ofRoom(for count: Int) -> [Element] {
        [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            memset(UnsafeMutableRawPointer(buffer.baseAddress!), 0, count * MemoryLayout<Element>.stride)
            initialized = count
        }
    }
}
