internal import CKernels
internal import Distributed
internal import HDF5

/// Reads rows of a source into memory, for one thread, and looks at their values.
final class RowLoader {
    private let source: DataSource
    private let reader: any RowReader
    private let allowed: AllowedValues
    /// Where rows are read that are not all wanted.
    private var scratch: UnsafeMutableRawPointer?
    private let decoded: UnsafeMutablePointer<Float>
    /// Rows that are read at once where some between them are not wanted.
    private let stretch: Int

    /// - Parameter stretch: the most rows that are read at once where some of them are not wanted; 0 for 4 MiB of them.
    /// - Throws: ``Failure``.
    init(_ source: DataSource, _ allowed: AllowedValues, stretch: Int = 0) throws {
        self.source = source
        self.allowed = allowed
        self.stretch = stretch > 0 ? stretch : max(1, (4 << 20) / source.format.rowBytes)
        do {
            reader = try source.content.makeReader(source.format.numbers)
        } catch let error as HDF5Error {
            throw Failure(error)
        }
        decoded = .allocate(capacity: source.features)
    }

    deinit {
        scratch?.deallocate()
        decoded.deallocate()
    }

    /// The memory that reading takes besides that of the rows, in bytes.
    var memoryBytes: Int { reader.memoryBytes + (scratch == nil ? 0 : stretch * source.format.rowBytes) }

    /// Reads rows, in ascending order, to a position of a store and those after it.
    ///
    /// - Throws: ``Failure`` naming row and column of the first value that is not allowed.
    func load(_ rows: [Int64], into store: RowStore, at position: Int) throws {
        let rowBytes = source.format.rowBytes
        let target = store.memory + position * rowBytes
        do {
            var done = 0
            while done < rows.count {
                Heartbeat.beat()
                let first = Int(rows[done])
                // Rows that follow each other go to their place at once.
                var end = done + 1
                while end < rows.count, Int(rows[end]) == first + end - done { end += 1 }
                if end - done >= 64 || end == rows.count {
                    try reader.read(first..<first + end - done, into: target + done * rowBytes)
                    done = end
                    continue
                }
                while end < rows.count, Int(rows[end]) < first + stretch { end += 1 }
                let range = first..<Int(rows[end - 1]) + 1
                let scratch = self.scratch ?? .allocate(byteCount: stretch * rowBytes, alignment: 64)
                self.scratch = scratch
                try reader.read(range, into: scratch)
                for index in done..<end {
                    (target + index * rowBytes).copyMemory(
                        from: scratch + (Int(rows[index]) - first) * rowBytes, byteCount: rowBytes)
                }
                done = end
            }
            (store.rows + position).update(from: rows, count: rows.count)
            if let weights = source.weights { try load(weights, rows, into: store.weights + position) }
        } catch let error as HDF5Error {
            throw Failure(error)
        }
        try check(target, rows)
    }

    private func load(_ weights: RowValues, _ rows: [Int64], into target: UnsafeMutablePointer<Float>) throws {
        for (index, weight) in try weights.doubles(rows).enumerated() {
            guard weight >= 0, weight <= 1e30 else {
                throw Failure(.badData, "\(source.name): the weight of row \(rows[index]) is \(weight), but must be at least 0")
            }
            target[index] = Float(weight * source.weightScale)
        }
    }

    /// Whether a row has values that are not numbers.
    func hasMissing(_ row: UnsafeRawPointer) -> Bool {
        source.format.decode(row, into: decoded)
        return (0..<source.features).contains { decoded[$0].isNaN }
    }

    private func check(_ numbers: UnsafeRawPointer, _ rows: [Int64]) throws {
        guard allowed.mustBeChecked(source.format.numbers) else { return }
        let features = source.features
        let (low, high) = (allowed.range.lowerBound, allowed.range.upperBound)
        for (index, row) in rows.enumerated() {
            var values = UnsafePointer(decoded)
            if source.format.numbers == .float32 {
                values = (numbers + index * source.format.rowBytes).assumingMemoryBound(to: Float.self)
            } else {
                source.format.decode(numbers + index * source.format.rowBytes, into: decoded)
            }
            var column = 0
            while true {
                column += kernel_find_outside(values + column, low, high, features - column)
                guard column < features else { break }
                let value = values[column]
                guard value.isNaN, allowed.missing else { throw refusal(value, row: row, column: column) }
                column += 1
            }
        }
    }

    private func refusal(_ value: Float, row: Int64, column: Int) -> Failure {
        let place = "\(source.name): row \(row), column \(column)"
        if value.isNaN {
            return Failure(
                .badData,
                "\(place) is not a number (NaN): --nan mask takes such values for missing, --nan drop leaves their rows out")
        }
        if value.isInfinite { return Failure(.badData, "\(place) is infinite: remove or fill such values") }
        return Failure(.badData, "\(place) is \(value), but \(allowed.reason)")
    }
}

/// The values that rows may have as they come.
struct AllowedValues {
    var range: ClosedRange<Float>
    /// Why no others.
    var reason: String
    /// Whether values may be missing (NaN).
    var missing: Bool

    /// Whether numbers of a format can be others.
    func mustBeChecked(_ format: NumberFormat) -> Bool {
        switch format {
        case .pixel, .bit: range.lowerBound > 0 || range.upperBound < 1
        case .uint8, .uint16: range.upperBound < 65535
        case .int8, .int16: range.lowerBound > -32768 || range.upperBound < 32767
        case .float16, .float32, .int32, .uint32, .int64, .uint64, .float64: true
        }
    }
}
