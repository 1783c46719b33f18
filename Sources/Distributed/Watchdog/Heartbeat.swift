internal import CMPI
internal import Foundation

/// What this process is doing, told to the ``Watchdog`` of every rank of its node.
///
/// A process is one rank, so there is one heartbeat. Whatever takes long must beat, or it looks as if the rank hung.
public enum Heartbeat {
    /// Until there is memory to share, a line that nobody reads.
    private nonisolated(unsafe) static var line = HeartbeatLine.alone()

    static func write(to line: HeartbeatLine) {
        line.copy(Self.line)
        Self.line = line
    }

    /// A part of the work begins, the same on all ranks.
    ///
    /// - Parameters:
    ///   - phase: as it is named where this rank is late, for example "training".
    ///   - step: the step it begins in; 0 where there are none.
    public static func begin(_ phase: StaticString, step: Int = 0) {
        line.set(phase, step: step)
        line.beat()
    }

    /// The work goes on. Any thread may call this.
    public static func beat() { line.beat() }

    /// This rank has come to where it waits for the other ranks of its node: all of them count the same places.
    static func arrive() { line.arrive() }

    /// Runs what waits for other ranks, perhaps of other nodes. Those that are through before this one count more places, but it is not
    /// late.
    static func waiting<Result>(_ body: () throws(MPIError) -> Result) throws(MPIError) -> Result {
        line.arrive()
        line.isWaiting = true
        defer { line.isWaiting = false }
        return try body()
    }
}

/// A cache line of memory that the ranks of a node may share: what a rank has done, and the name of the phase.
struct HeartbeatLine: @unchecked Sendable {
    static let byteCount = 64
    private let words: UnsafeMutablePointer<UInt32>
    private static let nameOffset = 24

    /// Over zeroed memory.
    init(_ memory: UnsafeMutableRawPointer) { words = memory.assumingMemoryBound(to: UInt32.self) }

    /// Memory of this process alone, never freed: threads may write to it until the end.
    static func alone() -> HeartbeatLine {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        return HeartbeatLine(memory)
    }

    /// Changes with every sign of life.
    var beats: UInt32 { cmpi_load(words) }
    /// The places passed where ranks wait for each other.
    var places: UInt32 { cmpi_load(words + 1) }
    var step: Int { Int(cmpi_load(words + 2)) }
    /// Whether the rank is where it waits for others, which may be of other nodes.
    var isWaiting: Bool {
        get { cmpi_load(words + 4) != 0 }
        nonmutating set { cmpi_store(words + 4, newValue ? 1 : 0) }
    }
    /// Counted by the rank's watchdog, and so stopped only with the whole process.
    var ticks: UInt32 { cmpi_load(words + 5) }
    var phase: String {
        let bytes = UnsafeRawBufferPointer(start: words, count: Self.byteCount).dropFirst(Self.nameOffset)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    func beat() { _ = cmpi_fetch_add(words, 1) }
    func tick() { _ = cmpi_fetch_add(words + 5, 1) }

    func arrive() {
        _ = cmpi_fetch_add(words + 1, 1)
        beat()
    }

    func set(_ phase: StaticString, step: Int) {
        cmpi_store(words + 2, UInt32(truncatingIfNeeded: step))
        // Read by others while it is written at worst: a name in a message.
        let name = UnsafeMutableRawPointer(words) + Self.nameOffset
        let count = min(phase.utf8CodeUnitCount, Self.byteCount - Self.nameOffset - 1)
        name.copyMemory(from: phase.utf8Start, byteCount: count)
        name.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
    }

    func copy(_ other: HeartbeatLine) {
        UnsafeMutableRawPointer(words).copyMemory(from: other.words, byteCount: Self.byteCount)
    }

    /// True for the first of the ranks of a node that asks; of the line of the node's first rank.
    func takesTheWord() -> Bool { cmpi_fetch_add(words + 3, 1) == 0 }
}
