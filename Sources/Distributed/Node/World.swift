internal import CMPI
internal import Foundation
internal import Support

/// All ranks of the job, numbered so that the ranks of one node follow each other.
public final class World {
    public let communicator: Communicator
    /// The host's name.
    public let host: String
    let topology: NodeTopology
    /// Set once, at the end of `init`, since it needs the rest.
    private(set) var watchdog: Watchdog!
    private let heartbeats: NodeMemory

    public var rank: Int { communicator.rank }
    public var size: Int { communicator.size }
    public var isRoot: Bool { communicator.isRoot }
    /// The number of ranks that share this rank's memory.
    public var localSize: Int { topology.node.size }

    /// The sum of a number over the ranks that share this rank's memory. Collective. Throws ``MPIError``.
    public func sumOnNode(_ number: Int) throws(MPIError) -> Int { Int(try topology.node.allReduce(Int64(number), .sum)) }

    /// Collective. Throws ``MPIError``, or ``SharedFailure`` where a launcher meant to start more ranks than there are.
    init() throws {
        let all = try Communicator(cmpi_comm_world())
        host = ProcessInfo.processInfo.hostName
        if let hint = singletonHint(worldSize: all.size) {
            throw SharedFailure(exitStatus: ExitCode.unavailable.rawValue, message: hint)
        }
        let provisional = try NodeTopology.nodeGroup(of: all)
        // A node group is named by its first rank, so rank 0 stays rank 0 wherever the launcher put the others.
        let first = try provisional.broadcast(Int64(all.rank))
        communicator = try all.split(color: 0, key: Int(first) * all.size + provisional.rank)!
        topology = try NodeTopology(communicator, color: Int(first))
        heartbeats = try Self.heartbeatMemory(communicator, topology.node)
        let segments = heartbeats.segments
        // Alone where nothing can be shared, it sees itself.
        let isShared = segments.count == topology.node.size
        watchdog = Watchdog(
            world: self, lines: segments.map { HeartbeatLine($0) }, firstRank: isShared ? rank - topology.node.rank : rank)
    }

    /// Memory for the heartbeats of the ranks of a node; where it cannot be had, of each rank's own. Collective.
    private static func heartbeatMemory(_ all: Communicator, _ node: Communicator) throws -> NodeMemory {
        let byteCount = HeartbeatLine.byteCount
        return try NodeMemory.shared(all, node: node, byteCount: byteCount, nodeByteCount: 1 << 20)
            ?? NodeMemory(node: try all.split(color: all.rank, key: 0)!, byteCount: byteCount)
    }

    /// Waits for nobody any more: the end of the job. Collective.
    func end() {
        watchdog.forgetOthers()
        NodeMemory.freeAll()
        Communicator.freeAll()
        MPI_Finalize()
    }

    /// Runs `body` on every rank and throws one ``SharedFailure`` on all of them if it threw on any. Collective.
    ///
    /// For work before, between and after steps that may fail on some ranks only: no rank goes on alone, one speaks.
    public func together<Result>(_ body: () throws -> Result) throws -> Result {
        let outcome = Swift.Result { try body() }
        var failed = Int64(size)
        if case .failure = outcome { failed = Int64(rank) }
        let speaker = try communicator.allReduce(failed, .minimum)
        guard speaker < size else { return try outcome.get() }
        var status: Int32 = 0
        var message: String?
        if case .failure(let error) = outcome, speaker == rank {
            status = exitStatus(of: error)
            message = size == 1 || isRoot ? "\(error)" : "rank \(rank) of \(size) on \(host): \(error)"
            if let shared = error as? SharedFailure { message = shared.message }
        }
        throw SharedFailure(exitStatus: try communicator.broadcast(status, root: Int(speaker)), message: message)
    }

    /// Runs `body` and then frees what memory the ranks of a node shared in it, and what groups of ranks it made, whether it succeeded or
    /// threw on all ranks. Nothing of that may be in use any more. Collective.
    ///
    /// - Throws: what `body` throws; where that is no ``SharedFailure``, nothing is freed, since the other ranks may not come.
    public func freeingSharedMemory<Result>(_ body: () throws -> Result) throws -> Result {
        let (windows, groups) = (NodeMemory.sharedCount, Communicator.openCount)
        let result: Swift.Result<Result, SharedFailure>
        do {
            result = .success(try body())
        } catch let failure as SharedFailure {
            result = .failure(failure)
        }
        NodeMemory.freeAll(but: windows)
        Communicator.freeAll(but: groups)
        return try result.get()
    }

    /// Runs `body` on root only; if it throws, all ranks throw one ``SharedFailure``. Collective.
    public func onRoot(_ body: () throws -> Void) throws {
        try together { if isRoot { try body() } }
    }

    /// Root's text on every rank; if making it throws, all ranks throw one ``SharedFailure``. Collective.
    public func broadcastFromRoot(_ make: () throws -> String) throws -> String {
        var text = ""
        try onRoot { text = try make() }
        return String(decoding: try communicator.broadcast(Array(text.utf8)), as: UTF8.self)
    }

    /// Root's array on every rank, whatever the others have. Collective.
    package func fromRoot<Value: BitwiseCopyable>(_ values: [Value]) throws -> [Value] {
        try communicator.broadcast(values)
    }
}
