internal import HDF5
internal import Support

/// A table in a text file, and what is done with its columns.
struct CSVTable {
    let path: String
    let dialect: CSVDialect
    private(set) var columns: CSVColumns
    /// The columns of data as they were surveyed.
    let surveyed: [Int]

    init(_ path: String, _ options: CSVOptions) throws {
        try CompressedFile.requireRegular(path)
        self.path = path
        dialect = try CSVDialect(path, options)
        columns = try CSVColumns(path, dialect, options)
        surveyed = columns.data
    }

    /// What a file is that another process writes to.
    var changed: Failure { Failure(.badData, "\(path): changed while it was read: import it when it is complete") }

    /// Leaves out columns that are separators at the ends of lines; gives their places among those surveyed.
    mutating func leaveOutEmptyColumns(_ survey: CSVSurvey) -> Set<Int> {
        var empty: Set<Int> = []
        for (index, column) in surveyed.enumerated()
        where survey.columns[index].missingCount == survey.rowCount && columns.isNameless(column) && columns.data.count > 1 {
            empty.insert(index)
            columns.drop(column)
        }
        return empty
    }

    /// - Returns: how many comments were passed over.
    @discardableResult
    func forEachRow(_ title: String, _ body: (CSVRecordReader) throws -> Void) throws -> Int {
        let reader = try CSVRecordReader(path, separator: dialect.separator, commentByte: dialect.commentByte)
        Activity.begin(title, of: reader.storedSize >> 10, "KiB")
        defer { Activity.end() }
        var isFirst = true
        while try reader.next() {
            if isFirst {
                isFirst = false
                // Ids and labels may begin with anything.
                if !columns.data.contains(0) { reader.commentByte = nil }
                if dialect.names == .firstRecord {
                    for field in 0..<reader.count { _ = try reader.text(field) }
                    continue
                }
            }
            guard reader.count == dialect.columnCount else {
                let other = dialect.isShifted ? "the lines before have" : "the first line has"
                throw Failure(
                    .badData,
                    "\(path):\(reader.line): \(reader.count) column\(reader.count == 1 ? "" : "s"), but \(other) \(dialect.columnCount)"
                )
            }
            Activity.advance(to: reader.storedOffset >> 10)
            try body(reader)
        }
        return reader.commentCount - (dialect.hasCommentNames ? 1 : 0)
    }
}

/// Writes labels as what they all are.
struct LabelWriter {
    private let dataset: Dataset
    private let kind: LabelSurvey.Kind

    init(_ path: String, _ kind: LabelSurvey.Kind, count: Int, in file: File) throws {
        self.kind = kind
        dataset =
            switch kind {
            case .integers: try file.createDataset(path, Int64.self, shape: [count], compressed: true)
            case .doubles: try file.createDataset(path, Double.self, shape: [count], compressed: true)
            case .strings: try file.createStrings(path, count: count)
            }
    }

    func write(_ texts: [String], rows: Range<Int>) throws {
        switch kind {
        case .integers: try dataset.write(texts.map { LabelSurvey.whole($0) ?? 0 }, rows: rows)
        case .doubles: try dataset.write(texts.map { LabelSurvey.whole($0).map { Double($0) } ?? .nan }, rows: rows)
        case .strings: try dataset.write(texts.map { CSVCell.isMissing($0) ? "" : $0 }, rows: rows)
        }
    }
}
