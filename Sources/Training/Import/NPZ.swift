internal import Logging

extension Importer {
    /// Imports arrays that `numpy.savez` or `numpy.savez_compressed` wrote.
    ///
    /// - Parameters:
    ///   - data: the key of the rows; nil for `data`, `x`, `X`, `arr_0`, or the only array with rows and columns.
    ///   - labels: the key of the labels; nil for `label`, `labels` or `y` if there is one a row.
    /// - Returns: what was written, as a line of text.
    /// - Throws: ``Failure`` (65, 66, 73, 74, 77).
    public func importNPZ(file path: String, data: String?, labels: String?) throws -> String {
        let file = try NPZFile(path)
        let rows = try file.rows(data)
        let reader = try file.reader(rows)
        let labelReader = try file.labels(labels, of: rows, log).map { try file.reader($0) }
        return try write(reader, labels: labelReader)
    }
}

/// The arrays of an NPZ file: a zip file of NPY files.
private struct NPZFile {
    struct Array {
        let key: String
        let header: NPYHeader
        let member: ZipArchive.Member
    }

    private let archive: ZipArchive
    private let arrays: [Array]

    init(_ path: String) throws {
        let archive = try ZipArchive(path)
        arrays = try archive.members.filter { $0.name.hasSuffix(".npy") }.map { member in
            let key = String(member.name.dropLast(4))
            return Array(key: key, header: try NPYHeader(try archive.open(member, as: key)), member: member)
        }
        if arrays.isEmpty { throw Failure(.badData, "\(path): has no arrays: not an NPZ file") }
        self.archive = archive
    }

    func reader(_ array: Array) throws -> NPYReader {
        let stream = try archive.open(array.member, as: array.key)
        return try NPYReader(try NPYHeader(stream), stream)
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

    func labels(_ key: String?, of rows: Array, _ log: Logger) throws -> Array? {
        let count = rows.header.shape[0]
        if let key {
            let array = try self.array(key, "--labels")
            try array.header.requireLabels(of: count, "\(archive.path):\(key)")
            return array
        }
        for key in ["label", "labels", "y"] where key != rows.key {
            guard let array = arrays.first(where: { $0.key == key && $0.header.shape == [count] }) else { continue }
            // What was not asked for must not keep the rows from being imported.
            if array.header.element != nil { return array }
            log.notice("\(archive.path):\(key) is not taken as labels: its elements are of type '\(array.header.elementName)'")
        }
        return nil
    }

    private func array(_ key: String, _ option: String) throws -> Array {
        if let array = arrays.first(where: { $0.key == key }) { return array }
        throw Failure(.badData, "\(archive.path): has no '\(key)' for \(option); there are \(list)")
    }

    /// The keys with their shapes, at most ten.
    private var list: String {
        let names = arrays.prefix(10).map { "\($0.key) \($0.header.shape)" }
        return names.joined(separator: ", ") + (arrays.count > 10 ? " and \(arrays.count - 10) more" : "")
    }
}
