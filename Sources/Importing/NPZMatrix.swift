internal import HDF5
internal import Support

/// A sparse matrix as `scipy.sparse.save_npz` writes it.
struct NPZMatrix: SparseReader {
    private enum Layout: String {
        case csr
        case csc
        case coo
        case bsr
    }

    let path: String
    let rowCount: Int
    let columnCount: Int
    let type: NumberType
    let valueCount: Int
    private let file: NPZFile
    private let layout: Layout
    private let data: NPZFile.Array
    /// Rows and columns of a block.
    private let block: (rows: Int, columns: Int)

    /// nil if the file is none. Throws ``Failure`` (65) for a format that is not read, and for parts that do not fit each other.
    init?(_ file: NPZFile) throws {
        guard let format = file.array("format"), let shape = file.array("shape"), let data = file.array("data") else {
            return nil
        }
        guard case .text(let isWide)? = format.header.element?.kind, format.header.shape.isEmpty else { return nil }
        self.file = file
        self.data = data
        path = file.path
        let (header, stream) = try file.open(format)
        let bytes = try stream.read(exactly: header.element!.size, "the format")
        let name = String(decoding: bytes.filter { $0 != 0 }, as: UTF8.self)
        guard let layout = Layout(rawValue: name), !(isWide && bytes.count % 4 != 0) else {
            throw Failure(.badData, "\(path): is a sparse matrix of the format '\(name.printable(limit: 20))': save X.tocsr()")
        }
        self.layout = layout
        let sizes = try Self.integers(file, shape)
        guard sizes.count == 2, sizes.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }) else {
            throw Failure(
                .badData,
                "\(path): is a sparse array of the shape \(sizes.prefix(32).map(Int.init)): only rows and columns can be imported"
            )
        }
        (rowCount, columnCount) = (Int(sizes[0]), Int(sizes[1]))
        guard let element = data.header.element, element.isNumber else {
            throw Failure(.badData, "\(path):data \(data.header.refusal)")
        }
        type = element.type
        let dataShape = data.header.shape
        guard dataShape.count == (layout == .bsr ? 3 : 1), layout != .bsr || dataShape[1] > 0 && dataShape[2] > 0 else {
            throw Failure(.badData, "\(path): data have the shape \(dataShape), which is not that of the format \(name)")
        }
        // Sees whether there can be as many.
        valueCount = try file.reader(data).shape.reduce(1, *)
        block = layout == .bsr ? (dataShape[1], dataShape[2]) : (1, 1)
    }

    /// All of an array of whole numbers, in a file that has room for them.
    private static func integers(_ file: NPZFile, _ array: NPZFile.Array) throws -> [Int64] {
        let reader = try IntegerReader(file, array)
        return try reader.read(array.header.shape.reduce(1, *))
    }

    private func array(_ key: String) throws -> NPZFile.Array {
        if let array = file.array(key) { return array }
        throw Failure(.badData, "\(path): a sparse matrix (\(layout.rawValue)) without its \(key)")
    }

    func forEachValue<Number: HDF5Number>(_: Number.Type, _ body: (Int, Int, Number) throws -> Void) throws {
        let count = data.header.shape[0]
        let values = try file.reader(data)
        /// Reads blocks piece by piece; `places` gives where each begins.
        func forEach(_ places: (Range<Int>) throws -> (Int) -> (row: Int, column: Int)) throws {
            let size = block.rows * block.columns
            let step = max(1, Importer.pieceBytes / (16 * size))
            Activity.begin("reading the matrix", of: count, "values")
            defer { Activity.end() }
            for first in stride(from: 0, to: count, by: step) {
                let range = first..<min(first + step, count)
                let place = try places(range)
                let bytes = try values.read(range.count * size * MemoryLayout<Number>.size)
                try bytes.withUnsafeBytes { bytes in
                    let numbers = bytes.bindMemory(to: Number.self)
                    for index in range {
                        let (row, column) = place(index)
                        for inner in 0..<size {
                            let value = numbers[(index - first) * size + inner]
                            // What fills blocks up is nothing.
                            if size > 1, value == 0 { continue }
                            try body(row + inner / block.columns, column + inner % block.columns, value)
                        }
                    }
                }
                Activity.advance(to: range.upperBound)
            }
        }
        switch layout {
        case .coo:
            let rows = try indices("row", count)
            let columns = try indices("col", count)
            try forEach { range in
                let (row, column) = (try rows.read(range.count), try columns.read(range.count))
                return { (Int(row[$0 - range.lowerBound]), Int(column[$0 - range.lowerBound])) }
            }
        case .csr, .csc, .bsr:
            let lines = layout == .csc ? columnCount : rowCount / block.rows
            let starts = try Self.integers(file, try array("indptr"))
            guard starts.count == lines + 1, starts[0] == 0, starts[lines] == Int64(count),
                zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
            else {
                throw Failure(
                    .badData,
                    "\(path): indptr does not fit its \(lines) \(layout == .csc ? "columns" : "rows") and \(count) values")
            }
            let others = try indices("indices", count)
            var line = 0
            try forEach { range in
                let other = try others.read(range.count)
                return { index in
                    while starts[line + 1] <= Int64(index) { line += 1 }
                    let second = Int(other[index - range.lowerBound])
                    return layout == .csc ? (second, line) : (line * block.rows, second * block.columns)
                }
            }
        }
    }

    private func indices(_ key: String, _ count: Int) throws -> IntegerReader {
        let array = try array(key)
        guard array.header.shape == [count] else {
            throw Failure(.badData, "\(path): \(key) has the shape \(array.header.shape), but there are \(count) values")
        }
        return try IntegerReader(file, array)
    }
}

/// Reads whole numbers of any type.
private final class IntegerReader {
    private let reader: NPYReader

    init(_ file: NPZFile, _ array: NPZFile.Array) throws {
        reader = try file.reader(array)
        guard ![.float32, .float64].contains(reader.type) else {
            throw Failure(.badData, "\(file.path):\(array.key) holds \(reader.type), but must hold whole numbers")
        }
    }

    func read(_ count: Int) throws -> [Int64] {
        let bytes = try reader.read(count * reader.type.size)
        func widen<Number: FixedWidthInteger>(_: Number.Type) -> [Int64] {
            bytes.withUnsafeBytes { $0.bindMemory(to: Number.self).map { Int64(clamping: $0) } }
        }
        return switch reader.type {
        case .int8: widen(Int8.self)
        case .uint8: widen(UInt8.self)
        case .int16: widen(Int16.self)
        case .uint16: widen(UInt16.self)
        case .int32: widen(Int32.self)
        case .uint32: widen(UInt32.self)
        case .int64: widen(Int64.self)
        case .uint64, .float32, .float64: widen(UInt64.self)
        }
    }
}
