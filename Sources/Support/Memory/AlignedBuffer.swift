internal import Foundation

/// Zeroed floats that begin on a cache line, with one owner.
public final class AlignedBuffer {
    public let pointer: UnsafeMutablePointer<Float>
    public let count: Int

    private let memory: UnsafeMutableRawPointer

    public init(count: Int) {
        self.count = count
        // Pages that come zeroed are not touched before they are used, so that what is never used takes no memory. Products read
        // up to a vector beyond the last element.
        guard let memory = calloc(max(count, 1) + 32, 4) else { fatalError("no memory for \(count) floats") }
        self.memory = memory
        pointer = memory.alignedUp(toMultipleOf: 64).bindMemory(to: Float.self, capacity: max(count, 1))
    }

    deinit { free(memory) }
}
