internal import Foundation

/// A CSV file of a run that has lines for each epoch, `metrics.csv` or `ranks.csv`, by the names of its columns.
package struct EpochTable {
    /// A line. What is empty in it, or of a column that the file does not have, is nil.
    package struct Row {
        fileprivate let columns: [String: Int]
        fileprivate let fields: [Substring]

        package func text(_ column: String) -> String? {
            columns[column].flatMap { fields[$0].isEmpty ? nil : String(fields[$0]) }
        }

        package subscript(column: String) -> Double? { columns[column].flatMap { Double(fields[$0]) } }
    }

    package let rows: [Row]

    /// - Parameter most: the bytes at the end of a longer file that are read.
    /// - Returns: nil without a file with a line of names.
    package init?(_ path: String, most: Int = 1 << 26) {
        guard let file = FileHandle(forReadingAtPath: path), let size = (try? file.seekToEnd()).map(Int.init) else { return nil }
        defer { try? file.close() }
        func read(from offset: Int, _ count: Int) -> [Substring] {
            guard (try? file.seek(toOffset: UInt64(offset))) != nil, let data = try? file.read(upToCount: count) else {
                return []
            }
            return String(decoding: data, as: UTF8.self).split(separator: "\n")
        }
        guard let head = read(from: 0, min(size, 4096)).first else { return nil }
        let names = head.split(separator: ",").map(String.init)
        let start = max(0, size - most)
        let columns = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        // What is before the first end of a line is the names, or half a line.
        rows = read(from: start, size - start).dropFirst().map {
            Row(columns: columns, fields: $0.split(separator: ",", omittingEmptySubsequences: false))
        }.filter { $0.fields.count == names.count }
    }

    /// The end of a file that is enough for pictures.
    package static let shown = 4 << 20

    /// The lines up to a step.
    package func rows(upTo step: Int) -> [Row] { rows.filter { $0["step"].map { $0 <= Double(step) } ?? false } }

    /// A column by the epoch, where it has finite numbers.
    package func curve(_ column: String, factor: Double = 1) -> [(Double, Double)] {
        rows.compactMap { row in
            guard let epoch = row["epoch"], let value = row[column], value.isFinite else { return nil }
            return (epoch, factor * value)
        }
    }
}
