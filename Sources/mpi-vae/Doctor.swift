internal import ArgumentParser
internal import Distributed
internal import Foundation
internal import Training

struct Doctor: RankedCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the libraries this program runs with and where its ranks are.")

    func run(world: World) throws -> Int32 {
        let hosts = try world.communicator.allGather(Array(world.host.utf8)).map { String(decoding: $0, as: UTF8.self) }
        guard world.isRoot else { return 0 }
        for line in Version.lines { print(line) }
        print("processors  \(ProcessInfo.processInfo.activeProcessorCount) on \(world.host)")
        print(
            "bf16 products  \(bf16Instructions().map { "yes, by \($0)" } ?? "no: --precision bf16 would be slower here, and is refused")"
        )
        print("shared memory  \(world.localSize) of \(world.size) ranks share memory with rank 0")
        for (rank, host) in hosts.enumerated() { print("rank \(rank)  \(host)") }
        return 0
    }
}
