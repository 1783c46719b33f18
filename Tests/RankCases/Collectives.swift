import Distributed

/// Every collective, with data that differ by rank.
func collectives(_ world: World, _ options: Options) throws {
    let communicator = world.communicator
    let (rank, size) = (world.rank, world.size)
    for root in 0..<size {
        try expect(try communicator.broadcast(Int64(rank * 7), root: root) == root * 7, "broadcast of a value")
        let bytes = try communicator.broadcast([UInt8](repeating: UInt8(rank), count: rank + 1), root: root)
        try expect(bytes == [UInt8](repeating: UInt8(root), count: root + 1), "broadcast of bytes")
    }
    try expect(try communicator.allReduce(Int64(rank + 1), .sum) == size * (size + 1) / 2, "sum")
    try expect(try communicator.allReduce(Int64(rank), .maximum) == size - 1, "maximum")
    try expect(try communicator.allReduce(Double(rank) + 0.5, .minimum) == 0.5, "minimum")
    try expect(try communicator.allReduce(Int64(1 << rank), .bitwiseOr) == (1 << size) - 1, "bitwise or")

    let all = try communicator.allGather((0..<rank).map { Double(rank * 100 + $0) })
    try expect(all == (0..<size).map { rank in (0..<rank).map { Double(rank * 100 + $0) } }, "allGather")

    // Parts of uneven sizes to places in falling order.
    let sizes = (0..<size).map { $0 % 3 + 1 }
    var end = sizes.reduce(0, +)
    let total = end
    let ranges = sizes.map { size in
        end -= size
        return end..<end + size
    }
    let mine = [Float](repeating: Float(rank) + 0.25, count: sizes[rank])
    var whole = [Float](repeating: -1, count: total)
    try communicator.gather(mine, ranges: ranges, into: &whole)
    if world.isRoot {
        for (rank, range) in ranges.enumerated() {
            try expect(whole[range].allSatisfy { $0 == Float(rank) + 0.25 }, "gather of rank \(rank)")
        }
    }
    let parts = (0..<size).map { $0 * 5 }
    var bytes = [UInt8](repeating: 255, count: parts.reduce(0, +))
    let source = [UInt8](repeating: UInt8(rank), count: parts[rank])
    try source.withUnsafeBytes { source in
        try bytes.withUnsafeMutableBytes { try communicator.gather(source, counts: parts, into: $0) }
    }
    if world.isRoot {
        try expect(bytes == (0..<size).flatMap { [UInt8](repeating: UInt8($0), count: $0 * 5) }, "gather of bytes")
    }
    try communicator.barrier()
    if world.isRoot { print("collectives of \(size) ranks: right") }
}

/// One rank throws on its own: the job must end at once with status 65, whatever the others wait for.
func rankDies(_ world: World, _ options: Options) throws {
    struct Trouble: ExitStatusError, CustomStringConvertible {
        let exitStatus: Int32 = 65
        let description = "trouble on purpose"
    }
    // Memory that is shared, and could be freed by all ranks together only, goes as this one unwinds.
    let pool = WorkerPool(count: 1)
    let reduction = try OrderedReduction(world: world, parameterCount: 1000, shardCount: world.size, pool: pool)
    try withExtendedLifetime(reduction) {
        if world.rank == options.integer("rank", 1) { throw Trouble() }
        try world.communicator.barrier()
    }
}

/// Some ranks fail before the work: all end together with the first one's status, and one line is printed.
func together(_ world: World, _ options: Options) throws {
    struct Trouble: ExitStatusError, CustomStringConvertible {
        let exitStatus: Int32 = 66
        let description = "nothing there, on purpose"
    }
    try world.together { if world.rank >= options.integer("from", 1) { throw Trouble() } }
    throw Wrong(description: "went on after a failure")
}
