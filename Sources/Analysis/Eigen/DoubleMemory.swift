internal import CKernels

/// Doubles without values, in large pages, with one owner.
final class DoubleMemory {
    let pointer: UnsafeMutablePointer<Double>

    init(_ count: Int) {
        let bytes = max(count, 1) * MemoryLayout<Double>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        kernel_use_huge_pages(memory, bytes)
        pointer = memory.bindMemory(to: Double.self, capacity: max(count, 1))
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
