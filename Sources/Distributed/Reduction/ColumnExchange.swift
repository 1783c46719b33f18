internal import CKernels
internal import CMPI
internal import Support

/// The exchange of slices between node groups, along the column of this rank.
final class ColumnExchange: PoolWork {
    /// For each group, the nodes of the tree that it sums alone and sends.
    let nodes: [[FoldTree.Node]]
    /// The scratch blocks that the sums for others need.
    let scratchCount: Int

    /// The ranks of this rank's column, by group; nil for ranks in no column.
    private let column: Communicator?
    private let groupIndex: Int
    /// The pieces of this column, by group.
    private let pieces: [Range<Int>]
    private let sums: [FoldProgram]
    private let sources: UnsafeMutablePointer<UnsafePointer<Float>?>
    /// The first element of the statistics, which travel in fp32.
    private let exactFrom: Int
    private let outgoing: AlignedBuffer
    private let incoming: AlignedBuffer
    /// What travels in bfloat16, two numbers in the place of one float.
    private let rounded: (outgoing: AlignedBuffer, incoming: AlignedBuffer)?
    /// Where each group's values begin in ``outgoing`` and ``incoming``.
    private let sendPlaces: [Int]
    private let receivePlaces: [Int]
    /// Of the fold under way.
    private var workers = 1
    private var scratch: [AlignedBuffer] = []
    private var sendCounts: [Int32]
    private var sendOffsets: [Int32]
    private var receiveCounts: [Int32]
    private var receiveOffsets: [Int32]
    private var pieceCounts: [Int32]
    private var pieceOffsets: [Int32]
    private var normCounts: [Int32]
    private var normOffsets: [Int32]

    /// Collective.
    init(
        world: World, topology: NodeTopology, layout: SliceLayout, tree: FoldTree, shards: [Range<Int>],
        localNodes: [FoldTree.Node], localSources: [UnsafeMutablePointer<Float>], wire: WireFormat, exactFrom: Int
    ) throws(MPIError) {
        let nodes = Self.nodes(topology, tree: tree, shards: shards)
        self.nodes = nodes
        let isMember = topology.node.rank < layout.columnCount
        column = try world.communicator.split(color: isMember ? topology.node.rank : nil, key: topology.nodeIndex)
        column?.joinsNode = false
        let mine = topology.nodeIndex
        groupIndex = mine
        let pieces = isMember ? layout.pieces[topology.node.rank] : topology.ranks.map { _ in 0..<0 }
        self.pieces = pieces

        // One program for each node of the tree that this group sends; its sources are some of the group's gradients.
        sums = nodes[mine].map { node in
            FoldProgram(
                tree: tree, root: node, sources: localNodes.filter { node.leaves.contains($0.leaves.lowerBound) }, wire: wire,
                exactFrom: exactFrom)
        }
        scratchCount = sums.map(\.scratchCount).max() ?? 0
        sources = .allocate(capacity: max(localSources.count, 1))
        sources.initialize(from: localSources.map { UnsafePointer($0) }, count: localSources.count)

        let sentNodes = nodes[mine].count
        let send = pieces.indices.map { $0 == mine ? 0 : sentNodes * pieces[$0].count }
        let receive = nodes.indices.map { $0 == mine ? 0 : nodes[$0].count * pieces[mine].count }
        outgoing = AlignedBuffer(count: send.reduce(0, +))
        incoming = AlignedBuffer(count: receive.reduce(0, +))
        self.exactFrom = exactFrom
        self.sendPlaces = send.exclusiveSums()
        self.receivePlaces = receive.exclusiveSums()
        var (sent, received) = (send, receive)
        if wire == .bf16 {
            // In units of 16 bits.
            for group in pieces.indices where group != mine {
                sent[group] = sentNodes * Self.halves(pieces[group], exactFrom)
                received[group] = nodes[group].count * Self.halves(pieces[mine], exactFrom)
            }
            let (outgoing, incoming) = (sent.reduce(0, +), received.reduce(0, +))
            rounded = (AlignedBuffer(count: (outgoing + 1) / 2), AlignedBuffer(count: (incoming + 1) / 2))
        } else {
            rounded = nil
        }
        sendCounts = try mpiCounts(sent, "MPI_Alltoallv")
        sendOffsets = try mpiCounts(sent.exclusiveSums(), "MPI_Alltoallv")
        receiveCounts = try mpiCounts(received, "MPI_Alltoallv")
        receiveOffsets = try mpiCounts(received.exclusiveSums(), "MPI_Alltoallv")
        pieceCounts = try mpiCounts(pieces.map(\.count), "MPI_Allgatherv")
        pieceOffsets = try mpiCounts(pieces.map(\.lowerBound), "MPI_Allgatherv")
        let blocks = pieces.map { ($0.lowerBound + blockSize - 1) / blockSize..<($0.upperBound + blockSize - 1) / blockSize }
        normCounts = blocks.map { Int32($0.count) }
        normOffsets = blocks.map { Int32($0.lowerBound) }
    }

    /// For each group, the nodes of the tree that it sums alone and sends.
    static func nodes(_ topology: NodeTopology, tree: FoldTree, shards: [Range<Int>]) -> [[FoldTree.Node]] {
        topology.ranks.map { group in
            tree.cover(shards[group.lowerBound].lowerBound..<shards[group.upperBound - 1].upperBound)
        }
    }

    deinit { sources.deallocate() }

    /// For each node of the tree that a group sends, where element 0 of the flat parameters would lie in what arrives.
    func received(fromGroup group: Int) -> [UnsafePointer<Float>?] {
        let piece = pieces[groupIndex]
        return nodes[group].indices.map { index in
            UnsafePointer(incoming.pointer + receivePlaces[group] + index * piece.count - piece.lowerBound)
        }
    }

    /// Sums the group's gradients of the pieces that other groups own.
    func foldForOthers(pool: WorkerPool, blocks: [AlignedBuffer]) {
        (workers, scratch) = (pool.count, blocks)
        pool.run(self)
    }

    func work(_ worker: Int) {
        for group in pieces.indices where group != groupIndex {
            let piece = pieces[group]
            let count = (piece.count + blockSize - 1) / blockSize
            for block in ShardPlan.part(worker, of: workers, count: count) {
                let first = piece.lowerBound + block * blockSize
                let range = first..<min(first + blockSize, piece.upperBound)
                var source = 0
                for (index, sum) in sums.enumerated() {
                    let values = sum.run(sources + source, range: range, scratch: scratch[worker].pointer)
                    (outgoing.pointer + sendPlaces[group] + index * piece.count + first - piece.lowerBound)
                        .update(from: values, count: range.count)
                    source += sum.sourceCount
                }
            }
        }
    }

    /// Sends the sums for others and receives theirs; gives all ranks' flags, nil outside the columns. Collective.
    func exchange(flags: StepFlags) throws(MPIError) -> StepFlags? {
        guard let column else { return nil }
        let type = rounded == nil ? cmpi_float() : cmpi_uint16()
        if rounded != nil { pack() }
        try check(
            MPI_Alltoallv(
                (rounded?.outgoing ?? outgoing).pointer, &sendCounts, &sendOffsets, type,
                (rounded?.incoming ?? incoming).pointer, &receiveCounts, &receiveOffsets, type, column.handle),
            "MPI_Alltoallv")
        if rounded != nil { unpack() }
        return StepFlags(rawValue: UInt32(try column.allReduce(Int64(flags.rawValue), .bitwiseOr)))
    }

    /// The units of 16 bits that a piece travels in: one for each rounded number, and two for each of the statistics.
    private static func halves(_ piece: Range<Int>, _ exactFrom: Int) -> Int {
        piece.count + piece.clamped(to: exactFrom..<Int.max).count
    }

    /// ``outgoing`` in the form in which it travels.
    private func pack() {
        var to = UnsafeMutableRawPointer(rounded!.outgoing.pointer)
        var from = outgoing.pointer
        for group in pieces.indices where group != groupIndex {
            let piece = pieces[group]
            let (all, few) = (piece.count, 2 * piece.count - Self.halves(piece, exactFrom))
            for _ in nodes[groupIndex] {
                kernel_to_bf16(to.assumingMemoryBound(to: UInt16.self), from, few)
                (to + 2 * few).copyMemory(from: from + few, byteCount: 4 * (all - few))
                to += 2 * few + 4 * (all - few)
                from += all
            }
        }
    }

    /// ``incoming`` of what has arrived.
    private func unpack() {
        var from = UnsafeRawPointer(rounded!.incoming.pointer)
        var to = incoming.pointer
        let piece = pieces[groupIndex]
        let (all, few) = (piece.count, 2 * piece.count - Self.halves(piece, exactFrom))
        for group in pieces.indices where group != groupIndex {
            for _ in nodes[group] {
                kernel_from_bf16(to, from.assumingMemoryBound(to: UInt16.self), few)
                UnsafeMutableRawPointer(to + few).copyMemory(from: from + 2 * few, byteCount: 4 * (all - few))
                from += 2 * few + 4 * (all - few)
                to += all
            }
        }
    }

    /// Completes the norms of the column's blocks. Collective.
    func gatherNorms(_ norms: UnsafeMutableBufferPointer<Double>) throws(MPIError) {
        guard let column else { return }
        try check(
            MPI_Allgatherv(
                cmpi_in_place(), 0, cmpi_double(), norms.baseAddress!, &normCounts, &normOffsets, cmpi_double(),
                column.handle),
            "MPI_Allgatherv")
    }

    /// Completes the column's part of the parameters. Collective.
    func gatherParameters(_ parameters: UnsafeMutableBufferPointer<Float>) throws(MPIError) {
        guard let column else { return }
        try check(
            MPI_Allgatherv(
                cmpi_in_place(), 0, cmpi_float(), parameters.baseAddress!, &pieceCounts, &pieceOffsets, cmpi_float(),
                column.handle),
            "MPI_Allgatherv")
    }
}

private let blockSize = FoldProgram.blockSize
