internal import CKernels
package import HDF5
internal import Support

/// Rows of a sparse matrix, a group of `data`, `indices` and `indptr` as AnnData, scipy and 10x Genomics write it: in compressed rows
/// (CSR), or in compressed columns (CSC), which are turned around in memory.
package final class SparseRows: Rows {
    package let name: String
    package let type: String
    package let rowCount: Int
    package let rowShape: [Int]
    // Zeros are most of it, and must stay zeros: no bytes that are taken for pixels.
    package let format = NumberFormat.float32
    package let stored: NumberFormat
    fileprivate let data: Dataset
    fileprivate let indices: Dataset
    /// Where each row (of CSR) or column (of CSC) begins in `data`.
    fileprivate let starts: [Int64]
    private let isByColumns: Bool
    /// CSC by rows, made for the first reader and shared by all.
    private var turned: AnyObject?

    /// The matrix in a group; nil if the group is none.
    ///
    /// - Throws: ``Failure`` for one whose parts do not fit each other.
    package init?(_ file: File, _ path: String) throws {
        guard let (layout, shape) = try Self.layout(file, path) else { return nil }
        let name = "\(file.path):\(path)"
        self.name = name
        rowCount = shape.rows
        rowShape = [shape.columns]
        isByColumns = layout == .columns
        let (lines, line) = isByColumns ? (rowShape[0], "column") : (rowCount, "row")
        data = try file.dataset("\(path)/data")
        indices = try file.dataset("\(path)/indices")
        let pointers = try file.dataset("\(path)/indptr")
        type = data.type.description
        stored = DenseRows.format(of: data.type).isWide ? .float64 : .float32
        guard data.type.isNumeric, indices.type.isNumeric, indices.type.elementClass != .float, indices.type.isStandard else {
            throw Failure(.badData, "\(name) holds \(data.type) with \(indices.type) as indices, but must hold numbers")
        }
        guard data.shape == indices.shape, data.shape.count == 1, pointers.shape == [lines + 1] else {
            throw Failure(
                .badData,
                "\(name): \(lines) \(line)s need \(lines + 1) \(line) starts and an index for each value, but there are "
                    + "\(pointers.shape), \(indices.shape) and \(data.shape)")
        }
        try pointers.checkStorage()
        starts = try pointers.read(Int64.self)
        for index in 0..<lines where starts[index] > starts[index + 1] || starts[index] < 0 {
            throw Failure(.badData, "\(name): \(line) \(index) ends before it begins")
        }
        guard starts[0] == 0, starts[lines] == Int64(data.rowCount) else {
            throw Failure(.badData, "\(name): the \(line)s take \(starts[lines]) values, but there are \(data.rowCount)")
        }
        if data.rowCount > 0 {
            try data.checkStorage()
            try indices.checkStorage()
        }
    }

    private enum Layout {
        case rows
        case columns
    }

    /// How a group holds a matrix, and its shape; nil if it holds none.
    private static func layout(
        _ file: File, _ path: String
    ) throws -> (layout: Layout, shape: (rows: Int, columns: Int))? {
        func checked(_ shape: [Double]) throws -> [Int] {
            guard shape.count == 2, shape.allSatisfy({ $0 >= 0 && $0 < 1e12 }) else {
                throw Failure(.badData, "\(file.path):\(path) is a sparse matrix without a shape of rows and columns")
            }
            return shape.map { Int($0) }
        }
        // The second names are those of anndata before 0.7.
        if case .string(let text) = try file.attribute("encoding-type", of: path) ?? file.attribute("h5sparse_format", of: path),
            ["csr", "csc"].contains(text.prefix(3))
        {
            let attribute = try file.attribute("shape", of: path) ?? file.attribute("h5sparse_shape", of: path)
            var numbers: [Double] = []
            if case .doubles(let found) = attribute { numbers = found }
            let shape = try checked(numbers)
            return (text.hasPrefix("csc") ? .columns : .rows, (shape[0], shape[1]))
        }
        guard let genomics = try TenXMatrix(file, path) else { return nil }
        let shape = try checked(
            genomics.shape.shape == [2] && genomics.shape.type.isNumeric ? genomics.shape.read(Double.self) : [])
        // Of features and cells, by cells: our rows.
        return (.rows, (shape[1], shape[0]))
    }

    package func valueCount(_ rows: Range<Int>) -> Int? {
        if !isByColumns { return Int(starts[rows.upperBound] - starts[rows.lowerBound]) }
        return Int(Double(starts.last!) * Double(rows.count) / Double(max(rowCount, 1)))
    }

    package func makeReader(_ format: NumberFormat) throws -> any RowReader {
        format == .float64 ? try makeReader(of: Double.self) : try makeReader(of: Float.self)
    }

    private func makeReader<Number: DecodedNumber>(of _: Number.Type) throws -> any RowReader {
        guard isByColumns else { return Reader<Number>(self) }
        return isWide
            ? TurnedReader<Double, Number>(self, try turnedMatrix()) : TurnedReader<Float, Number>(self, try turnedMatrix())
    }

    private func turnedMatrix<Kept: DecodedNumber>() throws -> TurnedMatrix<Kept> {
        if let turned = turned as? TurnedMatrix<Kept> { return turned }
        let turned = try TurnedMatrix<Kept>(self)
        self.turned = turned
        return turned
    }

    package func advice() -> String? {
        isByColumns
            ? "is sparse by columns (CSC), all of which every rank turns around in memory: X.tocsr() in scipy avoids that" : nil
    }

    fileprivate func outside(row: Int, column: Int64) -> Failure {
        Failure(.badData, "\(name): row \(row) has a value in column \(column) of \(rowShape[0])")
    }

    fileprivate func twice(row: Int, column: Int64) -> Failure {
        Failure(.badData, "\(name): row \(row) has two values in column \(column): use X.sum_duplicates() in scipy")
    }

    private final class Reader<Number: DecodedNumber>: RowReader {
        private let matrix: SparseRows
        private let stored: StoredValues<Number>

        init(_ matrix: SparseRows) {
            self.matrix = matrix
            stored = StoredValues(matrix)
        }

        var memoryBytes: Int { stored.memoryBytes }

        // Called by its protocol, and slow where it does not know its type.
        @specialized(where Number == Float)
        @specialized(where Number == Double)
        func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
            let features = matrix.rowShape[0]
            let target = destination.bindMemory(to: Number.self, capacity: rows.count * features)
            target.update(repeating: 0, count: rows.count * features)
            let places = Int(matrix.starts[rows.lowerBound])..<Int(matrix.starts[rows.upperBound])
            let (values, columns) = try stored.read(places)
            for row in rows {
                let values = values + (Int(matrix.starts[row]) - places.lowerBound)
                let columns = columns + (Int(matrix.starts[row]) - places.lowerBound)
                let target = target + (row - rows.lowerBound) * features
                for place in 0..<Int(matrix.starts[row + 1] - matrix.starts[row]) {
                    let column = columns[place]
                    guard column >= 0, column < Int64(features) else { throw matrix.outside(row: row, column: column) }
                    guard target[Int(column)] == 0 else { throw matrix.twice(row: row, column: column) }
                    target[Int(column)] = values[place]
                }
            }
        }
    }
}

/// Reads values and indices of a sparse matrix, into memory that is used again.
private final class StoredValues<Number: DecodedNumber> {
    private let data: NumberReader
    private let indices: NumberReader
    private var values = UnsafeMutablePointer<Number>.allocate(capacity: 1)
    private var places = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
    private var raw = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 64)
    private var capacity = 0

    init(_ matrix: SparseRows) {
        data = NumberReader(matrix.data, bytesAreCounts: true)
        indices = NumberReader(matrix.indices)
    }

    deinit {
        values.deallocate()
        places.deallocate()
        raw.deallocate()
    }

    var memoryBytes: Int { data.memoryBytes + indices.memoryBytes + capacity * (16 + MemoryLayout<Number>.size) }

    @specialized(where Number == Float)
    @specialized(where Number == Double)
    func read(_ range: Range<Int>) throws -> (values: UnsafeMutablePointer<Number>, indices: UnsafeMutablePointer<Int64>) {
        if range.count > capacity {
            values.deallocate()
            places.deallocate()
            raw.deallocate()
            capacity = range.count + range.count / 4
            values = .allocate(capacity: capacity)
            places = .allocate(capacity: capacity)
            raw = .allocate(byteCount: capacity * 8, alignment: 64)
        }
        if range.isEmpty { return (values, places) }
        try data.read(range, decodedInto: values)
        try indices.read(range, into: raw)
        func widen<Index: FixedWidthInteger>(_: Index.Type) {
            let narrow = raw.assumingMemoryBound(to: Index.self)
            for place in 0..<range.count { places[place] = Int64(truncatingIfNeeded: narrow[place]) }
        }
        switch (indices.dataset.type.size, indices.dataset.type.elementClass) {
        case (8, _): widen(Int64.self)
        case (4, .signed): widen(Int32.self)
        case (4, _): widen(UInt32.self)
        case (2, .signed): widen(Int16.self)
        case (2, _): widen(UInt16.self)
        case (_, .signed): widen(Int8.self)
        default: widen(UInt8.self)
        }
        return (values, places)
    }
}

/// A matrix that a file has by columns, by rows in memory.
private final class TurnedMatrix<Number: DecodedNumber> {
    let starts: [Int]
    let columns: UnsafeMutablePointer<Int32>
    let values: UnsafeMutablePointer<Number>
    private static var step: Int { 1 << 20 }

    /// Two passes over the file: to count the values of each row, and to put them there.
    init(_ matrix: SparseRows) throws {
        let count = matrix.data.rowCount
        guard count * (4 + MemoryLayout<Number>.size) < availableMemory() else {
            throw Failure(
                .badData,
                "\(matrix.name) is sparse by columns (CSC), and its \(count) values do not fit into memory to be turned around: "
                    + "write it as CSR (X.tocsr() in scipy)")
        }
        let stored = StoredValues<Number>(matrix)
        var starts = [Int](repeating: 0, count: matrix.rowCount + 1)
        for first in stride(from: 0, to: count, by: Self.step) {
            let range = first..<min(first + Self.step, count)
            let rows = try stored.read(range).indices
            for place in 0..<range.count {
                guard rows[place] >= 0, rows[place] < Int64(matrix.rowCount) else {
                    throw Failure(.badData, "\(matrix.name) has a value in row \(rows[place]) of \(matrix.rowCount)")
                }
                starts[Int(rows[place]) + 1] += 1
            }
        }
        for row in 0..<matrix.rowCount { starts[row + 1] += starts[row] }
        self.starts = starts
        // Freed also where the second pass fails, as all that was set is.
        columns = .allocate(capacity: max(count, 1))
        values = .allocate(capacity: max(count, 1))
        var next = starts
        var column = 0
        for first in stride(from: 0, to: count, by: Self.step) {
            let range = first..<min(first + Self.step, count)
            let (numbers, rows) = try stored.read(range)
            for place in range {
                while Int(matrix.starts[column + 1]) <= place { column += 1 }
                let row = Int(rows[place - first])
                // What was counted in the first pass bounds the second: another process may write to the file.
                guard starts.indices.dropLast().contains(row), next[row] < starts[row + 1] else {
                    throw Failure(.badData, "\(matrix.name): changed while it was read")
                }
                columns[next[row]] = Int32(column)
                values[next[row]] = numbers[place - first]
                next[row] += 1
            }
        }
    }

    deinit {
        columns.deallocate()
        values.deallocate()
    }
}

private final class TurnedReader<Kept: DecodedNumber, Number: DecodedNumber>: RowReader {
    private let matrix: SparseRows
    private let turned: TurnedMatrix<Kept>
    let memoryBytes = 0

    init(_ matrix: SparseRows, _ turned: TurnedMatrix<Kept>) {
        self.matrix = matrix
        self.turned = turned
    }

    @specialized(where Kept == Float, Number == Float)
    @specialized(where Kept == Double, Number == Double)
    func read(_ rows: Range<Int>, into destination: UnsafeMutableRawPointer) throws {
        let features = matrix.rowShape[0]
        let target = destination.bindMemory(to: Number.self, capacity: rows.count * features)
        target.update(repeating: 0, count: rows.count * features)
        for row in rows {
            let target = target + (row - rows.lowerBound) * features
            for place in turned.starts[row]..<turned.starts[row + 1] {
                let column = Int(turned.columns[place])
                guard target[column] == 0 else { throw matrix.twice(row: row, column: Int64(column)) }
                target[column] = Number(turned.values[place])
            }
        }
    }
}
