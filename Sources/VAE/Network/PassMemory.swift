internal import Foundation
internal import Support

/// Memory that the parts of a pass take from one allocation. What takes it runs twice, first to count and then to take, so that its bytes are
/// known exactly before there are any.
final class PassMemory {
    private let base: UnsafeMutablePointer<Float>
    private(set) var floatCount = 0

    private init(_ base: UnsafeMutablePointer<Float>) { self.base = base }

    /// Floats on a cache line, zeroed.
    func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        defer { floatCount += (count + 15) & ~15 }
        return base + floatCount
    }

    /// Doubles on a cache line, zeroed.
    func doubles(_ count: Int) -> UnsafeMutablePointer<Double> {
        UnsafeMutableRawPointer(floats(2 * count)).bindMemory(to: Double.self, capacity: max(count, 1))
    }

    /// The bytes that `take` takes.
    static func byteCount<Parts>(_ take: (PassMemory) -> Parts) -> Int {
        // Places that are counted, and never looked at.
        let counting = PassMemory(UnsafeMutablePointer(bitPattern: 64)!)
        _ = take(counting)
        return counting.floatCount * 4
    }

    /// What `take` makes of memory that lives as long as the buffer.
    static func allocate<Parts>(_ take: (PassMemory) -> Parts) -> (parts: Parts, memory: AlignedBuffer) {
        let buffer = AlignedBuffer(count: byteCount(take) / 4)
        return (take(PassMemory(buffer.pointer)), buffer)
    }
}
