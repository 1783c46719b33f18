import Distributed
import Foundation

/// Steps of gradient descent whose gradients are a function of shard, step and element, of widely differing sizes, so that the
/// order of every sum shows in the bits. Compares with sums written down once more, by recursion, and prints a digest of the
/// parameters that must be the same for every number of ranks.
///
/// Options: `frozen` (elements from 1,000 to 5,000 and from 8,000 on count for nothing in the norm), `grouped` (two groups, and statistics behind 12,288 elements), `piece` (bytes that one call of MPI is given at most), `parameters`, `shards`, `steps`, `threads`, `clip` (a norm), `kind` (ordered, allreduce), `wire` (fp32, bf16), `misorder`
/// (each rank hands its gradients in rotated: the same terms in another order).
func reduction(_ world: World, _ options: Options) throws {
    world.communicator.pieceBytes = options.integer("piece", 64 << 20)
    let count = options.integer("parameters", 10_000)
    let shardCount = options.integer("shards", 8)
    let pool = WorkerPool(count: options.integer("threads", 1))
    let clip = options["clip"].flatMap { Double($0) }
    let ordered = options["kind"] != "allreduce"
    let wire = WireFormat(rawValue: options["wire"] ?? "fp32")!
    let ranges = options["grouped"] == nil ? [0..<count] : [0..<4096, 4096..<12_288]
    let trained = ranges.last!.upperBound
    let frozen = options["frozen"] == nil ? [] : [1000..<5000, 8000..<count]
    let groups = GradientGroups(ranges, frozen: frozen)
    let reduction: any GradientReduction =
        ordered
        ? try OrderedReduction(
            world: world, parameterCount: count, groups: groups, shardCount: shardCount, pool: pool, wire: wire)
        : PlainAllReduce(world: world, parameterCount: count, groups: groups, shardCount: shardCount, pool: pool)
    /// Whether sums of an element are rounded.
    func isRounded(_ element: Int) -> Bool { wire == .bf16 && element < trained }
    if let shared = (reduction as? OrderedReduction)?.usesSharedMemory, world.size > 1 {
        try expect(
            shared == (options["shared"] != "no"), "shared memory was\(shared ? "" : " not") used")
    }

    let covered = Set(reduction.ownedRanges.flatMap { Array($0) })
    try expect(covered == Set(0..<count), "every parameter has an owner")
    let own = ShardPlan.shards(ofRank: world.rank, worldSize: world.size, shardCount: shardCount)
    try expect(reduction.nodes.flatMap { Array($0.leaves) } == Array(own), "the nodes' leaves are the rank's shards")
    /// Sums the shards of each node as the tree does.
    func sumShards(_ leaf: (_ shard: Int, _ element: Int) -> Float) {
        for (node, gradient) in zip(reduction.nodes, reduction.gradients) {
            for i in 0..<count {
                gradient[i] = treeSum(node.leaves.lowerBound, node.leaves.upperBound, rounded: isRounded(i)) { leaf($0, i) }
            }
        }
    }

    try reduction.setParameters { parameters in for i in 0..<count { parameters[i] = Float(i % 10) } }
    var expected = (0..<count).map { Float($0 % 10) }
    let parameters = reduction.parameters.baseAddress!
    for step in 0..<options.integer("steps", 3) {
        // A rank in the middle raises a flag in the second step only.
        let flags: StepFlags = step == 1 && world.rank == world.size / 2 ? .stop : []
        sumShards { shard, i in
            leaf(options["misorder"] == nil ? shard : own.lowerBound + (shard - own.lowerBound + 1) % own.count, step, i)
        }
        let result = try reduction.step(flags: flags, clipNorm: clip) { _, range, gradient, factor in
            for i in range where !frozen.contains(where: { $0.contains(i) }) {
                parameters[i] -= 0.01 * (factor * gradient[i - range.lowerBound])
            }
        }
        try expect(result.flags == (step == 1 ? .stop : []), "flags of step \(step): \(result.flags)")

        if ordered, options["misorder"] == nil {
            let sums = (0..<count).map { i in treeSum(0, shardCount, rounded: isRounded(i)) { leaf($0, step, i) } }
            func squares(_ range: Range<Int>) -> Double {
                range.reduce(0.0) { sum, i in frozen.contains { $0.contains(i) } ? sum : sum + Double(sums[i]) * Double(sums[i]) }
            }
            let exact = squares(0..<trained).squareRoot()
            if let norm = result.norm { try expect(abs(norm / exact - 1) < 1e-12, "norm \(norm), not \(exact)") }
            for range in ranges + [trained..<count] {
                var factor: Float = 1
                if let clip, range.lowerBound < trained || trained == 0 {
                    let norm = ranges.count == 1 ? result.norm! : squares(range).squareRoot()
                    factor = Float(min(1, clip / (norm + 1e-6)))
                }
                for i in range where !frozen.contains(where: { $0.contains(i) }) { expected[i] -= 0.01 * (factor * sums[i]) }
            }
            // Of groups the norm is measured here in another order, whose last digit may show in single precision.
            let allowed: Float = ranges.count > 1 && clip != nil ? 2e-7 : 0
            for i in 0..<count where abs(parameters[i] - expected[i]) > allowed * max(1, abs(expected[i])) {
                throw Wrong(description: "step \(step), element \(i): \(parameters[i]), not \(expected[i])")
            }
        }
        // Nobody may compute the next step's expectation against parameters that others already change.
        try world.communicator.barrier()
    }

    // A loss that is not finite on one rank leaves the parameters of all as they were.
    let before = Array(reduction.parameters)
    for gradient in reduction.gradients { gradient.update(repeating: .nan, count: count) }
    let result = try reduction.step(flags: world.rank == world.size - 1 ? .notFinite : [], clipNorm: clip) { _, _, _, _ in
        fatalError("an update was made of a gradient that is not finite")
    }
    try expect(result.flags == .notFinite && before == Array(reduction.parameters), "not finite")

    let digests = try world.communicator.allGather([digest(before)])
    try expect(Set(digests.flatMap { $0 }).count == 1, "ranks differ: \(digests)")
    if world.isRoot { print("parameters \(String(digest(before), radix: 16))") }
}

/// The gradient of a shard: signs and sizes differ, so that no two orders of summing agree everywhere.
private func leaf(_ shard: Int, _ step: Int, _ element: Int) -> Float {
    var x = UInt64(truncatingIfNeeded: element &* 0x9E37_79B9 ^ shard &* 0x85EB_CA6B ^ step &* 0xC2B2_AE35) &+ 1
    x ^= x << 13
    x ^= x >> 7
    x ^= x << 17
    let sign: Float = x & 1 == 0 ? 1 : -1
    return sign * Float(x >> 40) * Float(sign: .plus, exponent: -24 - Int(x >> 8 & 7), significand: 1)
}

/// The sum of `V` leaves over the tree of DESIGN section 3, written without any of the code under test: split at the largest
/// power of two below the number of leaves.
private func treeSum(_ first: Int, _ end: Int, rounded: Bool, _ leaf: (Int) -> Float) -> Float {
    /// To eight bits of significand, that is to multiples of 2^16 ulp.
    func round(_ value: Float) -> Float {
        if !rounded || value == 0 { return value }
        return (value / (value.ulp * 65536)).rounded(.toNearestOrEven) * (value.ulp * 65536)
    }
    if end - first == 1 { return round(leaf(first)) }
    var half = 1
    while half * 2 < end - first { half *= 2 }
    return round(
        treeSum(first, first + half, rounded: rounded, leaf) + treeSum(first + half, end, rounded: rounded, leaf))
}

/// FNV-1a of the bits.
private func digest(_ values: [Float]) -> UInt64 {
    values.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01b3 }
}
