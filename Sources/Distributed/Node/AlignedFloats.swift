/// Zeroed floats that begin on a cache line, with one owner.
final class AlignedFloats {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        base = memory.initializeMemory(as: Float.self, repeating: 0, count: max(count, 1))
        self.count = count
    }

    deinit { base.deallocate() }
}
