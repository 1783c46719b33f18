import Distributed
import Support

/// Every collective, with data that differ by rank. Option: `piece` (bytes that one call of MPI is given at most).
func collectives(_ world: World, _ options: Options) throws {
    let communicator = world.communicator
    communicator.pieceBytes = options.integer("piece", communicator.pieceBytes)
    let (rank, size) = (world.rank, world.size)
    for root in 0..<size {
        try expect(try communicator.broadcast(Int64(rank * 7), root: root) == root * 7, "broadcast of a value")
        let bytes = try communicator.broadcast([UInt8](repeating: UInt8(rank), count: rank + 1), root: root)
        try expect(bytes == [UInt8](repeating: UInt8(root), count: root + 1), "broadcast of bytes")
        let numbers = try communicator.broadcast((0..<rank * 50).map { Double($0 + rank) }, root: root)
        try expect(numbers == (0..<root * 50).map { Double($0 + root) }, "broadcast of numbers")
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
    // Back again, and to each rank the same of it.
    var part = [Float](repeating: -1, count: sizes[rank])
    try communicator.scatter(whole, ranges: ranges, into: &part)
    try expect(part == mine, "scatter")
    var all3 = [Float](repeating: -1, count: total)
    try communicator.scatter(whole, ranges: sizes.map { _ in 0..<total }, into: &all3)
    try expect(
        ranges.enumerated().allSatisfy { rank, range in all3[range].allSatisfy { $0 == Float(rank) + 0.25 } }, "scatter of all")

    // To another rank than the first, of one byte each number.
    let root = size - 1
    var lines = [UInt8](repeating: 255, count: 5 * size)
    let line = [UInt8](repeating: UInt8(rank), count: 5)
    try communicator.gather(line, ranges: (0..<size).map { 5 * $0..<5 * $0 + 5 }, into: &lines, root: root)
    if rank == root { try expect(lines == (0..<5 * size).map { UInt8($0 / 5) }, "gather of bytes") }

    // Rows of uneven numbers, of which some ranks get no column.
    let rowCount = sizes.reduce(0, +)
    let firstRow = sizes[..<rank].reduce(0, +)
    let table = (firstRow..<firstRow + sizes[rank]).flatMap { row in (0..<3).map { Double(10 * row + $0) } }
    let mineOfThree = ShardPlan.part(rank, of: size, count: 3)
    try expect(
        try communicator.columns(of: table, columnCount: 3)
            == (0..<rowCount).flatMap { row in mineOfThree.map { Double(10 * row + $0) } }, "columns")

    for owner in 0..<size {
        for toAll in [false, true] {
            var values = [Double](repeating: rank == owner ? Double(owner) + 0.5 : -1, count: 3 * owner + 2)
            try values.withUnsafeMutableBytes { try communicator.hand($0, from: owner, toAll: toAll) }
            let gets = toAll || rank == owner || world.isRoot
            try expect(values.allSatisfy { $0 == (gets ? Double(owner) + 0.5 : -1) }, "hand from \(owner)")
        }
    }

    for count in [0, 1, 1000] {
        let array = try NodeArray<Double>(world, count: count)
        if world.isRoot { for i in 0..<count { array.pointer[i] = Double(i) } }
        try array.distribute(first: count / 2)
        try expect((0..<count / 2).allSatisfy { array.pointer[$0] == Double($0) }, "array of \(count)")
        if !world.isRoot, world.localSize == 1 {
            try expect((count / 2..<count).allSatisfy { array.pointer[$0] == 0 }, "the rest")
        }
        try communicator.barrier()
    }
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
