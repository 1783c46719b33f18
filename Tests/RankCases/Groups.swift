import Distributed
import Foundation

/// What a run of a sweep makes of ranks and memory, again and again: in the end as little is there as after some of them.
///
/// Options: `runs`, and `keep` to free nothing, which must fail.
func groups(_ world: World, _ options: Options) throws {
    let runs = options.integer("runs", 300)
    let pool = WorkerPool(count: 1)
    func run() throws {
        let reduction = try OrderedReduction(world: world, parameterCount: 10, shardCount: world.size, pool: pool)
        try reduction.setParameters { $0.update(repeating: 1, count: 10) }
        let array = try NodeArray<Float>(world, count: 10)
        try array.distribute(first: 10)
        try expect(reduction.parameters[9] == 1 && array.pointer[9] == 0, "what root wrote")
        try world.communicator.barrier()
    }
    func measured(_ count: Int) throws -> Int {
        for _ in 0..<count { if options["keep"] == nil { try world.freeingSharedMemory(run) } else { try run() } }
        return residentKiB()
    }
    let before = try measured(runs)
    let grown = try world.communicator.allReduce(Int64(try measured(runs) - before), .maximum)
    // What is kept takes some 40 KiB a run; the library's own pools grow by 1 or so while they warm up.
    try expect(grown < 4 * runs, "\(runs) runs leave \(grown) KiB behind")
    if world.isRoot { print("groups of \(world.size) ranks: freed") }
}

private func residentKiB() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 4 } ?? 0
}
