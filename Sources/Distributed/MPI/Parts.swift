internal import CMPI
internal import Foundation

/// Arrays that lie in parts on the ranks. Collective as well: every rank must call.
///
/// What has more bytes than ``Communicator/pieceBytes`` goes piece by piece, from one rank to another.
extension Communicator {
    /// Copies each rank's values to `ranges[rank]` of root's array.
    ///
    /// - Parameters:
    ///   - values: this rank's, `ranges[rank].count` of them.
    ///   - ranges: where each rank's values go, the same on all ranks.
    ///   - whole: the whole array on root; not touched elsewhere.
    public func gather<Value: BitwiseCopyable>(
        _ values: UnsafePointer<Value>, ranges: [Range<Int>], into whole: UnsafeMutablePointer<Value>?, root: Int = 0
    ) throws(MPIError) {
        let places = Places<Value>(ranges)
        let own = UnsafeMutableRawBufferPointer(
            start: UnsafeMutableRawPointer(mutating: values), count: places.counts[rank])
        let whole = UnsafeMutableRawPointer(whole)
        guard places.end > pieceBytes else {
            return try collective("MPI_Gatherv") { () throws(MPIError) in
                MPI_Gatherv(
                    own.baseAddress, try mpiCount(own.count, "MPI_Gatherv"), cmpi_byte(), whole,
                    try mpiCounts(places.counts, "MPI_Gatherv"), try mpiCounts(places.offsets, "MPI_Gatherv"), cmpi_byte(),
                    Int32(root), handle)
            }
        }
        try collective("MPI_Recv") { () throws(MPIError) in
            for owner in 0..<size {
                try move(own, into: whole.map { $0 + places.offsets[owner] }, places.counts[owner], from: owner, to: root)
            }
            return MPI_SUCCESS
        }
    }

    /// Copies `ranges[rank]` of root's array to each rank; ranges may overlap.
    ///
    /// - Parameters:
    ///   - whole: the whole array on root; not used elsewhere.
    ///   - ranges: which values each rank gets, the same on all ranks.
    ///   - values: room for this rank's.
    public func scatter<Value: BitwiseCopyable>(
        _ whole: UnsafePointer<Value>?, ranges: [Range<Int>], into values: UnsafeMutablePointer<Value>, root: Int = 0
    ) throws(MPIError) {
        let places = Places<Value>(ranges)
        try collective("MPI_Recv") { () throws(MPIError) in
            for owner in 0..<size {
                let part = UnsafeMutableRawBufferPointer(
                    start: whole.map { UnsafeMutableRawPointer(mutating: $0) + places.offsets[owner] },
                    count: places.counts[owner])
                try move(part, into: UnsafeMutableRawPointer(values), places.counts[owner], from: root, to: owner)
            }
            return MPI_SUCCESS
        }
    }

    /// Of rows that the ranks have some of each, all rows of some columns: ``ShardPlan/part(_:of:count:)`` of the columns is this rank's.
    ///
    /// - Parameters:
    ///   - rows: this rank's, `[rowCount, columnCount]`.
    ///   - columnCount: more than 0.
    /// - Returns: the rows of all ranks in their order, `[rowCount of all, own columns]`.
    public func columns<Value: BitwiseCopyable>(of rows: [Value], columnCount: Int) throws(MPIError) -> [Value] {
        let counts = try allGather([Int64(rows.count / columnCount)]).map { Int($0[0]) }
        let firsts = counts.exclusiveSums()
        let total = firsts[size - 1] + counts[size - 1]
        var result: [Value] = []
        for owner in 0..<size {
            let part = ShardPlan.part(owner, of: size, count: columnCount)
            var sent: [Value] = []
            sent.reserveCapacity(counts[rank] * part.count)
            for row in 0..<counts[rank] {
                sent += rows[row * columnCount + part.lowerBound..<row * columnCount + part.upperBound]
            }
            var whole = [Value].ofRoom(for: owner == rank ? total * part.count : 0)
            let ranges = zip(firsts, counts).map { $0 * part.count..<($0 + $1) * part.count }
            try gather(sent, ranges: ranges, into: &whole, root: owner)
            if owner == rank { result = whole }
        }
        return result
    }

    /// Copies one rank's bytes to root, or to all ranks; those that neither give nor get return at once.
    ///
    /// - Parameter buffer: the owner's bytes, or as much room where they go to; not touched elsewhere.
    public func hand(_ buffer: UnsafeMutableRawBufferPointer, from owner: Int, toAll: Bool) throws(MPIError) {
        if toAll { return try broadcast(buffer, root: owner) }
        try collective("MPI_Recv") { () throws(MPIError) in
            if owner != 0 { try move(buffer, into: buffer.baseAddress, buffer.count, from: owner, to: 0) }
            return MPI_SUCCESS
        }
    }

    /// Copies bytes from one rank to another, or to another place; nothing on the other ranks.
    private func move(
        _ source: UnsafeMutableRawBufferPointer, into target: UnsafeMutableRawPointer?, _ count: Int, from sender: Int,
        to receiver: Int
    ) throws(MPIError) {
        if rank == sender, rank == receiver {
            if let from = source.baseAddress, let target { memmove(target, from, count) }
            return
        }
        guard rank == sender || rank == receiver else { return }
        for piece in pieces(of: count) {
            let count = try mpiCount(piece.count, "MPI_Send")
            if rank == sender {
                try check(
                    MPI_Send(source.baseAddress! + piece.lowerBound, count, cmpi_byte(), Int32(receiver), 0, handle), "MPI_Send")
            } else {
                try check(
                    MPI_Recv(
                        target! + piece.lowerBound, count, cmpi_byte(), Int32(sender), 0, handle, cmpi_status_ignore()),
                    "MPI_Recv")
            }
            Heartbeat.beat()
        }
    }

    /// The pieces that so many bytes go in: of whole floats and doubles.
    func pieces(of byteCount: Int) -> [Range<Int>] {
        let most = max(8, pieceBytes / 8 * 8)
        return stride(from: 0, to: byteCount, by: most).map { $0..<min($0 + most, byteCount) }
    }
}

/// The bytes at which ranks' parts of an array lie.
private struct Places<Value> {
    let counts: [Int]
    let offsets: [Int]
    let end: Int

    init(_ ranges: [Range<Int>]) {
        let stride = MemoryLayout<Value>.stride
        counts = ranges.map { $0.count * stride }
        offsets = ranges.map { $0.lowerBound * stride }
        end = ranges.reduce(0) { max($0, $1.upperBound) } * stride
    }
}

/// Counts or displacements as MPI takes them. Throws where one has more than 32 bits.
func mpiCounts(_ numbers: [Int], _ call: StaticString) throws(MPIError) -> [Int32] {
    var counts: [Int32] = []
    counts.reserveCapacity(numbers.count)
    for number in numbers { counts.append(try mpiCount(number, call)) }
    return counts
}
