internal import Foundation
internal import HDF5
internal import Logging

extension Importer {
    /// Imports a table of numbers as float32, with or without a line of names, separated by comma, semicolon or tab.
    ///
    /// - Parameters:
    ///   - label: the column of labels, by name or number; whole numbers, or else strings.
    ///   - id: the column of ids, kept as strings.
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (65, 66, 73, 74) naming line and column.
    public func importCSV(file path: String, label: String?, id: String?) throws -> String {
        let table = try CSVTable(path, label: label, id: id)
        // Once through to count the rows and check every number, once to write.
        var rowCount = 0
        var labelsAreNumbers = true
        var textBytes = 0
        try table.forEachRow("import 1/2", log) { row in
            rowCount += 1
            textBytes += (row.label?.utf8.count ?? 0) + (row.id?.utf8.count ?? 0)
            if let text = row.label, Int64(text) == nil { labelsAreNumbers = false }
        }
        guard rowCount > 0 else { throw Failure(.badData, "\(path): has no rows") }
        let columns = table.dataColumns.count
        return try write(byteCount: rowCount * (columns * 4 + 80) + 2 * textBytes) { file in
            let data = try file.createDataset("\(group)/data", Float.self, shape: [rowCount, columns], compressed: true)
            let labels =
                label == nil
                ? nil
                : labelsAreNumbers
                    ? try file.createDataset("\(group)/label", Int64.self, shape: [rowCount], compressed: true)
                    : try file.createStrings("\(group)/label", count: rowCount)
            let ids = id == nil ? nil : try file.createStrings("\(group)/id", count: rowCount)
            var values: [Float] = []
            var labelTexts: [String] = []
            var idTexts: [String] = []
            var written = 0
            func flush() throws {
                let rows = written..<written + values.count / columns
                try data.write(values, rows: rows)
                if let labels {
                    if labelsAreNumbers {
                        try labels.write(labelTexts.map { Int64($0)! }, rows: rows)
                    } else {
                        try labels.write(labelTexts, rows: rows)
                    }
                }
                try ids?.write(idTexts, rows: rows)
                written = rows.upperBound
                values.removeAll(keepingCapacity: true)
                labelTexts.removeAll(keepingCapacity: true)
                idTexts.removeAll(keepingCapacity: true)
            }
            try table.forEachRow("import 2/2", log) { row in
                values += row.values
                if let text = row.label { labelTexts.append(text) }
                if let text = row.id { idTexts.append(text) }
                if values.count * 4 > Self.pieceBytes { try flush() }
            }
            try flush()
            if id == nil { try writeRowNumbers(rowCount, to: file) }
            if let names = table.names {
                try file.setAttribute("columns", .strings(table.dataColumns.map { names[$0] }), of: "\(group)/data")
            }
            return summary([rowCount, columns], "float32", labels: label != nil)
        }
    }
}

/// A table in a text file.
private struct CSVTable {
    struct Row {
        var values: [Float]
        var label: String?
        var id: String?
    }

    private let path: String
    private let separator: UInt8
    /// The names of the columns, if the first line has them.
    let names: [String]?
    private let columnCount: Int
    let dataColumns: [Int]
    private let labelColumn: Int?
    private let idColumn: Int?

    init(_ path: String, label: String?, id: String?) throws {
        self.path = path
        guard let first = try CompressedFile(path).readLine(), !first.isEmpty else {
            throw Failure(.badData, "\(path): is empty")
        }
        let separators: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
        let separator = separators.max { a, b in first.count { $0 == a } < first.count { $0 == b } }!
        self.separator = separator
        let fields = Self.split(first, separator)
        columnCount = fields.count
        func column(_ name: String?, _ option: String) throws -> Int? {
            guard let name else { return nil }
            if let index = fields.firstIndex(of: name) { return index }
            if let number = Int(name), fields.indices.contains(number) { return number }
            throw Failure(
                .badData,
                "\(path): no column '\(name)' for \(option); there are \(fields.count): "
                    + nearestNames(to: name, among: fields, limit: 10).joined(separator: ", "))
        }
        let labelColumn = try column(label, "--label")
        let idColumn = try column(id, "--id")
        self.labelColumn = labelColumn
        self.idColumn = idColumn
        let dataColumns = fields.indices.filter { $0 != labelColumn && $0 != idColumn }
        guard !dataColumns.isEmpty else { throw Failure(.badData, "\(path): has no columns of data") }
        self.dataColumns = dataColumns
        names = dataColumns.allSatisfy { Float(fields[$0]) != nil } ? nil : fields
    }

    func forEachRow(_ title: String, _ log: Logger, _ body: (Row) throws -> Void) throws {
        let file = try CompressedFile(path)
        let progress = ImportProgress(title, total: file.storedSize >> 10, unit: "KiB", log: log)
        defer { progress.finish() }
        var number = 0
        if names != nil {
            _ = try file.readLine()
            number = 1
        }
        while let line = try file.readLine() {
            number += 1
            if line.isEmpty { continue }
            let fields = Self.split(line, separator)
            guard fields.count == columnCount else {
                throw Failure(.badData, "\(path):\(number): \(fields.count) columns, but the first line has \(columnCount)")
            }
            let values = try dataColumns.map { column in
                guard let value = Float(fields[column].trimmingCharacters(in: .whitespaces)) else {
                    let name = names.map { " (\($0[column]))" } ?? ""
                    throw Failure(
                        .badData,
                        "\(path):\(number): column \(column)\(name) is '\(fields[column])', not a number: "
                            + "fill it, or name it with --label or --id")
                }
                return value
            }
            progress.update(to: file.storedOffset >> 10)
            try body(Row(values: values, label: labelColumn.map { fields[$0] }, id: idColumn.map { fields[$0] }))
        }
    }

    /// The fields of a line; quotes may surround a field, and two of them in it stand for one (RFC 4180, without line breaks).
    private static func split(_ line: [UInt8], _ separator: UInt8) -> [String] {
        let quote = UInt8(ascii: "\"")
        var fields: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var index = 0
        while index < line.count {
            let byte = line[index]
            if byte == quote, isQuoted, index + 1 < line.count, line[index + 1] == quote {
                field.append(quote)
                index += 1
            } else if byte == quote {
                isQuoted.toggle()
            } else if byte == separator, !isQuoted {
                fields.append(String(decoding: field, as: UTF8.self))
                field.removeAll(keepingCapacity: true)
            } else {
                field.append(byte)
            }
            index += 1
        }
        return fields + [String(decoding: field, as: UTF8.self)]
    }
}
