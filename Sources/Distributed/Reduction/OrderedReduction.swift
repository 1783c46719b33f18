internal import CKernels
internal import CMPI
internal import Foundation
internal import Support

/// The reduction whose result does not depend on the number of ranks: MPI moves bytes, the arithmetic is ours, in the order of
/// the ``FoldTree``.
///
/// The sums that the ranks of a node group made of their shards lie in memory that its ranks share. Each rank owns a slice of the flat parameters; it
/// sums its slice of all gradients in place, updates its slice of the parameters (the optimiser's state is sharded as in
/// ZeRO stage 1, Rajbhandari et al. 2020, section 5), and the others see the result where it lies.
///
/// Between node groups the slices are cut once more: the j-th ranks of all groups form a *column*, which owns the j-th part of
/// the parameters. Each sends its group's sums of that part to the column's other ranks (one value for each node of the tree that
/// the group can sum alone, so one copy of each slice travels where the groups are complete subtrees), sums what it received,
/// updates its own piece, and gathers the others'. That is the optimal 2 n (g - 1) / g floats for g groups, whatever g is.
///
/// With shared memory unavailable every rank is a group of its own, and the same code exchanges messages only.
public final class OrderedReduction: GradientReduction {
    public let parameters: UnsafeMutableBufferPointer<Float>
    public let ownedRanges: [Range<Int>]
    public let nodes: [FoldTree.Node]
    public let gradients: [UnsafeMutablePointer<Float>]
    public private(set) var times = ReductionTimes()
    public var owned: Range<Int> { ownedRanges[world.rank] }

    /// Whether the ranks of a node exchange through shared memory; false where it could not be had.
    public let usesSharedMemory: Bool

    private let world: World
    private let pool: WorkerPool
    private let layout: SliceLayout
    private let memory: NodeGroupMemory
    private let exchange: ColumnExchange?
    private let program: FoldProgram
    private let groups: GradientGroups
    /// What the gradients of each group are multiplied with in this step.
    private let factors: UnsafeMutableBufferPointer<Float>
    /// The program's sources, each as the address of element 0 of the flat parameters.
    private let sources: UnsafeMutablePointer<UnsafePointer<Float>?>
    /// Per worker: the fold program's blocks.
    private let blocks: [AlignedBuffer]
    /// The summed slice, kept only where the norm must be known before the update.
    private var folded: AlignedBuffer?
    /// That of the step under way.
    private var update: GradientUpdate?
    private lazy var measuring = work { reduction, _, range, sum in reduction.keep(sum, range) }
    private lazy var updatingClipped = BlockWork(owned, workers: pool.count) { [unowned self] worker, range in
        update!(worker, range, folded!.pointer + range.lowerBound - owned.lowerBound, factor(of: range))
    }
    private lazy var updating = work { reduction, worker, range, sum in reduction.update!(worker, range, sum, 1) }

    /// Collective. Throws ``MPIError``.
    ///
    /// - Parameters:
    ///   - parameterCount: the floats of the flat parameters.
    ///   - groups: of them; nil for one group of all.
    ///   - shardCount: V; at least the number of ranks.
    ///   - pool: the threads of this rank.
    ///   - wire: how gradients travel between nodes.
    public init(
        world: World, parameterCount: Int, groups: GradientGroups? = nil, shardCount: Int, pool: WorkerPool,
        wire: WireFormat = .fp32
    ) throws {
        precondition(shardCount >= world.size, "every rank needs a shard")
        self.world = world
        self.pool = pool
        let whole = groups ?? GradientGroups([0..<parameterCount])
        self.groups = whole
        factors = .allocate(capacity: whole.ranges.count)
        factors.initialize(repeating: 1)
        let tree = FoldTree(leafCount: shardCount)
        let (shards, kept) = Self.keptNodes(tree, worldSize: world.size)
        nodes = kept[world.rank]

        let (memory, shared) = try NodeGroupMemory.make(
            world: world, parameterCount: parameterCount, keptCounts: kept.map(\.count))
        self.memory = memory
        usesSharedMemory = shared
        let topology = memory.topology
        layout = SliceLayout(parameterCount: parameterCount, groups: topology.ranks)
        ownedRanges = layout.owned
        parameters = UnsafeMutableBufferPointer(start: memory.parameters, count: parameterCount)

        gradients = nodes.indices.map { memory.gradient(ofLocalRank: topology.node.rank, $0) }
        // What this rank sums in the end: the gradients of its group, and what the other groups summed of theirs.
        let group = topology.ranks[topology.nodeIndex]
        let local = group.flatMap { rank in
            kept[rank].indices.map { memory.gradient(ofLocalRank: rank - group.lowerBound, $0) }
        }
        let localNodes = group.flatMap { kept[$0] }
        if topology.ranks.count > 1 {
            let exchange = try ColumnExchange(
                world: world, topology: topology, layout: layout, tree: tree, shards: shards,
                localNodes: localNodes, localSources: local, wire: wire, exactFrom: whole.statistics)
            self.exchange = exchange
            var nodes: [FoldTree.Node] = []
            var addresses: [UnsafePointer<Float>?] = []
            for (index, received) in exchange.nodes.enumerated() {
                if index == topology.nodeIndex {
                    nodes += localNodes
                    addresses += local.map { UnsafePointer($0) }
                } else {
                    nodes += received
                    addresses += exchange.received(fromGroup: index)
                }
            }
            program = FoldProgram(tree: tree, root: tree.root, sources: nodes, wire: wire, exactFrom: whole.statistics)
            sources = .allocate(capacity: nodes.count)
            sources.initialize(from: addresses, count: nodes.count)
        } else {
            exchange = nil
            program = FoldProgram(tree: tree, root: tree.root, sources: localNodes, wire: wire, exactFrom: whole.statistics)
            sources = .allocate(capacity: local.count)
            sources.initialize(from: local.map { UnsafePointer($0) }, count: local.count)
        }
        let scratchCount = max(program.scratchCount, exchange?.scratchCount ?? 0, 1)
        blocks = (0..<pool.count).map { _ in AlignedBuffer(count: scratchCount * FoldProgram.blockSize) }
    }

    /// The shards of each rank, and the nodes of the tree whose gradients it keeps.
    private static func keptNodes(_ tree: FoldTree, worldSize: Int) -> (shards: [Range<Int>], kept: [[FoldTree.Node]]) {
        let shards = (0..<worldSize).map {
            ShardPlan.shards(ofRank: $0, worldSize: worldSize, shardCount: tree.root.leaves.count)
        }
        return (shards, shards.map { tree.cover($0) })
    }

    /// What such a reduction will take of this rank's memory; of what a node shares each byte counts for the rank that brings it.
    public static func memory(world: World, parameterCount: Int, shardCount: Int) -> ReductionMemory {
        let tree = FoldTree(leafCount: shardCount)
        let (shards, kept) = keptNodes(tree, worldSize: world.size)
        let topology = world.topology
        let layout = SliceLayout(parameterCount: parameterCount, groups: topology.ranks)
        let own = kept[world.rank]
        let node = topology.node
        var exchanged = 0
        if topology.ranks.count > 1, node.rank < layout.columnCount {
            let nodes = ColumnExchange.nodes(topology, tree: tree, shards: shards)
            let (pieces, mine) = (layout.pieces[node.rank], topology.nodeIndex)
            for group in pieces.indices where group != mine {
                exchanged += nodes[mine].count * pieces[group].count + nodes[group].count * pieces[mine].count
            }
        }
        return ReductionMemory(
            parameters: node.isRoot ? 4 * parameterCount : 0,
            gradients: 4 * parameterCount * own.count,
            exchange: 4 * exchanged, owned: layout.owned[world.rank].count)
    }

    deinit {
        sources.deallocate()
        factors.deallocate()
    }

    public func setParameters(_ write: (UnsafeMutablePointer<Float>) throws -> Void) throws {
        try world.onRoot { try write(memory.parameters) }
        try memory.topology.leaders?.broadcast(UnsafeMutableRawBufferPointer(parameters))
        try world.communicator.barrier()
    }

    public func step(
        flags: StepFlags, clipNorm: Double?, update: @escaping GradientUpdate
    ) throws(MPIError) -> (flags: StepFlags, norm: Double?) {
        memory.raise(flags)
        waitForGroup()
        let allFlags = try exchangeWithGroups(flags: memory.raisedFlags)

        var norm: Double?
        if allFlags.allowUpdate {
            self.update = update
            if let clipNorm { norm = try foldAndMeasure(limit: clipNorm) }
            timed(\.work) { pool.run(clipNorm == nil ? updating : updatingClipped) }
            self.update = nil
        }
        try gather()
        return (memory.globalFlags, norm)
    }

    /// Sums the owned slice into ``folded``, sets ``factors``, and gives the norm of the whole gradient. Collective.
    private func foldAndMeasure(limit: Double) throws(MPIError) -> Double {
        if folded == nil { folded = AlignedBuffer(count: max(owned.count, 1)) }
        timed(\.work) { pool.run(measuring) }
        try timed(\.wait) { () throws(MPIError) in
            try exchange?.gatherNorms(memory.blockNorms)
            memory.meet()
        }
        // Block by block in their order, whoever measured them.
        var whole = 0.0
        for index in groups.ranges.indices {
            let squares = groups.blocks(ofGroup: index).reduce(0) { $0 + memory.blockNorms[$1] }
            factors[index] = clipFactor(norm: squares.squareRoot(), limit: limit)
            whole += squares
        }
        return whole.squareRoot()
    }

    /// Brings the other groups' sums of the owned slice here, and every rank's flags. Collective.
    private func exchangeWithGroups(flags: StepFlags) throws(MPIError) -> StepFlags {
        guard let exchange else {
            memory.globalFlags = flags
            return flags
        }
        timed(\.work) {
            exchange.foldForOthers(pool: pool, blocks: blocks)
        }
        return try timed(\.wait) { () throws(MPIError) in
            try Heartbeat.waiting { () throws(MPIError) in
                if let all = try exchange.exchange(flags: flags) { memory.globalFlags = all }
                // Ranks outside the columns own nothing, but must take the same way as the others.
                if memory.topology.node.size > layout.columnCount { memory.meet() }
                return memory.globalFlags
            }
        }
    }

    /// Makes every rank's update visible to all. Collective.
    private func gather() throws(MPIError) {
        try timed(\.wait) { () throws(MPIError) in
            if let exchange {
                try Heartbeat.waiting { () throws(MPIError) in try exchange.gatherParameters(parameters) }
            }
            memory.meet()
        }
    }

    private func waitForGroup() {
        timed(\.wait) { memory.meet() }
    }

    /// Work on each block of the owned slice and its sum over the tree, which stays as it is until the next block.
    private func work(
        _ body: @escaping (_ reduction: OrderedReduction, _ worker: Int, _ range: Range<Int>, _ sum: UnsafePointer<Float>) -> Void
    ) -> BlockWork {
        BlockWork(owned, workers: pool.count) { [unowned self] worker, range in
            body(self, worker, range, program.run(sources, range: range, scratch: blocks[worker].pointer))
        }
    }

    /// Keeps a block's sum, and the square of its norm.
    private func keep(_ sum: UnsafePointer<Float>, _ range: Range<Int>) {
        let kept = folded!.pointer + range.lowerBound - owned.lowerBound
        kept.update(from: sum, count: range.count)
        groups.clearFrozen(kept, of: range)
        memory.blockNorms[range.lowerBound / FoldProgram.blockSize] = kernel_sum_of_squares(kept, range.count)
    }

    /// What the gradient of a block is multiplied with.
    private func factor(of range: Range<Int>) -> Float { groups.index(of: range.lowerBound).map { factors[$0] } ?? 1 }

    private func timed<Result>(
        _ part: WritableKeyPath<ReductionTimes, Double>, _ body: () throws(MPIError) -> Result
    ) throws(MPIError) -> Result {
        let watch = Stopwatch()
        defer { times[keyPath: part] += watch.elapsed }
        return try body()
    }

    private func timed(_ part: WritableKeyPath<ReductionTimes, Double>, _ body: () -> Void) {
        let watch = Stopwatch()
        body()
        times[keyPath: part] += watch.elapsed
    }
}

/// What is done with each block of the owned slice; the blocks are dealt out to the workers.
private final class BlockWork: PoolWork {
    private let owned: Range<Int>
    private let workers: Int
    private let body: (_ worker: Int, _ range: Range<Int>) -> Void

    init(_ owned: Range<Int>, workers: Int, _ body: @escaping (_ worker: Int, _ range: Range<Int>) -> Void) {
        (self.owned, self.workers, self.body) = (owned, workers, body)
    }

    func work(_ worker: Int) {
        let size = FoldProgram.blockSize
        for block in ShardPlan.part(worker, of: workers, count: (owned.count + size - 1) / size) {
            let first = owned.lowerBound + block * size
            body(worker, first..<min(first + size, owned.upperBound))
        }
    }
}
