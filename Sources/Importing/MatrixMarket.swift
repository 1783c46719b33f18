internal import Datasets
internal import HDF5
internal import Logging
internal import Support

extension Importer {
    /// Imports a MatrixMarket file, gzipped or not: a sparse one as a sparse matrix by rows, one of all values as an array. In the folder
    /// of a single-cell matrix (`matrix.mtx`, `barcodes.tsv`, `features.tsv` or `genes.tsv`, gzipped or not), or of a `matrix.mtx` with
    /// these beside it, cells become rows, barcodes ids and features' ids `/feature_names`.
    ///
    /// - Parameter transpose: whether the columns of a lone file are the rows.
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (64, 65, 66, 73, 74, 77).
    public func importMTX(_ path: String, transpose: Bool) throws -> String {
        guard let cells = try CellFolder(path) else {
            let matrix = try MatrixMarketFile(path, isTurned: transpose)
            return try matrix.isDense ? write(try MatrixMarketArray(matrix), labels: nil) : write(matrix)
        }
        if transpose {
            throw Failure(.usage, "\(path): --transpose is for a lone file: barcodes and features say which way this one is")
        }
        let matrix = try MatrixMarketFile(cells.matrix, isTurned: true)
        // One of them says how many there may be of either.
        let most = max(matrix.rowCount, matrix.columnCount)
        let barcodes = try cells.barcodes.map { try Self.firstFields($0, atMost: most) }
        let features = try cells.features.map { try Self.firstFields($0, atMost: most) }
        func fits(_ matrix: MatrixMarketFile) -> Bool {
            (barcodes?.count ?? matrix.rowCount) == matrix.rowCount
                && (features?.count ?? matrix.columnCount) == matrix.columnCount
        }
        // Cell Ranger has features in rows; a few programs have cells there.
        let other = try MatrixMarketFile(cells.matrix, isTurned: false)
        guard fits(matrix) || fits(other) else {
            let counts = [barcodes.map { "\($0.count) barcodes" }, features.map { "\($0.count) features" }].compactMap(\.self)
            throw Failure(
                .badData,
                "\(cells.matrix) has the shape \([other.rowCount, other.columnCount]), which does not fit \(counts.joined(separator: " and ")) beside it"
            )
        }
        let fitting = fits(matrix) ? matrix : other
        log.notice(
            "\(cells.matrix): taken as a matrix of cells: \(fitting.rowCount) cells are rows, \(fitting.columnCount) features columns"
        )
        return try write(fitting, ids: barcodes, names: features)
    }

    /// The first column of a table with tabs. Throws ``Failure`` (65) where it has more than `most` lines.
    private static func firstFields(_ path: String, atMost most: Int) throws -> [String] {
        let reader = try CSVRecordReader(path, separator: .byte(9), commentByte: nil)
        var fields: [String] = []
        while try reader.next() {
            guard fields.count < most else {
                throw Failure(.badData, "\(path): has more lines than the matrix beside it has rows or columns (\(most))")
            }
            fields.append(try reader.text(0))
        }
        return fields
    }
}

/// A MatrixMarket file, by its rows or by its columns.
struct MatrixMarketFile: SparseReader {
    private enum Field: String {
        case real
        case double
        case integer
        case pattern
    }

    private enum Symmetry: String {
        case general
        case symmetric
        case skew = "skew-symmetric"
    }

    let path: String
    let rowCount: Int
    let columnCount: Int
    let type: NumberType
    let valueCount: Int
    /// Whether all values are there, column by column.
    let isDense: Bool
    private let isTurned: Bool
    private let field: Field
    private let symmetry: Symmetry
    /// How many values the file has itself.
    private let entryCount: Int

    /// Reads the file once, to see what its values are. Throws ``Failure`` (65, 66, 77).
    init(_ path: String, isTurned: Bool) throws {
        try CompressedFile.requireRegular(path)
        let line = String(decoding: try CompressedFile(path).read(upTo: 1024), as: UTF8.self).prefix { !$0.isNewline }
        let words = line.lowercased().split { $0 == " " || $0 == "\t" }.map(String.init)
        guard words.count >= 5, words[0] == "%%matrixmarket", words[1] == "matrix", ["coordinate", "array"].contains(words[2])
        else {
            throw Failure(
                .badData,
                "\(path): not a MatrixMarket file: its first line must be %%MatrixMarket matrix coordinate ..., or array")
        }
        guard let field = Field(rawValue: words[3]), let symmetry = Symmetry(rawValue: words[4]),
            words[2] != "array" || field != .pattern
        else {
            throw Failure(
                .badData,
                "\(path): is '\(words[2...4].joined(separator: " "))': only real, integer and pattern, general and symmetric matrices can be imported"
            )
        }
        self.path = path
        self.isTurned = isTurned
        self.field = field
        self.symmetry = symmetry
        isDense = words[2] == "array"
        let reader = try Self.open(path)
        guard try reader.next(), reader.count == (isDense ? 2 : 3) else {
            throw Failure(
                .badData, "\(path):\(reader.line): must have the numbers of rows and columns\(isDense ? "" : ", and of values")")
        }
        let sizes = try (0..<reader.count).map { try Self.whole(reader, $0) }
        let (rows, columns) = (sizes[0], sizes[1])
        guard rows < 1 << 31, columns < 1 << 31, symmetry == .general || rows == columns else {
            throw Failure(.badData, "\(path):\(reader.line): claims the shape \([rows, columns])")
        }
        (rowCount, columnCount) = isTurned ? (columns, rows) : (rows, columns)
        let triangle = symmetry == .general ? rows * columns : symmetry == .skew ? rows * (rows - 1) / 2 : rows * (rows + 1) / 2
        let entries = isDense ? triangle : sizes[2]
        // Each has at least a digit and the end of its line.
        guard entries <= reader.mostTextBytes / (isDense ? 2 : 4) else {
            throw Failure(.badData, "\(path):\(reader.line): claims \(entries) values, but cannot hold as many")
        }
        entryCount = entries
        valueCount = symmetry == .general ? entries : 2 * entries
        var survey = NumberSurvey()
        // What is not stored is 0.
        survey.add(0)
        if field != .pattern {
            try Self.forEachEntry(path, field, isDense ? nil : sizes[2], rows: rows, symmetry, count: entries) { survey.add($2) }
        }
        switch field {
        case .pattern: type = .int8
        case .integer where survey.least >= -0x1p31 && survey.greatest < 0x1p31 && survey.infiniteCount == 0: type = .int32
        case .integer: type = .float64
        case .real, .double: type = survey.needsDouble ? .float64 : .float32
        }
    }

    func forEachValue<Number: HDF5Number>(_: Number.Type, _ body: (Int, Int, Number) throws -> Void) throws {
        let rows = isTurned ? columnCount : rowCount
        try Self.forEachEntry(path, field, isDense ? nil : entryCount, rows: rows, symmetry, count: entryCount) {
            row, column, value in
            let number = Number(value)
            try isTurned ? body(column, row, number) : body(row, column, number)
            if symmetry == .general || row == column { return }
            let other = symmetry == .skew ? 0 - number : number
            try isTurned ? body(row, column, other) : body(column, row, other)
        }
    }

    private static func open(_ path: String) throws -> CSVRecordReader {
        try CSVRecordReader(path, separator: .blanks, commentByte: UInt8(ascii: "%"))
    }

    /// The values that the file has itself, by rows and columns from 0.
    private static func forEachEntry(
        _ path: String, _ field: Field, _ stored: Int?, rows: Int, _ symmetry: Symmetry, count: Int,
        _ body: (Int, Int, Double) throws -> Void
    ) throws {
        let reader = try open(path)
        _ = try reader.next()
        let fields = stored == nil ? 1 : field == .pattern ? 2 : 3
        Activity.begin("reading the matrix", of: count, "values")
        defer { Activity.end() }
        var found = 0
        var (row, column) = (symmetry == .skew ? 1 : 0, 0)
        while try reader.next() {
            found += 1
            if found % 1024 == 0 { Activity.advance(to: found) }
            guard reader.count == fields, found <= count else {
                let reason =
                    found > count
                    ? "more values than the \(count) that it claims" : "\(reader.count) numbers, but must have \(fields)"
                throw Failure(.badData, "\(path):\(reader.line): has \(reason)")
            }
            let value = try field == .pattern ? 1 : number(reader, fields - 1)
            if stored != nil {
                (row, column) = (try whole(reader, 0) - 1, try whole(reader, 1) - 1)
                try body(row, column, value)
                continue
            }
            try body(row, column, value)
            row += 1
            if row == rows {
                column += 1
                row = symmetry == .general ? 0 : symmetry == .skew ? column + 1 : column
            }
        }
        guard found == count else {
            throw Failure(.badData, "\(path): has \(found) values, but claims \(count): is it cut short?")
        }
    }

    private static func number(_ reader: CSVRecordReader, _ field: Int) throws -> Double {
        switch reader.withBytes(of: field, { CSVCell($0) }) {
        case .number(let number): return number
        case .missing: return .nan
        case .tooLarge, .text:
            throw Failure(
                .badData,
                "\(reader.path):\(reader.line): '\(reader.roughText(field).printable(limit: 60))' is not a number that 64 bits hold"
            )
        }
    }

    private static func whole(_ reader: CSVRecordReader, _ field: Int) throws -> Int {
        let number = try number(reader, field)
        if let whole = Int(exactly: number), whole >= 0, whole < 1 << 53 { return whole }
        throw Failure(
            .badData, "\(reader.path):\(reader.line): '\(reader.roughText(field).printable(limit: 60))' is not a whole number")
    }
}

/// A MatrixMarket file of all values, turned from columns into rows in memory.
private final class MatrixMarketArray: ArrayReader {
    let path: String
    let type: NumberType
    let shape: [Int]
    private var values: [Double]
    private var position = 0

    init(_ matrix: MatrixMarketFile) throws {
        path = matrix.path
        shape = [matrix.rowCount, matrix.columnCount]
        type = matrix.type
        guard !shape.contains(0) else {
            throw Failure(.badData, "\(matrix.path) has the shape \(shape), but must have rows and columns")
        }
        let bytes = shape.reduce(8, *)
        guard bytes < availableMemory() else {
            throw Failure(
                .badData,
                "\(matrix.path): to bring it in the order of rows takes \(bytes >> 20) MiB of memory: import it in parts")
        }
        var values = [Double](repeating: 0, count: shape[0] * shape[1])
        try matrix.forEachValue(Double.self) { values[$0 * matrix.columnCount + $1] = $2 }
        self.values = values
    }

    func read(_ byteCount: Int) throws -> [UInt8] {
        type.with { bytes(of: $0, byteCount) }
    }

    private func bytes<Number: HDF5Number>(of _: Number.Type, _ byteCount: Int) -> [UInt8] {
        let end = position + byteCount / MemoryLayout<Number>.size
        defer { position = end }
        return values[position..<end].map { Number($0) }.withUnsafeBytes { Array($0) }
    }
}
