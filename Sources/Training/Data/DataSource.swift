internal import Crypto
internal import Distributed
internal import Foundation
internal import HDF5

/// A data set of rows in an HDF5 file, with the labels and ids that lie beside it.
final class DataSource {
    /// `file.h5:/path`, for messages.
    let name: String
    let rowCount: Int
    /// The shape of a row, and the number of its values.
    let rowShape: [Int]
    let features: Int
    /// How rows are kept in memory: unsigned bytes as they are, everything else as floats.
    let kept: RowStore.Kept
    /// Numbers or strings, one a row; nil if there are none.
    let labels: Dataset?
    let ids: Dataset?
    private let dataset: Dataset
    private let file: File

    /// Opens `file.h5` or `file.h5:/path`.
    ///
    /// Without a path the data set is `/data`, or the only one with rows and columns that the file has; the path of a group means
    /// the `data` in it.
    /// - Throws: ``Failure`` that says what is there instead.
    static func open(_ specification: String) throws -> DataSource {
        let (path, object) = parse(specification)
        do {
            let file = try File.open(path)
            let found = try object ?? onlyCandidate(in: file)
            let item = try file.item(found)
            if item == nil { throw missing(found, in: file) }
            let inGroup = "\(found == "/" ? "" : found)/data"
            let isGroupOfData = try item == .group && file.item(inGroup) == .dataset
            return try DataSource(file, try file.dataset(isGroupOfData ? inGroup : found))
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }

    private init(_ file: File, _ dataset: Dataset) throws {
        let name = "\(file.path):\(dataset.path)"
        guard dataset.type.isNumeric, dataset.type.size <= 8 else {
            throw Failure(.badData, "\(name) holds \(dataset.type), but must hold numbers")
        }
        guard dataset.shape.count >= 2 else {
            throw Failure(
                .badData, "\(name) has the shape \(dataset.shape), but must have rows and columns: at least 2 dimensions")
        }
        guard dataset.rowCount > 0, dataset.rowSize > 0 else {
            throw Failure(.badData, "\(name) has the shape \(dataset.shape): there is nothing in it")
        }
        guard dataset.rowSize <= 1 << 26 else {
            throw Failure(.badData, "\(name) has rows of \(dataset.rowSize) values: at most \(1 << 26) are possible")
        }
        try dataset.checkStorage()
        self.file = file
        self.dataset = dataset
        self.name = name
        rowCount = dataset.rowCount
        rowShape = Array(dataset.shape.dropFirst())
        features = dataset.rowSize
        kept = dataset.type.elementClass == .unsigned && dataset.type.size == 1 ? .bytes : .floats
        let folder = dataset.path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        labels = try Self.companion(["label", "labels"], of: dataset, in: file, folder: folder)
        ids = try Self.companion(["id", "ids"], of: dataset, in: file, folder: folder)
    }

    /// The element type and shape, for messages and logs.
    var description: String {
        "\(name), \(rowCount) rows of \(rowShape.map(String.init).joined(separator: " x ")) \(dataset.type)"
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
    private func load<Number: HDF5Number>(_ rows: [Int64], into destination: UnsafeMutablePointer<Number>) throws {
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
                try dataset.read(rows: first..<last + 1, into: destination + done * features)
            } else {
                try dataset.read(rows: first..<last + 1, into: buffer)
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
        digest.update(data: Data("\(dataset.shape) \(dataset.type)".utf8))
        let count = min(rowCount, 16)
        var values = [Float](repeating: 0, count: count * features)
        do {
            for sample in 0..<min(64, rowCount) {
                let first = min(sample * rowCount / 64, rowCount - count)
                try values.withUnsafeMutableBufferPointer { try dataset.read(rows: first..<first + count, into: $0.baseAddress!) }
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

    /// A data set beside the data with one value for each row.
    private static func companion(_ names: [String], of data: Dataset, in file: File, folder: String) throws -> Dataset? {
        for name in names where try file.item("\(folder)/\(name)") == .dataset {
            let dataset = try file.dataset("\(folder)/\(name)")
            if dataset.shape == [data.rowCount], dataset.type.isNumeric || dataset.type.elementClass == .string {
                return dataset
            }
        }
        return nil
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
