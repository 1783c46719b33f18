internal import CMPI

/// Collective calls: every rank of the communicator must make them, in the same order.
extension Communicator {
    /// Makes one call, in which this rank waits for the others.
    private func collective(_ name: StaticString, _ call: () -> Int32) throws(MPIError) {
        func make() throws(MPIError) { try check(call(), name) }
        if joinsNode { try Heartbeat.waiting(make) } else { try make() }
    }

    /// Waits until every rank has come here. Collective.
    public func barrier() throws(MPIError) {
        try collective("MPI_Barrier") { MPI_Barrier(handle) }
    }

    /// Copies `root`'s bytes to every rank. Collective.
    public func broadcast(_ buffer: UnsafeMutableRawBufferPointer, root: Int = 0) throws(MPIError) {
        // MPI counts are 32 bits wide.
        var offset = 0
        while offset < buffer.count {
            let count = min(buffer.count - offset, 1 << 30)
            try collective("MPI_Bcast") {
                MPI_Bcast(buffer.baseAddress! + offset, Int32(count), cmpi_byte(), Int32(root), handle)
            }
            offset += count
        }
    }

    /// `root`'s bytes on every rank, whatever the others gave. Collective.
    public func broadcast(_ bytes: [UInt8], root: Int = 0) throws -> [UInt8] {
        let count = try broadcast(Int64(bytes.count), root: root)
        var result = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
        try result.withUnsafeMutableBytes { try broadcast($0, root: root) }
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
        try collective("MPI_Allreduce") {
            MPI_Allreduce(cmpi_in_place(), values.baseAddress!, Int32(values.count), cmpi_float(), cmpi_sum(), handle)
        }
    }

    /// Sends floats to one rank while it sends as many here.
    func exchange(
        _ values: UnsafePointer<Float>, into received: UnsafeMutablePointer<Float>, count: Int, with partner: Int
    ) throws(MPIError) {
        try check(
            MPI_Sendrecv(
                values, Int32(count), cmpi_float(), Int32(partner), 0, received, Int32(count), cmpi_float(),
                Int32(partner), 0, handle, cmpi_status_ignore()),
            "MPI_Sendrecv")
    }

    /// Every rank's array, in rank order; lengths may differ. Collective.
    public func allGather<Value: BitwiseCopyable>(_ values: [Value]) throws(MPIError) -> [[Value]] {
        let stride = MemoryLayout<Value>.stride
        var counts = [Int32](repeating: 0, count: size)
        var count = Int32(values.count * stride)
        try collective("MPI_Allgather") { MPI_Allgather(&count, 4, cmpi_byte(), &counts, 4, cmpi_byte(), handle) }
        let offsets = counts.exclusiveSums()
        let total = Int(offsets[size - 1] + counts[size - 1])
        var bytes = [UInt8](repeating: 0, count: max(total, 1))
        try collective("MPI_Allgatherv") {
            values.withUnsafeBytes {
                MPI_Allgatherv($0.baseAddress, count, cmpi_byte(), &bytes, counts, offsets, cmpi_byte(), handle)
            }
        }
        return bytes.withUnsafeBytes { all in
            (0..<size).map { rank in
                let part = all[Int(offsets[rank])..<Int(offsets[rank] + counts[rank])]
                return (0..<part.count / stride).map {
                    UnsafeRawBufferPointer(rebasing: part).loadUnaligned(fromByteOffset: $0 * stride, as: Value.self)
                }
            }
        }
    }

    /// Copies each rank's floats to `ranges[rank]` of root's buffer. Collective.
    ///
    /// - Parameters:
    ///   - values: this rank's floats, `ranges[rank].count` of them.
    ///   - ranges: where each rank's floats go, the same on all ranks.
    ///   - whole: the whole array on root; not touched elsewhere.
    public func gather(
        _ values: UnsafePointer<Float>, ranges: [Range<Int>], into whole: UnsafeMutablePointer<Float>?
    ) throws(MPIError) {
        let counts = ranges.map { Int32($0.count) }
        let offsets = ranges.map { Int32($0.lowerBound) }
        try collective("MPI_Gatherv") {
            MPI_Gatherv(values, counts[rank], cmpi_float(), whole, counts, offsets, cmpi_float(), 0, handle)
        }
    }

    /// Copies each rank's bytes to root, one after the other in rank order. Collective.
    ///
    /// - Parameter counts: every rank's number of bytes, the same array on all ranks.
    public func gather(
        _ bytes: UnsafeRawBufferPointer, counts: [Int], into whole: UnsafeMutableRawBufferPointer?
    ) throws(MPIError) {
        let counts = counts.map(Int32.init)
        precondition(bytes.count == counts[rank], "every rank's count must be in counts")
        try collective("MPI_Gatherv") {
            MPI_Gatherv(
                bytes.baseAddress, counts[rank], cmpi_byte(), whole?.baseAddress, counts, counts.exclusiveSums(),
                cmpi_byte(), 0, handle)
        }
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
