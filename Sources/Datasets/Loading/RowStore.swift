internal import CKernels

/// Room for rows in memory, for random access by position.
package final class RowStore: @unchecked Sendable {
    package let format: RowFormat
    package let capacity: Int
    /// The rows that are in it now.
    package var count = 0
    /// Of rows that are not packed.
    package let memory: UnsafeMutableRawPointer
    /// Of rows that are, and where each lies.
    private let packed: PackedRowMemory?
    private let places: UnsafeMutablePointer<UnsafeRawPointer>
    /// Each row's place in the data set, which keys its noise, and its weight.
    package let rows: UnsafeMutablePointer<Int64>
    package let weights: UnsafeMutablePointer<Float>
    /// `[capacity, conditions]`
    let conditions: UnsafeMutablePointer<Float>

    package init(format: RowFormat, capacity: Int) {
        self.format = format
        self.capacity = capacity
        let byteCount = format.isPacked ? 0 : capacity * format.rowBytes
        packed = format.isPacked ? PackedRowMemory(features: format.features, capacity: capacity) : nil
        places = .allocate(capacity: format.isPacked ? max(capacity, 1) : 1)
        memory = .allocate(byteCount: max(byteCount, 64), alignment: 64)
        kernel_use_huge_pages(memory, byteCount)
        rows = .allocate(capacity: max(capacity, 1))
        weights = .allocate(capacity: max(capacity, 1))
        conditions = .allocate(capacity: max(capacity * format.conditions, 1))
        weights.initialize(repeating: 1, count: max(capacity, 1))
    }

    deinit {
        memory.deallocate()
        places.deallocate()
        rows.deallocate()
        weights.deallocate()
        conditions.deallocate()
    }

    /// The bytes that rows in memory take which are not packed.
    static func byteCount(format: RowFormat, rows: Int) -> Int { rows * (format.rowBytes + 12 + 4 * format.conditions) }

    /// The most bytes that rows with so many values other than 0 take packed.
    static func byteCount(packed values: Int, rows: Int, _ format: RowFormat) -> Int {
        // A row has what it begins with, some bytes to end where the next may begin, and its place.
        values * (format.features <= 1 << 16 ? 6 : 8) + rows * (8 + 8 + 8 + 12 + 4 * format.conditions)
    }

    /// The bytes that its rows take.
    package var byteCount: Int {
        guard let packed else { return Self.byteCount(format: format, rows: capacity) }
        return packed.byteCount + Self.byteCount(packed: 0, rows: capacity, format)
    }

    /// Lets go of all rows.
    package func removeAll() {
        count = 0
        packed?.removeAll()
    }

    /// Keeps the numbers of a row at a position, for several threads at once.
    func keep(_ numbers: UnsafeRawPointer, at position: Int) {
        if let packed {
            places[position] = packed.pack(numbers.assumingMemoryBound(to: Float.self))
        } else {
            (memory + position * format.rowBytes).copyMemory(from: numbers, byteCount: format.rowBytes)
        }
    }

    /// The row at a position.
    @inline(__always)
    package func row(_ position: Int) -> KeptRow {
        KeptRow(
            numbers: format.isPacked ? places[position] : UnsafeRawPointer(memory + position * format.rowBytes),
            row: rows[position], weight: weights[position], conditions: conditions + position * format.conditions)
    }
}
