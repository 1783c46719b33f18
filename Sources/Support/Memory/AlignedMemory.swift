internal import CKernels
internal import Foundation

/// Zeroed numbers that begin on a cache line, with one owner.
public final class AlignedMemory<Number: BitwiseCopyable> {
    public let pointer: UnsafeMutablePointer<Number>
    public let count: Int

    private let memory: UnsafeMutableRawPointer

    /// - Parameters:
    ///   - usesLargePages: for what is read over and over across many pages.
    ///   - pageOffset: bytes between the start of a page and the first number, a multiple of 64.
    public init(count: Int, usesLargePages: Bool = false, pageOffset: Int = 0) {
        self.count = count
        let size = max(count, 1) * MemoryLayout<Number>.stride
        let page = usesLargePages && size >= kernel_large_page ? kernel_large_page : pageOffset > 0 ? 4096 : 64
        // Pages that come zeroed are not touched before they are used, so that what is never used takes no memory. Products read
        // up to a vector beyond the last element.
        guard let memory = calloc(size + 64 + page + pageOffset, 1) else { fatalError("no memory for \(count) numbers") }
        self.memory = memory
        let start = memory.alignedUp(toMultipleOf: page) + pageOffset
        if usesLargePages { kernel_use_huge_pages(start - pageOffset, size + pageOffset) }
        pointer = start.bindMemory(to: Number.self, capacity: max(count, 1))
    }

    deinit { free(memory) }
}

/// Floats.
public typealias AlignedBuffer = AlignedMemory<Float>
