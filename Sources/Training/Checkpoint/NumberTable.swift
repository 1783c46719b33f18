internal import Foundation

/// A CSV file of numbers, such as a run's `metrics.csv`, by the names of its columns.
package struct NumberTable {
    private let columns: [String: Int]
    /// nil for what is empty or no number.
    package let rows: [[Double?]]

    /// The end of a file is enough where it is very long.
    private static let mostBytes: UInt64 = 4 << 20

    /// - Returns: nil without a file with a line of names.
    package init?(_ path: String) {
        guard let file = FileHandle(forReadingAtPath: path), let size = try? file.seekToEnd() else { return nil }
        defer { try? file.close() }
        func read(from offset: UInt64, _ count: UInt64) -> [Substring] {
            guard (try? file.seek(toOffset: offset)) != nil, let data = try? file.read(upToCount: Int(count)) else { return [] }
            return String(decoding: data, as: UTF8.self).split(separator: "\n")
        }
        guard let head = read(from: 0, min(size, 4096)).first else { return nil }
        let names = head.split(separator: ",").map(String.init)
        let start = size > Self.mostBytes ? size - Self.mostBytes : 0
        columns = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        // What is before the first end of a line is the names, or half a line.
        rows = read(from: start, size - start).dropFirst().map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        }.filter { $0.count == names.count }
    }

    package func value(_ row: [Double?], _ column: String) -> Double? { columns[column].flatMap { row[$0] } }

    /// A column by the epoch, where it has finite numbers.
    package func curve(_ column: String, factor: Double = 1) -> [(Double, Double)] {
        rows.compactMap { row in
            guard let epoch = value(row, "epoch"), let value = value(row, column), value.isFinite else { return nil }
            return (epoch, factor * value)
        }
    }
}
