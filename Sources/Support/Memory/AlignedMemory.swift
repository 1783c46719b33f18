internal import CKernels
internal import Foundation

/// Zeroed numbers that begin on a cache line, with one owner.
public final class AlignedMemory<Number: BitwiseCopyable> {
    public let pointer: UnsafeMutablePointer<Number>
    public let count: Int

    private let memory: UnsafeMutableRawPointer

    /// - Parameter usesLargePages: for what is read over and over across many pages.
    public init(count: Int, usesLargePages: Bool = false) {
        self.count = count
        // Pages that come zeroed are not touched before they are used, so that what is never used takes no memory. Products read
        // up to a vector beyond the last element.
        guard let memory = calloc(max(count, 1) * MemoryLayout<Number>.stride + 128, 1) else {
            fatalError("no memory for \(count) numbers")
        }
        self.memory = memory
        if usesLargePages { kernel_use_huge_pages(memory, count * MemoryLayout<Number>.stride) }
        pointer = memory.alignedUp(toMultipleOf: 64).bindMemory(to: Number.self, capacity: max(count, 1))
    }

    deinit { free(memory) }
}

/// Floats.
public typealias AlignedBuffer = AlignedMemory<Float>
