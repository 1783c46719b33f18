internal import CKernels
internal import CMPI
internal import Foundation
internal import Support

/// The reference to test and measure against: each rank adds its shards' gradients up, MPI_Allreduce sums them in an order of its
/// own, and every rank updates all parameters.
///
/// The result depends on the number of ranks in the last digits.
public final class PlainAllReduce: GradientReduction {
    public let parameters: UnsafeMutableBufferPointer<Float>
    public let nodes: [FoldTree.Node]
    public var gradients: [UnsafeMutablePointer<Float>] { sums.map(\.pointer) }
    public private(set) var times = ReductionTimes()
    public let ownedRanges: [Range<Int>]
    public var owned: Range<Int> { ownedRanges[world.rank] }

    private let world: World
    private let pool: WorkerPool
    private let memory: AlignedBuffer
    private let groups: GradientGroups
    private let factors: UnsafeMutableBufferPointer<Float>
    /// What this rank sums of the tree; behind the first sum, the flags.
    private let sums: [AlignedBuffer]
    private static let allFlags: [StepFlags] = [.notFinite, .stop, .failed, .save]

    /// Collective.
    public init(world: World, parameterCount: Int, groups: GradientGroups? = nil, shardCount: Int, pool: WorkerPool) {
        precondition(shardCount >= world.size, "every rank needs a shard")
        self.world = world
        self.pool = pool
        let whole = groups ?? GradientGroups([0..<parameterCount])
        self.groups = whole
        factors = .allocate(capacity: whole.ranges.count)
        factors.initialize(repeating: 1)
        let shards = ShardPlan.shards(ofRank: world.rank, worldSize: world.size, shardCount: shardCount)
        nodes = FoldTree(leafCount: shardCount).cover(shards)
        memory = AlignedBuffer(count: parameterCount)
        parameters = UnsafeMutableBufferPointer(start: memory.pointer, count: parameterCount)
        ownedRanges = (0..<world.size).map { _ in 0..<parameterCount }
        sums = nodes.map { _ in AlignedBuffer(count: parameterCount + Self.allFlags.count) }
    }

    deinit { factors.deallocate() }

    /// What such a reduction will take of each rank's memory.
    public static func memory(world: World, parameterCount: Int, shardCount: Int) -> ReductionMemory {
        let shards = ShardPlan.shards(ofRank: world.rank, worldSize: world.size, shardCount: shardCount)
        let sums = FoldTree(leafCount: shardCount).cover(shards).count
        return ReductionMemory(
            parameters: 4 * parameterCount, gradients: 4 * parameterCount * sums, exchange: 0, owned: parameterCount)
    }

    public func setParameters(_ write: (UnsafeMutablePointer<Float>) throws -> Void) throws {
        try world.onRoot { try write(memory.pointer) }
        try world.communicator.broadcast(UnsafeMutableRawBufferPointer(parameters))
    }

    public func step(
        flags: StepFlags, clipNorm: Double?, update: @escaping GradientUpdate
    ) throws(MPIError) -> (flags: StepFlags, norm: Double?) {
        let sum = sums[0].pointer
        for other in sums.dropFirst() { kernel_add(sum, sum, other.pointer, parameters.count) }
        let flagCounts = sum + parameters.count
        for (index, flag) in Self.allFlags.enumerated() { flagCounts[index] = flags.contains(flag) ? 1 : 0 }
        var watch = Stopwatch()
        try world.communicator.allReduceSum(
            UnsafeMutableBufferPointer(start: sum, count: parameters.count + Self.allFlags.count))
        times.wait += watch.lap()
        var all: StepFlags = []
        for (index, flag) in Self.allFlags.enumerated() where flagCounts[index] > 0 { all.insert(flag) }
        var norm: Double?
        if all.allowUpdate {
            if let clipNorm {
                groups.clearFrozen(sum, of: 0..<parameters.count)
                var whole = 0.0
                for (index, range) in groups.ranges.enumerated() {
                    let squares = kernel_sum_of_squares(sum + range.lowerBound, range.count)
                    factors[index] = clipFactor(norm: squares.squareRoot(), limit: clipNorm)
                    whole += squares
                }
                norm = whole.squareRoot()
            }
            pool.run { worker in
                func share(_ elements: Range<Int>, factor: Float) {
                    let part = ShardPlan.part(worker, of: pool.count, count: (elements.count + 15) / 16)
                    let own = (elements.lowerBound + part.lowerBound * 16..<elements.lowerBound + part.upperBound * 16)
                        .clamped(to: elements)
                    update(worker, own, sum + own.lowerBound, factor)
                }
                for (index, range) in groups.ranges.enumerated() { share(range, factor: factors[index]) }
                if groups.statistics < parameters.count { share(groups.statistics..<parameters.count, factor: 1) }
            }
        }
        times.work += watch.lap()
        return (all, norm)
    }
}
