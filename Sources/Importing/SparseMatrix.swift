internal import Datasets
package import HDF5
internal import Support

/// A sparse matrix in a file of another format, whose values come in any order, as often as they are asked for.
package protocol SparseReader {
    var path: String { get }
    var rowCount: Int { get }
    var columnCount: Int { get }
    var type: NumberType { get }
    /// At most the values that are stored.
    var valueCount: Int { get }

    /// Gives the values that are stored, one by one. Throws ``Failure``.
    func forEachValue<Number: HDF5Number>(
        _: Number.Type, _ body: (_ row: Int, _ column: Int, _ value: Number) throws -> Void) throws
}

/// A sparse matrix by rows (CSR), in memory.
struct RowMatrix<Number: HDF5Number> {
    /// Where each row begins, and the end of the last.
    private(set) var starts: [Int64]
    private(set) var columns: [Int32] = []
    private(set) var values: [Number] = []

    /// Takes the values twice: to count those of each row, and to put them there. Zeros are left out.
    ///
    /// Throws ``Failure`` (65) for two values in one place, and where memory does not suffice.
    init(_ matrix: some SparseReader) throws {
        // A few bytes can claim any number of empty rows.
        guard matrix.columnCount <= Int(Int32.max), matrix.rowCount <= 10_000_000 + 100 * matrix.valueCount else {
            throw Failure(
                .badData,
                "\(matrix.path): claims the shape \([matrix.rowCount, matrix.columnCount]) for \(matrix.valueCount) values")
        }
        guard matrix.rowCount < availableMemory() / 16 else { throw Self.tooLarge(matrix, bytes: matrix.rowCount * 16) }
        starts = [Int64](repeating: 0, count: matrix.rowCount + 1)
        try matrix.forEachValue(Number.self) { row, column, value in
            guard row >= 0, row < matrix.rowCount, column >= 0, column < matrix.columnCount else {
                throw Failure(
                    .badData,
                    "\(matrix.path): has a value in row \(row), column \(column) of \(matrix.rowCount) x \(matrix.columnCount)")
            }
            if value != 0 { starts[row + 1] += 1 }
        }
        for row in 0..<matrix.rowCount { starts[row + 1] += starts[row] }
        let count = Int(starts[matrix.rowCount])
        let bytes = count * (MemoryLayout<Number>.size + MemoryLayout<Int32>.size)
        guard bytes < availableMemory() else { throw Self.tooLarge(matrix, bytes: bytes) }
        columns = [Int32](repeating: 0, count: count)
        values = [Number](repeating: 0, count: count)
        var next = starts
        try matrix.forEachValue(Number.self) { row, column, value in
            if value == 0 { return }
            guard row >= 0, row < matrix.rowCount, column >= 0, column < matrix.columnCount, next[row] < starts[row + 1] else {
                throw Failure(.badData, "\(matrix.path): changed while it was read")
            }
            let place = next[row]
            columns[Int(place)] = Int32(column)
            values[Int(place)] = value
            next[row] += 1
        }
        guard zip(next, starts.dropFirst()).allSatisfy({ $0 == $1 }) else {
            throw Failure(.badData, "\(matrix.path): changed while it was read")
        }
        Activity.begin("sorting", of: matrix.rowCount, "rows")
        defer { Activity.end() }
        for row in 0..<matrix.rowCount {
            try sort(row, of: matrix)
            if row % 1024 == 0 { Activity.advance(to: row) }
        }
    }

    private static func tooLarge(_ matrix: some SparseReader, bytes: Int) -> Failure {
        Failure(
            .badData,
            "\(matrix.path): to bring its values in the order of rows takes \(bytes >> 20) MiB of memory, of which \(availableMemory() >> 20) "
                + "are free: import it where there is more, or in parts")
    }

    /// Brings the values of a row into the order of columns.
    private mutating func sort(_ row: Int, of matrix: some SparseReader) throws {
        let places = Int(starts[row])..<Int(starts[row + 1])
        if zip(columns[places], columns[places].dropFirst()).allSatisfy({ $0 < $1 }) { return }
        let sorted = places.sorted { columns[$0] < columns[$1] }
        let (newColumns, newValues) = (sorted.map { columns[$0] }, sorted.map { values[$0] })
        columns.replaceSubrange(places, with: newColumns)
        values.replaceSubrange(places, with: newValues)
        for (a, b) in zip(newColumns, newColumns.dropFirst()) where a == b {
            throw Failure(
                .badData,
                "\(matrix.path): has two values in row \(row), column \(a) (both from 0): add them up first, X.sum_duplicates() in scipy"
            )
        }
    }
}

extension Importer {
    /// Writes a sparse matrix as scipy and anndata do (CSR), with what is known of its rows and columns.
    package func write(
        _ matrix: some SparseReader, labels: (any LabelReader)? = nil, ids: [String]? = nil, names: [String]? = nil
    ) throws -> String {
        guard matrix.rowCount > 0, matrix.columnCount > 0 else {
            throw Failure(
                .badData, "\(matrix.path) has the shape \([matrix.rowCount, matrix.columnCount]): there is nothing in it")
        }
        return try matrix.type.with { try write(matrix, as: $0, labels, ids, names) }
    }

    private func write<Number: HDF5Number>(
        _ matrix: some SparseReader, as _: Number.Type, _ labels: (any LabelReader)?, _ ids: [String]?, _ names: [String]?
    ) throws -> String {
        let rows = try RowMatrix<Number>(matrix)
        let shape = [matrix.rowCount, matrix.columnCount]
        let texts = (ids ?? []) + (names ?? [])
        let byteCount =
            rows.values.count * (MemoryLayout<Number>.size + 4) + rows.starts.count * 16 + (labels?.byteCount ?? 0)
            + texts.reduce(0) { $0 + 64 + 2 * $1.utf8.count }
        return try write(byteCount: byteCount) { file in
            let path = "\(group)/data"
            try file.createGroup(path)
            try file.setAttribute("encoding-type", .string("csr_matrix"), of: path)
            try file.setAttribute("encoding-version", .string("0.1.0"), of: path)
            try file.setAttribute("shape", .integers(shape.map(Int64.init)), of: path)
            try write(rows.values, to: "\(path)/data", in: file)
            try write(rows.columns, to: "\(path)/indices", in: file)
            try write(rows.starts, to: "\(path)/indptr", in: file)
            try labels?.write(self, to: file)
            if let ids { try write(ids, to: "\(group)/id", in: file) } else { try writeRowNumbers(shape[0], to: file) }
            try file.write(featureNames: names, group: group)
            return summary(
                shape, "\(matrix.type), sparse with \(rows.values.count) values", labels: labels != nil, names: names != nil)
        }
    }

    private func write<Number: HDF5Number>(_ numbers: [Number], to path: String, in file: File) throws {
        let dataset = try file.createDataset(path, Number.self, shape: [numbers.count], compressed: true)
        try numbers.withUnsafeBufferPointer { numbers in
            for first in stride(from: 0, to: numbers.count, by: 1 << 20) {
                try dataset.write(numbers.baseAddress! + first, rows: first..<min(first + 1 << 20, numbers.count))
            }
        }
    }
}
