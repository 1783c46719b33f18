internal import Foundation
internal import Logging
internal import Support

extension Importer {
    /// Imports arrays that `numpy.savez` or `numpy.savez_compressed` wrote, or the sparse matrix that `scipy.sparse.save_npz` wrote.
    ///
    /// - Parameters:
    ///   - data: the key of the rows; nil for the sparse matrix, `data`, `x`, `X`, `arr_0`, or the only array with rows and columns.
    ///   - labels: the key of the labels, or an NPY file; nil for `label`, `labels` or `y` if there is one a row.
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (65, 66, 73, 74, 77).
    public func importNPZ(file path: String, data: String?, labels: String?) throws -> String {
        let file = try NPZFile(path)
        if data == nil, let matrix = try NPZMatrix(file) {
            return try write(matrix, labels: try file.labels(labels, of: matrix.rowCount, rowsKey: nil, log))
        }
        let rows = try file.rows(data)
        return try write(
            try file.reader(rows), labels: try file.labels(labels, of: rows.header.shape[0], rowsKey: rows.key, log))
    }
}

/// The arrays of an NPZ file: a zip file of NPY files.
struct NPZFile {
    struct Array {
        let key: String
        let header: NPYHeader
        let member: ZipArchive.Member
    }

    /// The headers of all are read.
    private static let mostArrays = 1000

    private let archive: ZipArchive
    private let arrays: [Array]

    var path: String { archive.path }

    init(_ path: String) throws {
        let archive = try ZipArchive(path)
        let members = archive.members.filter { $0.name.hasSuffix(".npy") }
        guard members.count <= Self.mostArrays else {
            throw Failure(.badData, "\(path): has \(members.count) arrays, but at most \(Self.mostArrays) are read")
        }
        arrays = try members.map { member in
            let key = String(member.name.dropLast(4))
            return Array(key: key, header: try NPYHeader(try archive.open(member, as: key)), member: member)
        }
        if arrays.isEmpty { throw Failure(.badData, "\(path): has no arrays: not an NPZ file") }
        self.archive = archive
    }

    func reader(_ array: Array) throws -> NPYReader {
        let (header, stream) = try open(array)
        return try NPYReader(header, stream)
    }

    func rows(_ key: String?) throws -> Array {
        if let key {
            let array = try self.array(key, "--data")
            try array.header.requireRows("\(archive.path):\(key)")
            return array
        }
        let tables = arrays.filter { $0.header.shape.count >= 2 && !$0.header.shape.contains(0) }
        for key in ["data", "x", "X", "arr_0"] {
            if let array = tables.first(where: { $0.key == key }) { return array }
        }
        guard tables.count == 1 else {
            let reason = tables.isEmpty ? "no array has rows and columns" : "several arrays have rows and columns"
            throw Failure(.badData, "\(archive.path): \(reason): name one with --data; there are \(list)")
        }
        return tables[0]
    }

    /// The labels of some rows; nil if there are none, and none were asked for. Throws ``Failure`` (65, 66, 77).
    func labels(_ key: String?, of count: Int, rowsKey: String?, _ log: Logger) throws -> (any LabelReader)? {
        if let key {
            if array(key) == nil, access(key, F_OK) == 0 { return try Importer.npyLabels(key, of: count) }
            return try labelReader(try array(key, "--labels"), of: count)
        }
        for key in ["label", "labels", "y"] where key != rowsKey {
            guard let array = array(key), array.header.hasLabels(of: count) else { continue }
            // What was not asked for must not keep the rows from being imported.
            if array.header.element != nil { return try labelReader(array, of: count) }
            log.notice("\(path):\(key) is not taken as labels: it \(array.header.refusal)")
        }
        return nil
    }

    private func labelReader(_ array: Array, of count: Int) throws -> any LabelReader {
        let (header, stream) = try open(array)
        return try header.labels(of: count, stream)
    }

    func array(_ key: String) -> Array? { arrays.first { $0.key == key } }

    /// What an array holds, from the beginning, and how. Throws ``Failure`` (65).
    func open(_ array: Array) throws -> (header: NPYHeader, stream: any ByteStream) {
        let stream = try archive.open(array.member, as: array.key)
        return (try NPYHeader(stream), stream)
    }

    private func array(_ key: String, _ option: String) throws -> Array {
        if let array = array(key) { return array }
        throw Failure(.badData, "\(archive.path): has no '\(key)' for \(option); there are \(list)")
    }

    /// The keys with their shapes, at most ten.
    private var list: String {
        let names = arrays.prefix(10).map { "\($0.key) \($0.header.shape)" }
        return names.joined(separator: ", ") + (arrays.count > 10 ? " and \(arrays.count - 10) more" : "")
    }
}
