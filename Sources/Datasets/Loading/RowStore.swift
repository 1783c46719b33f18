internal import CKernels

/// Room for rows in memory, for random access by position.
package final class RowStore: @unchecked Sendable {
    package let format: RowFormat
    package let capacity: Int
    /// The rows that are in it now.
    package var count = 0
    package let memory: UnsafeMutableRawPointer
    /// Each row's place in the data set, which keys its noise, and its weight.
    package let rows: UnsafeMutablePointer<Int64>
    package let weights: UnsafeMutablePointer<Float>
    /// `[capacity, conditions]`
    let conditions: UnsafeMutablePointer<Float>

    package init(format: RowFormat, capacity: Int) {
        self.format = format
        self.capacity = capacity
        let byteCount = capacity * format.rowBytes
        memory = .allocate(byteCount: max(byteCount, 64), alignment: 64)
        kernel_use_huge_pages(memory, byteCount)
        rows = .allocate(capacity: max(capacity, 1))
        weights = .allocate(capacity: max(capacity, 1))
        conditions = .allocate(capacity: max(capacity * format.conditions, 1))
        weights.initialize(repeating: 1, count: max(capacity, 1))
    }

    deinit {
        memory.deallocate()
        rows.deallocate()
        weights.deallocate()
        conditions.deallocate()
    }

    /// The bytes that rows in memory take.
    package static func byteCount(format: RowFormat, rows: Int) -> Int { rows * (format.rowBytes + 12 + 4 * format.conditions) }

    package var byteCount: Int { Self.byteCount(format: format, rows: capacity) }

    /// The row at a position.
    @inline(__always)
    package func row(_ position: Int) -> KeptRow {
        KeptRow(
            numbers: UnsafeRawPointer(memory + position * format.rowBytes), row: rows[position], weight: weights[position],
            conditions: conditions + position * format.conditions)
    }
}
