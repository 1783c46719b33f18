internal import CKernels
internal import Distributed
internal import Support

/// Compares the parameters of all ranks, which are the same bits as long as no memory, network or program is broken.
struct ReplicaCheck {
    private let world: World
    /// A test's rank and step at which a bit of its parameters flips.
    private let flip: (rank: Int, step: Int)?

    init(_ world: World) {
        self.world = world
        let numbers = TestVariable.flipBit.numbers
        flip = numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }

    /// Collective. Throws ``SharedFailure`` (70) that names the ranks that differ from most others.
    func run(_ parameters: UnsafeMutableBufferPointer<Float>, step: Int) throws {
        if let flip, flip.rank == world.rank, flip.step <= step {
            parameters[parameters.count / 2] = Float(bitPattern: parameters[parameters.count / 2].bitPattern ^ 1)
        }
        let digest = kernel_xxh64(parameters.baseAddress, parameters.count * MemoryLayout<Float>.stride, 0)
        let digests = try world.communicator.allGather([digest]).map { $0[0] }
        let counts = Dictionary(digests.map { ($0, 1) }, uniquingKeysWith: +)
        guard counts.count > 1 else { return }
        let most = counts.values.max()!
        let usual = digests.first { counts[$0] == most }!
        let others = digests.indices.filter { digests[$0] != usual }
        let hosts = try world.communicator.allGather(Array(world.host.utf8)).map { String(decoding: $0, as: UTF8.self) }
        throw SharedFailure(
            exitStatus: ExitCode.internal.rawValue,
            message: world.isRoot
                ? "after step \(step) the parameters of \(others.prefix(8).map { "rank \($0) on \(hosts[$0])" }.joined(separator: ", ")) "
                    + "differ from those of most ranks: memory or network is at fault, or mpi-vae; nothing of it was saved: "
                    + "run again, without that host" : nil)
    }
}
