/// Doubles in memory, with one owner.
package final class ExactValues {
    package let pointer: UnsafeMutablePointer<Double>
    package let count: Int

    package init(count: Int) {
        self.count = count
        pointer = .allocate(capacity: max(count, 1))
    }

    deinit { pointer.deallocate() }
}
