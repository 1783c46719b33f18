internal import Foundation
internal import HDF5

/// What an HDF5 file holds.
public struct Inspection {
    private struct Item: Encodable {
        var path: String
        var shape: [Int]
        var type: String
        var chunks: [Int]?
        var filters: [String]
        var bytes: Int
        var problem: String?
    }

    private struct Summary: Encodable {
        var file: String
        var format: String?
        var attributes: [String: String]
        var datasets: [Item]
    }

    private let summary: Summary

    /// Throws ``Failure`` (65, 66, 77).
    public init(_ path: String) throws {
        do throws(HDF5Error) {
            let file = try File.open(path)
            var attributes: [String: String] = [:]
            for name in try file.attributeNames() {
                guard let value = try file.attribute(name) else { continue }
                attributes[name] =
                    switch value {
                    case .integer(let number): "\(number)"
                    case .double(let number): "\(number)"
                    case .string(let string): string
                    case .strings(let strings): strings.joined(separator: ", ")
                    case .doubles(let numbers): numbers.map { "\($0)" }.joined(separator: ", ")
                    }
            }
            let items = try file.datasetPaths().map { path in
                do {
                    let dataset = try file.dataset(path)
                    return Item(
                        path: path, shape: dataset.shape, type: dataset.type.description, chunks: dataset.chunkShape,
                        filters: dataset.filters, bytes: dataset.storageSize)
                } catch {
                    return Item(path: path, shape: [], type: "", filters: [], bytes: 0, problem: "\(error)")
                }
            }
            summary = Summary(file: path, format: attributes["format"], attributes: attributes, datasets: items)
        } catch {
            throw Failure(error)
        }
    }

    /// For people: attributes, then a line a data set.
    public func text() -> String {
        var lines = ["\(summary.file)\(summary.format.map { ": \($0)" } ?? "")"]
        for (name, value) in summary.attributes.sorted(by: { $0.key < $1.key }) where name != "format" {
            let indented = value.trimmingCharacters(in: .newlines).replacing("\n", with: "\n      ")
            lines.append("  \(name): \(value.contains("\n") ? "\n      " : "")\(indented)")
        }
        let width = summary.datasets.map(\.path.count).max() ?? 0
        for item in summary.datasets {
            let path = item.path.padding(toLength: width, withPad: " ", startingAt: 0)
            if let problem = item.problem {
                lines.append("\(path)  \(problem)")
                continue
            }
            var line = "\(path)  \(item.shape) \(item.type), \(item.bytes) bytes"
            if let chunks = item.chunks { line += ", chunks \(chunks)" }
            if !item.filters.isEmpty { line += ", \(item.filters.joined(separator: " "))" }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }

    /// For programs.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(summary), as: UTF8.self)
    }
}
