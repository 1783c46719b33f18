internal import Datasets
internal import Foundation
internal import HDF5
internal import Support
internal import Training

/// What an HDF5 file holds; a child process looks.
public struct Inspection {
    struct Item: Codable {
        var path: String
        var shape: [Int] = []
        var type = ""
        var chunks: [Int]?
        var filters: [String] = []
        /// In the file.
        var bytes = 0
        /// How many times larger the data are in memory.
        var ratio: Double?
        var values: ValueScan?
        var attributes = 0
        var note: String?
        var problem: String?
    }

    /// A matrix in compressed rows or columns, whose parts are data sets of a group.
    struct SparseMatrix: Codable {
        var path: String
        var format: String
        var shape: [Int]
        var storedCount: Int
        var bytes: Int
    }

    struct Summary: Codable {
        var file: String
        var format: String?
        var attributes: [String: String] = [:]
        var datasets: [Item] = []
        var sparse: [SparseMatrix] = []
        var problems: [String] = []
        var isComplete = true
    }

    private let summary: Summary

    /// - Parameter path: the file; or the folder of a run or its `checkpoints`, for the checkpoint that is meant by them.
    /// - Throws: ``Failure`` (65, 66, 77).
    public init(_ path: String) throws {
        summary = try FileProbe.inspect.report(Summary.self, on: CheckpointPlace(path).file())
    }

    /// What is damaged or refused, a line each.
    public var problems: [String] {
        summary.problems + summary.datasets.compactMap { item in item.problem.map { "\(item.path): \($0)" } }
    }

    /// For people: attributes, then a line a data set.
    public func text() -> String {
        let name = summary.file.printable(limit: 4096)
        var lines = ["\(name)\(summary.format.map { ": \($0.printable())" } ?? "")"]
        for (name, value) in summary.attributes.sorted(by: { $0.key < $1.key }) where name != "format" {
            let valueLines = value.trimmingCharacters(in: .newlines).split(separator: "\n", omittingEmptySubsequences: false)
                .map { String($0).printable(limit: 1000) }
            lines.append(
                "  \(name.printable()): \(valueLines.count > 1 ? "\n      " : "")\(valueLines.joined(separator: "\n      "))")
        }
        let paths = summary.datasets.map(\.path) + summary.sparse.map(\.path)
        let width = min(paths.map { $0.printable().count }.max() ?? 0, 40)
        for matrix in summary.sparse {
            lines.append(
                "\(matrix.path.printable().padded(to: width))  \(matrix.shape) sparse (\(matrix.format)), \(matrix.storedCount) values stored, "
                    + sizeText(matrix.bytes))
        }
        for item in summary.datasets {
            let path = item.path.printable().padded(to: width)
            if let problem = item.problem {
                lines.append("\(path)  \(problem.printable(limit: 1000))")
                continue
            }
            lines.append("\(path)  \(description(of: item))")
            if let note = item.note { lines.append("    \(note.printable(limit: 1000))") }
        }
        lines += summary.problems.map { $0.printable(limit: 1000) }
        if !summary.isComplete { lines.append("... and more that is not shown") }
        return lines.joined(separator: "\n")
    }

    private func description(of item: Item) -> String {
        var parts = ["\(item.shape) \(item.type)"]
        if let values = item.values {
            if let low = values.minimum, let high = values.maximum {
                parts.append("\(values.isWhole ? "" : "about ")\(numberText(low))...\(numberText(high))")
            }
            if values.nanCount > 0 { parts.append("\(values.isWhole ? "" : "at least ")\(values.nanCount) NaN") }
            if values.infiniteCount > 0 { parts.append("\(values.isWhole ? "" : "at least ")\(values.infiniteCount) infinite") }
        }
        var size = sizeText(item.bytes)
        if let ratio = item.ratio, ratio >= 1.05 { size += String(format: " (1/%.1f)", ratio) }
        parts.append(size)
        if let chunks = item.chunks { parts.append("chunks \(chunks)") }
        if !item.filters.isEmpty { parts.append(item.filters.joined(separator: " ").printable()) }
        if item.attributes > 0 { parts.append("\(item.attributes) attribute\(item.attributes == 1 ? "" : "s")") }
        return parts.joined(separator: ", ")
    }

    private func numberText(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : String(format: "%.5g", value)
    }

    /// For programs.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(summary), as: UTF8.self)
    }
}
