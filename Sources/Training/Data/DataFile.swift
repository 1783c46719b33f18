internal import Foundation
internal import HDF5

/// One file of a data source: its rows, and what lies beside them.
struct DataFile {
    let rows: any Rows
    private let file: File
    /// The group that the first data set lies in.
    private let folder: String

    var path: String { file.path }

    /// Opens the objects of a file.
    ///
    /// Without any the data set is `/data`, of an AnnData file `/X`, or the only one with rows and columns that the file has; the
    /// path of a group means the sparse matrix that it is, or the `data` in it.
    init(_ item: DataSpecification.Item, _ options: DataOptions) throws {
        let file: File
        do throws(HDF5Error) {
            file = try File.open(item.file)
        } catch  where error.kind == .notHDF5 {
            throw Failure(.badData, "\(item.file): \(ForeignFile.advice(item.file))")
        }
        let objects = item.objects.isEmpty ? [try Self.onlyCandidate(in: file)] : item.objects
        var folder = ""
        let parts = try objects.enumerated().map { index, object in
            let (rows, path) = try Self.open(file, object, options, isJoined: objects.count > 1)
            if index == 0 { folder = path.split(separator: "/").dropLast().map { "/\($0)" }.joined() }
            return rows
        }
        var rows = parts.count == 1 ? parts[0] : try JoinedRows(parts)
        if !options.mask.isEmpty {
            guard try file.item(options.mask) == .dataset else { throw Self.missing(options.mask, in: file) }
            rows = try MaskedRows(rows, mask: try DenseRows(file, options.mask))
        }
        self.rows = rows
        self.file = file
        self.folder = folder
    }

    private static func open(
        _ file: File, _ object: String, _ options: DataOptions, isJoined: Bool
    ) throws -> (rows: any Rows, path: String) {
        guard let item = try file.item(object) else { throw missing(object, in: file) }
        var path = object
        if item == .group {
            if let sparse = try SparseRows(file, object) { return (sparse, object) }
            let inGroup = "\(object == "/" ? "" : object)/data"
            if try file.item(inGroup) == .dataset { path = inGroup }
        }
        if let maps = try ContactMapRows(file, path, size: options.mapSize) { return (maps, path) }
        let dense = try DenseRows(file, path, bits: options.packedBits)
        guard !dense.rowShape.isEmpty || isJoined else {
            throw Failure(
                .badData, "\(dense.name) has the shape \([dense.rowCount]), but must have rows and columns: at least 2 dimensions"
            )
        }
        return (dense, path)
    }

    /// The labels at a path, or, if it is empty, beside the data.
    func labels(_ path: String) throws -> RowValues? {
        try path.isEmpty ? beside(["label", "labels"]) : values(path, "labels")
    }

    /// What is wrong with labels that lie beside the data and are not one for each row; nil if nothing is.
    func labelsThatDoNotFit() throws -> String? {
        for name in ["label", "labels"] {
            let path = "\(folder)/\(name)"
            guard try file.item(path) == .dataset else { continue }
            let count = try file.dataset(path).rowCount
            if count == rows.rowCount { return nil }
            return "\(file.path):\(path) has \(count) labels, but \(rows.name) has \(rows.rowCount) rows: name others by --labels"
        }
        return nil
    }

    /// The ids beside the data, or the names of an AnnData file's observations.
    func ids() throws -> RowValues? { try beside(["id", "ids"]) ?? observationNames() }

    /// The weights at a path.
    func weights(_ path: String) throws -> RowValues {
        let weights = try values(path, "weights")
        guard weights.kind != .strings else {
            throw Failure(.badData, "\(file.path):\(path) holds strings, but weights must be numbers")
        }
        return weights
    }

    /// One value for each row, at a path that must be there.
    func values(_ path: String, _ what: String) throws -> RowValues {
        let path = path.hasPrefix("/") ? path : "/\(path)"
        guard let found = try RowValues(file, path, count: rows.rowCount) else {
            throw Failure(
                .badData,
                "\(file.path) has no \(what) at \(path), one for each of \(rows.rowCount) rows; there "
                    + Self.listing(of: file, nearestTo: path))
        }
        return found
    }

    private func beside(_ names: [String]) throws -> RowValues? {
        try names.lazy.compactMap { try RowValues(file, "\(folder)/\($0)", count: rows.rowCount) }.first
    }

    private func observationNames() throws -> RowValues? {
        switch try file.item("/obs") {
        case .group:
            guard case .string(let index) = try file.attribute("_index", of: "/obs") else { return nil }
            return try RowValues(file, "/obs/\(index)", count: rows.rowCount)
        case .dataset:
            // Records, before anndata 0.7.
            return try ["index", "_index"].lazy.compactMap { try RowValues(file, "/obs/\($0)", count: rows.rowCount) }.first
        default: return nil
        }
    }

    private static func onlyCandidate(in file: File) throws -> String {
        if try file.item("/data") == .dataset { return "/data" }
        if try file.item("/X") != nil, try file.item("/obs") != nil { return "/X" }
        if try file.item("/matrix") == .dataset, try file.item("/row_attrs") != nil, try file.item("/col_attrs") != nil {
            throw Failure(
                .badData,
                "\(file.path) is a loom file, whose columns are the cells: anndata.read_loom(\"...\").write_h5ad(\"data.h5ad\") turns it"
            )
        }
        let candidates = try file.datasetPaths().filter { path in
            guard let dataset = try? file.dataset(path) else { return false }
            return dataset.holdsLists || (dataset.type.isNumeric && dataset.shape.count >= 2)
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
