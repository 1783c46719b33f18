internal import HDF5

/// Some columns of rows, in any order.
final class SelectedColumns: Rows {
    private let rows: any Rows
    /// Of each feature, its column in the rows.
    private let columns: [Int]
    let format: NumberFormat

    var name: String { rows.name }
    var type: String { rows.type }
    var rowCount: Int { rows.rowCount }
    var rowShape: [Int] { [columns.count] }
    var stored: NumberFormat { rows.stored == .bit ? format : rows.stored }
    var chunkRows: Int { rows.chunkRows }

    init(_ rows: any Rows, columns: [Int]) {
        self.rows = rows
        self.columns = columns
        // Bits would have to be shifted.
        format = rows.format == .bit ? .float32 : rows.format
    }

    func valueCount(_ rows: Range<Int>) -> Int? {
        self.rows.valueCount(rows).map { Int(Double($0) * Double(columns.count) / Double(max(self.rows.features, 1))) }
    }

    func makeReader(_ format: NumberFormat) throws -> any RowReader {
        Reader(try rows.makeReader(format), columns, width: rows.features, numberBytes: format.byteCount(1))
    }

    func advice() -> String? { rows.advice() }

    private final class Reader: RowReader {
        private let reader: any RowReader
        private let columns: [Int]
        private let rowBytes: Int
        private let numberBytes: Int
        /// Rows that are read at once.
        private let step: Int
        private let whole: UnsafeMutableRawPointer

        init(_ reader: any RowReader, _ columns: [Int], width: Int, numberBytes: Int) {
            self.reader = reader
            self.columns = columns
            self.numberBytes = numberBytes
            rowBytes = width * numberBytes
            step = max(1, min(256, (4 << 20) / rowBytes))
            whole = .allocate(byteCount: step * rowBytes, alignment: 64)
        }

        deinit { whole.deallocate() }

        var memoryBytes: Int { reader.memoryBytes + step * rowBytes }

        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
                let some = first..<min(first + step, rows.upperBound)
                try reader.read(some, into: whole)
                let target = destination + (first - rows.lowerBound) * columns.count * numberBytes
                switch numberBytes {
                case 1: gather(UInt8.self, some.count, into: target)
                case 2: gather(UInt16.self, some.count, into: target)
                case 4: gather(UInt32.self, some.count, into: target)
                default: gather(UInt64.self, some.count, into: target)
                }
            }
        }

        private func gather<Number>(_: Number.Type, _ rowCount: Int, into target: UnsafeMutableRawPointer) {
            let features = columns.count
            let width = rowBytes / numberBytes
            let source = whole.bindMemory(to: Number.self, capacity: rowCount * width)
            let target = target.bindMemory(to: Number.self, capacity: rowCount * features)
            columns.withUnsafeBufferPointer { columns in
                for row in 0..<rowCount {
                    for feature in 0..<features { target[row * features + feature] = source[row * width + columns[feature]] }
                }
            }
        }
    }
}
