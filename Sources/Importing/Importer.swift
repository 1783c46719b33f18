internal import Datasets
internal import Foundation
package import HDF5
public import Logging
internal import Support

/// An array in a file of another format, read from its start to its end.
package protocol ArrayReader {
    /// Of the file, for messages.
    var path: String { get }
    var type: NumberType { get }
    var shape: [Int] { get }

    /// The next bytes, in this machine's order. Throws ``Failure``.
    func read(_ byteCount: Int) throws -> [UInt8]
}

/// One label a row, from a file of another format.
package protocol LabelReader {
    /// At most what they take in the output.
    var byteCount: Int { get }

    /// Writes them to `/label`. Throws ``Failure``, or what the library says.
    func write(_ importer: Importer, to file: File) throws
}

/// Labels that are numbers.
struct NumberLabels: LabelReader {
    let numbers: any ArrayReader
    let count: Int

    var byteCount: Int { count * 8 }

    func write(_ importer: Importer, to file: File) throws {
        try importer.copy(numbers, to: "\(importer.group)/label", shape: [count], in: file)
    }
}

/// Brings data of other formats into HDF5: `/data`, rows first and in their own type, `/label`, and `/id`; with a name the same
/// under `/name`. The file appears when it is complete; data that it held before stay.
public struct Importer {
    package let output: String
    package let group: String
    private let force: Bool
    package let log: Logger

    /// - Parameters:
    ///   - name: the group; nil for the top of the file.
    ///   - force: whether an output that is there is replaced; with a name, what an import wrote to that group.
    public init(output: String, name: String?, force: Bool = false, log: Logger) {
        self.output = output
        self.force = force
        self.log = log
        group = name.map { "/" + $0.trimmingCharacters(in: CharacterSet(charactersIn: "/")) } ?? ""
    }

    /// Throws ``Failure``: 64 for a name that says what is not written, 73 for an output that is read and would be replaced.
    ///
    /// - Parameters:
    ///   - data: what is read of HDF5 files, as `--data` has it.
    ///   - files: other files that are read.
    public func check(data: [String] = [], files: [String] = []) throws {
        let output = OutputFiles.File("--output", self.output)
        // With a group the file is added to, and what is in it stays.
        try OutputFiles([output], force: true).check(data: group.isEmpty ? data : [], files: group.isEmpty ? files : [])
    }

    /// Rows are copied in pieces of about this size.
    package static let pieceBytes = 8 << 20

    /// Opens the output, which has no name yet, lets `body` write at most `byteCount` bytes, and publishes.
    package func write(byteCount: Int, _ body: (File) throws -> String) throws -> String {
        let byteCount = byteCount + byteCount / 50 + 1 << 20
        let published = AtomicFile(output)
        do {
            let file: File
            if FileManager.default.fileExists(atPath: output), !(force && group.isEmpty) {
                guard !group.isEmpty else {
                    throw Failure(
                        .cannotCreate,
                        "\(output) is there already: give another --output, add to it with --name, or --force to replace it")
                }
                // Says so if it is not HDF5, before it is copied.
                _ = try File.open(output)
                file = try File.copy(output, to: published, byteCount: byteCount, progress: {})
                if try file.item("\(group)/data") != nil {
                    guard force else {
                        throw Failure(
                            .cannotCreate, "\(output) has \(group)/data already: give another --name, or --force to replace it")
                    }
                    for name in ["data", "label", "labels", "id", "ids", "feature_names"] { try file.remove("\(group)/\(name)") }
                }
            } else {
                file = try File.create(published, byteCount: byteCount)
            }
            let summary = try body(file)
            try file.close()
            try published.publish()
            return summary
        } catch let error as HDF5Error {
            throw Failure(writing: error)
        } catch let error as FileError {
            throw Failure(error)
        }
    }

    /// Writes row numbers as ids.
    func writeRowNumbers(_ count: Int, to file: File) throws(HDF5Error) {
        let ids = try file.createDataset("\(group)/id", Int64.self, shape: [count], compressed: true)
        for first in stride(from: 0, to: count, by: 1 << 20) {
            let rows = first..<min(first + 1 << 20, count)
            try ids.write(rows.map(Int64.init), rows: rows)
        }
    }

    /// Writes strings as a data set.
    package func write(_ texts: [String], to path: String, in file: File) throws {
        let dataset = try file.createStrings(path, count: texts.count)
        for first in stride(from: 0, to: texts.count, by: 1 << 14) {
            let rows = first..<min(first + 1 << 14, texts.count)
            try dataset.write(Array(texts[rows]), rows: rows)
        }
    }

    /// Writes an array and its labels, of one per row, with row numbers as ids; gives the line of text that says so. Throws ``Failure``, also
    /// (65) for rows that are too long to be trained on.
    package func write(_ data: some ArrayReader, labels: (any LabelReader)?) throws -> String {
        try requireTrainable(data.shape, data.path)
        return try write(byteCount: data.shape.reduce(data.type.size, *) + data.shape[0] * 16 + (labels?.byteCount ?? 0)) {
            file in
            try copy(data, to: "\(group)/data", shape: data.shape, in: file)
            if let labels { try labels.write(self, to: file) }
            try writeRowNumbers(data.shape[0], to: file)
            return summary(data.shape, "\(data.type)", labels: labels != nil)
        }
    }

    /// Throws ``Failure`` (65) for rows that are too long to be trained on.
    func requireTrainable(_ shape: [Int], _ path: String) throws(Failure) {
        let features = shape.dropFirst().reduce(1, *)
        if features <= DataSource.mostFeatures { return }
        throw Failure(
            .badData, "\(path): has rows of \(features) values, but at most \(DataSource.mostFeatures) can be trained on")
    }

    /// Copies an array, as an array of the same number of elements.
    package func copy(_ source: any ArrayReader, to path: String, shape: [Int], in file: File) throws {
        try source.type.with { try copy(source, as: $0, to: path, shape: shape, in: file) }
    }

    private func copy<Number: HDF5Number>(
        _ source: any ArrayReader, as _: Number.Type, to path: String, shape: [Int], in file: File
    ) throws {
        let dataset = try file.createDataset(path, Number.self, shape: shape, compressed: true)
        let rowBytes = dataset.rowSize * MemoryLayout<Number>.size
        let step = max(1, Self.pieceBytes / max(rowBytes, 1))
        Activity.begin("importing", of: dataset.rowCount, "rows")
        defer { Activity.end() }
        for first in stride(from: 0, to: dataset.rowCount, by: step) {
            let rows = first..<min(first + step, dataset.rowCount)
            let bytes = try source.read(rows.count * rowBytes)
            try bytes.withUnsafeBytes { try dataset.write($0.bindMemory(to: Number.self).baseAddress!, rows: rows) }
            Activity.advance(to: rows.upperBound)
        }
    }

    package func summary(_ shape: [Int], _ type: String, labels: Bool, names: Bool = false) -> String {
        "wrote \(output): \(group)/data \(shape) \(type)\(labels ? ", \(group)/label" : ""), \(group)/id"
            + (names ? ", \(group)/feature_names" : "")
    }
}
