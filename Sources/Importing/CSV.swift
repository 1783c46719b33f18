internal import Datasets
internal import HDF5
internal import Logging
internal import Support

/// What is known of a table beforehand; what is nil is found out.
public struct CSVOptions: Sendable {
    /// The columns of labels and ids: a name, or `#3` for a place from 0.
    public var label: String?
    public var id: String?
    /// Whether the first line has the names of the columns.
    public var header: Bool?
    public var separator: FieldSeparator?
    public var decimalMark: UInt8?
    /// The columns of data, or those that are left out: names, places and ranges of places (`0:10`), with commas between them.
    public var columns: String?
    public var drop: String?

    public init() {}
}

extension Importer {
    /// Imports a table of numbers: with or without names, with any separator, missing values as NaN. float32, or float64 where that
    /// would lose something; `/feature_names` if there are names.
    ///
    /// Labels are whole numbers, or else strings; ids are strings.
    ///
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (64, 65, 66, 73, 74, 77) naming line and column.
    public func importCSV(file path: String, _ options: CSVOptions) throws -> String {
        var table = try CSVTable(path, options)
        // Once through to look at every field, once to write.
        var survey = CSVSurvey(columnCount: table.columns.data.count, table.dialect, options)
        var labels = LabelSurvey()
        var idBytes = 0
        let comments = try table.forEachRow("looking at the table") { record in
            try survey.add(record, table.columns)
            if let column = table.columns.label { labels.add(try record.text(column)) }
            if let column = table.columns.id { idBytes += record.withBytes(of: column, \.count) }
        }
        guard survey.rowCount > 0 else {
            throw Failure(.badData, "\(path): has no rows\(table.dialect.columnNames == nil ? "" : ", only a header")")
        }
        try survey.requireNumbers(table.columns, path)
        let empty = table.leaveOutEmptyColumns(survey)
        tell(table, survey, labels, comments: comments, empty: empty, options)
        let isWide = zip(0..., survey.columns).contains { !empty.contains($0) && $1.numbers.needsDouble }
        let mark = survey.mark ?? CSVCell.point
        let textBytes = labels.byteCount + idBytes + (table.columns.dataNames ?? []).reduce(0) { $0 + $1.utf8.count + 64 }
        let shape = [survey.rowCount, table.columns.data.count]
        return try write(byteCount: shape[0] * (shape[1] * (isWide ? 8 : 4) + 80) + 2 * textBytes) { file in
            let kind = labels.kind(of: shape[0])
            if isWide {
                try copy(table, shape, mark, kind, to: file) { $0 }
            } else {
                try copy(table, shape, mark, kind, to: file) { Float($0) }
            }
            if table.columns.id == nil { try writeRowNumbers(shape[0], to: file) }
            try file.write(featureNames: table.columns.dataNames, group: group)
            return summary(
                shape, isWide ? "float64" : "float32", labels: table.columns.label != nil, names: table.columns.dataNames != nil)
        }
    }

    /// Reads the table once more and writes its rows.
    private func copy<Number: HDF5Number>(
        _ table: CSVTable, _ shape: [Int], _ mark: UInt8, _ kind: LabelSurvey.Kind, to file: File, _ number: (Double) -> Number
    ) throws {
        let data = try file.createDataset("\(group)/data", Number.self, shape: shape, compressed: true)
        let labels = try table.columns.label.map { _ in try LabelWriter("\(group)/label", kind, count: shape[0], in: file) }
        let ids = try table.columns.id.map { _ in try file.createStrings("\(group)/id", count: shape[0]) }
        let step = max(1, Self.pieceBytes / (shape[1] * MemoryLayout<Number>.size))
        var values: [Number] = []
        var labelTexts: [String] = []
        var idTexts: [String] = []
        var written = 0
        func flush() throws {
            let rows = written..<written + values.count / shape[1]
            try data.write(values, rows: rows)
            try labels?.write(labelTexts, rows: rows)
            try ids?.write(idTexts, rows: rows)
            written = rows.upperBound
            values.removeAll(keepingCapacity: true)
            labelTexts.removeAll(keepingCapacity: true)
            idTexts.removeAll(keepingCapacity: true)
        }
        var count = 0
        try table.forEachRow("importing") { record in
            count += 1
            guard count <= shape[0] else { throw table.changed }
            for column in table.columns.data {
                switch record.withBytes(of: column, { CSVCell($0, mark: mark) }) {
                case .number(let value): values.append(number(value))
                case .missing: values.append(number(.nan))
                case .tooLarge, .text: throw table.changed
                }
            }
            if let column = table.columns.label { labelTexts.append(try record.text(column)) }
            if let column = table.columns.id { idTexts.append(try record.text(column)) }
            if count - written == step { try flush() }
        }
        guard count == shape[0] else { throw table.changed }
        try flush()
    }

    /// Says what was taken for what, where nobody told.
    private func tell(
        _ table: CSVTable, _ survey: CSVSurvey, _ labels: LabelSurvey, comments: Int, empty: Set<Int>, _ options: CSVOptions
    ) {
        let (path, columns) = (table.path, table.columns)
        if options.header == nil || options.separator == nil {
            let mark = survey.mark.map { $0 == CSVCell.comma ? ", decimal commas" : ", decimal points" } ?? ""
            log.notice(
                "\(path): taken as a table with \(table.dialect.description)\(mark) (--header, --separator, --decimal say otherwise)"
            )
        }
        if columns.idIsRowNames {
            log.notice("\(path): the first column has no name: taken as ids (--id names others, --drop '#0' leaves it out)")
        }
        if columns.id != 0, columns.data.contains(0), table.dialect.columnNames?.first == "", !columns.areChosen {
            log.notice(
                "\(path): the first column has no name and is taken as data: leave it out with --drop '#0' if it has row numbers")
        }
        if !empty.isEmpty {
            log.notice(
                "\(path): columns without a name or a value, of separators at the ends of lines, are left out: \(empty.count)")
        }
        if comments > 0 { log.notice("\(path): comments (lines that begin with #) passed over: \(comments)") }
        let isKept = survey.columns.indices.filter { !empty.contains($0) }
        let missing = isKept.reduce(0) { $0 + survey.columns[$1].missingCount }
        if missing > 0 {
            let words = survey.missingWords.map { $0 == "empty" ? $0 : "'\($0)'" }.joined(separator: ", ")
            log.notice(
                "\(path): missing values (\(words)) are NaN: \(missing) of \(survey.rowCount * isKept.count); train with --nan mask, or --nan drop"
            )
        }
        if survey.emptyRowCount > 0, survey.emptyRowCount < survey.rowCount {
            log.notice("\(path): rows without any value: \(survey.emptyRowCount); --nan drop leaves them out")
        }
        func list(_ which: (CSVSurvey.Column) -> Bool) -> String? {
            let found = isKept.filter { which(survey.columns[$0]) }
            if found.isEmpty { return nil }
            let names = found.prefix(5).map { place in columns.describe(table.surveyed[place]) }
            return names.joined(separator: ", ") + (found.count > 5 ? " and \(found.count - 5) more" : "")
        }
        if let wide = list(\.numbers.needsDouble) { log.notice("\(path): float64, for float32 would lose digits of \(wide)") }
        if let infinite = list({ $0.numbers.infiniteCount > 0 }) {
            log.notice("\(path): has infinite values, which cannot be trained on, in \(infinite)")
        }
        if let nothing = list({ $0.numbers.numberCount == 0 }) {
            log.notice("\(path): has no value at all in \(nothing): leave it out with --drop")
        }
        if survey.roundedCount > 0 { log.notice("\(path): whole numbers beyond 2^53 are rounded: \(survey.roundedCount)") }
        if labels.missingCount > 0 { log.notice("\(path): rows without a label: \(labels.missingCount)") }
    }
}
