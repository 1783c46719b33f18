internal import Crypto
internal import Distributed
internal import Foundation
internal import HDF5

/// Rows in an HDF5 file, with the labels and ids that lie beside them.
final class DataSource {
    /// `file.h5:/path`, for messages.
    let name: String
    let rowCount: Int
    /// The shape of a row, and the number of its values.
    let rowShape: [Int]
    let features: Int
    /// How rows are kept in memory: unsigned bytes as they are, everything else as floats.
    let kept: RowStore.Kept
    let labels: RowValues?
    let ids: RowValues?
    private let content: any Rows
    private let file: File

    /// Opens `file.h5` or `file.h5:/path`.
    ///
    /// Without a path the data set is `/data`, of an AnnData file `/X`, or the only one with rows and columns that the file has; the
    /// path of a group means the sparse matrix that it is, or the `data` in it.
    /// - Parameter labels: the path of the labels in the file; empty for those beside the data.
    /// - Throws: ``Failure`` that says what is there instead.
    static func open(_ specification: String, labels: String = "") throws -> DataSource {
        let (path, object) = parse(specification)
        do {
            let file = try File.open(path)
            let found = try object ?? onlyCandidate(in: file)
            let item = try file.item(found)
            if item == nil { throw missing(found, in: file) }
            if item == .group {
                if let sparse = try SparseRows(file, found) { return try DataSource(file, sparse, labels) }
                let inGroup = "\(found == "/" ? "" : found)/data"
                if try file.item(inGroup) == .dataset {
                    return try DataSource(file, DenseRows(dataset: try file.dataset(inGroup)), labels)
                }
            }
            return try DataSource(file, DenseRows(dataset: try file.dataset(found)), labels)
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }

    private init(_ file: File, _ content: some Rows, _ labelPath: String) throws {
        let name = "\(file.path):\(content.path)"
        guard content.type.isNumeric, content.type.size <= 8 else {
            throw Failure(.badData, "\(name) holds \(content.type), but must hold numbers of at most 64 bits")
        }
        let shape = [content.rowCount] + content.rowShape
        guard shape.count >= 2 else {
            throw Failure(.badData, "\(name) has the shape \(shape), but must have rows and columns: at least 2 dimensions")
        }
        let features = content.rowShape.reduce(1, *)
        guard content.rowCount > 0, features > 0 else {
            throw Failure(.badData, "\(name) has the shape \(shape): there is nothing in it")
        }
        guard features <= 1 << 26 else {
            throw Failure(.badData, "\(name) has rows of \(features) values: at most \(1 << 26) are possible")
        }
        try content.check()
        self.file = file
        self.content = content
        self.name = name
        rowCount = content.rowCount
        rowShape = content.rowShape
        self.features = features
        // Bytes are taken for pixels; in a sparse matrix they are counts.
        kept = content is DenseRows && content.type.elementClass == .unsigned && content.type.size == 1 ? .bytes : .floats
        let folder = content.path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        let count = content.rowCount
        func values(_ names: [String]) throws -> RowValues? {
            try names.lazy.compactMap { try RowValues(file, "\(folder)/\($0)", count: count) }.first
        }
        if labelPath.isEmpty {
            labels = try values(["label", "labels"])
        } else {
            let path = labelPath.hasPrefix("/") ? labelPath : "/\(labelPath)"
            guard let found = try RowValues(file, path, count: count) else {
                throw Failure(
                    .badData,
                    "\(file.path) has no labels at \(path), one for each of \(count) rows; there \(Self.listing(of: file, nearestTo: path))"
                )
            }
            labels = found
        }
        ids = try values(["id", "ids"]) ?? Self.observationNames(in: file, count: count)
    }

    /// The names of an AnnData file's observations.
    private static func observationNames(in file: File, count: Int) throws -> RowValues? {
        guard try file.item("/obs") == .group, case .string(let index) = try file.attribute("_index", of: "/obs") else {
            return nil
        }
        return try RowValues(file, "/obs/\(index)", count: count)
    }

    /// The element type and shape, for messages and logs.
    var description: String {
        "\(name), \(rowCount) rows of \(rowShape.map(String.init).joined(separator: " x ")) \(content.type)"
    }

    /// Reads some rows.
    ///
    /// - Parameters:
    ///   - rows: in ascending order.
    ///   - preparation: what will be done to them, which may not allow all values.
    /// - Throws: ``Failure`` naming row and column of the first value that is not finite, or not allowed.
    func store(rows: [Int64], preparation: Preparation) throws -> RowStore {
        do {
            return try RowStore(rows: rows, features: features, kept: kept, preparation: preparation) { memory in
                switch kept {
                case .bytes: try load(rows, into: memory.bindMemory(to: UInt8.self).baseAddress!)
                case .floats:
                    let values = memory.bindMemory(to: Float.self)
                    if values.isEmpty { return }
                    try load(rows, into: values.baseAddress!)
                    try checkValues(values, rows: rows, allowed: preparation.allowed)
                }
            }
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }

    /// Reads stretch by stretch of neighbouring rows, at most about 8 MB at once, skipping what is not asked for.
    private func load<Number: HDF5Number & Numeric>(_ rows: [Int64], into destination: UnsafeMutablePointer<Number>) throws {
        let stretch = max(1, (8 << 20) / (features * MemoryLayout<Number>.size))
        let buffer = UnsafeMutablePointer<Number>.allocate(capacity: min(stretch, rowCount) * features)
        defer { buffer.deallocate() }
        var done = 0
        while done < rows.count {
            let first = Int(rows[done])
            var end = done + 1
            while end < rows.count, Int(rows[end]) < first + stretch { end += 1 }
            let last = Int(rows[end - 1])
            if last - first + 1 == end - done {
                try content.read(rows: first..<last + 1, into: destination + done * features)
            } else {
                try content.read(rows: first..<last + 1, into: buffer)
                for index in done..<end {
                    (destination + index * features).update(
                        from: buffer + (Int(rows[index]) - first) * features, count: features)
                }
            }
            done = end
        }
    }

    private func checkValues(
        _ values: UnsafeMutableBufferPointer<Float>, rows: [Int64], allowed: (range: ClosedRange<Float>, reason: String)
    ) throws {
        let (low, high) = (allowed.range.lowerBound, allowed.range.upperBound)
        // Comparisons with not a number are false, so one test finds it too.
        guard let bad = values.firstIndex(where: { !($0 >= low && $0 <= high) }) else { return }
        let place = "\(name): row \(rows[bad / features]), column \(bad % features)"
        let value = values[bad]
        guard value.isFinite else {
            throw Failure(.badData, "\(place) is \(value.isNaN ? "not a number (NaN)" : "infinite"): remove or fill such values")
        }
        throw Failure(.badData, "\(place) is \(value), but \(allowed.reason)")
    }

    /// Shape, type, and a digest of samples from all over the data set: tells whether a run goes on with the data it began with.
    func fingerprint() throws -> String {
        var digest = SHA256()
        digest.update(data: Data("\([rowCount] + rowShape) \(content.type)".utf8))
        let count = min(rowCount, 16)
        var values = [Float](repeating: 0, count: count * features)
        do {
            for sample in 0..<min(64, rowCount) {
                let first = min(sample * rowCount / 64, rowCount - count)
                try values.withUnsafeMutableBufferPointer { try content.read(rows: first..<first + count, into: $0.baseAddress!) }
                values.withUnsafeBytes { digest.update(bufferPointer: $0) }
            }
        } catch let error as HDF5Error {
            throw Failure(error)
        }
        return digest.finalize().map { String(format: "%02x", $0) }.joined()
    }

    /// `file.h5:/path` in its parts.
    private static func parse(_ specification: String) -> (path: String, object: String?) {
        guard let colon = specification.range(of: ":/", options: .backwards) else { return (specification, nil) }
        return (String(specification[..<colon.lowerBound]), "/" + specification[colon.upperBound...])
    }

    private static func onlyCandidate(in file: File) throws -> String {
        if try file.item("/data") == .dataset { return "/data" }
        if try file.item("/X") != nil, try file.item("/obs") != nil { return "/X" }
        let candidates = try file.datasetPaths().filter { path in
            guard let dataset = try? file.dataset(path) else { return false }
            return dataset.type.isNumeric && dataset.shape.count >= 2
        }
        if candidates.count == 1 { return candidates[0] }
        throw Failure(
            .badData,
            "\(file.path) has no /data and \(candidates.count) data sets with rows and columns: "
                + "name one as \(file.path):/PATH; there \(listing(of: file, nearestTo: "data"))")
    }

    private static func missing(_ object: String, in file: File) -> Failure {
        Failure(.badData, "\(file.path) has no data set \(object); there \(listing(of: file, nearestTo: object))")
    }

    /// The data sets of a file with their shapes, the name nearest to `name` first.
    private static func listing(of file: File, nearestTo name: String) -> String {
        let paths = (try? file.datasetPaths()) ?? []
        if paths.isEmpty { return "are no data sets at all" }
        let shown = nearestNames(to: name, among: paths, limit: 10).map { path in
            guard let dataset = try? file.dataset(path) else { return path }
            return "\(path) \(dataset.shape) \(dataset.type)"
        }
        return "are \(shown.joined(separator: ", "))\(paths.count > shown.count ? ", ..." : "")"
    }
}

extension Failure {
    /// An HDF5 file that cannot be read.
    init(_ error: HDF5Error) {
        let code: ExitCode =
            switch error.kind {
            case .missingFile: .inputMissing
            case .noPermission: .noPermission
            default: .badData
            }
        self.init(code, error.description)
    }

    /// A file that cannot be written.
    init(_ error: FileError) {
        self.init(error.isPlaceUnwritable ? .cannotCreate : .inputOutput, error.description)
    }

    /// An HDF5 file that cannot be written.
    init(writing error: HDF5Error) { self.init(.inputOutput, error.description) }
}
