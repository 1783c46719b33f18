internal import Foundation
internal import HDF5
internal import Support

/// One file of a data source: its rows, and what lies beside them.
package struct DataFile {
    package let rows: any Rows
    /// Where it has one.
    package let mask: DenseRows?
    private let file: File
    /// The group that the first data set lies in.
    private let folder: String
    /// Of each data set: its features, and what names them and its rows.
    private let parts: [(features: Int, axes: NamedAxes)]

    package var path: String { file.path }

    /// Opens the objects of a file.
    ///
    /// Without any the data set is `/data`, of an AnnData file `/X`, or the only one with rows and columns that the file has; the
    /// path of a group means the sparse matrix that it is, or the `data` in it.
    init(_ item: DataSpecification.Item, _ options: DataOptions) throws {
        let file = try Self.open(item.file)
        let objects = item.objects.isEmpty ? [try Self.onlyCandidate(in: file)] : item.objects
        let opened = try objects.map { try Self.open(file, $0, options, isJoined: objects.count > 1) }
        var rows = opened.count == 1 ? opened[0].rows : try JoinedRows(opened.map(\.rows))
        if !options.mask.isEmpty {
            guard try file.item(options.mask) == .dataset else { throw Self.missing(options.mask, in: file) }
            let mask = try DenseRows(file, options.mask)
            rows = try MaskedRows(rows, mask: mask)
            self.mask = mask
        } else {
            mask = nil
        }
        self.rows = rows
        self.file = file
        folder = opened[0].path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        parts = try opened.map { ($0.rows.features, try NamedAxes(file, $0.path)) }
    }

    // By a Result: with do and catch of typed errors here, Swift 6.3's compiler does not come to an end.
    private static func open(_ path: String) throws -> File {
        let opened = Result { () throws(HDF5Error) in try File.open(path) }
        if case .failure(let error) = opened, error.kind == .notHDF5 {
            throw Failure(.badData, "\(path): \(ForeignFile.advice(path))")
        }
        return try opened.get()
    }

    private static func open(
        _ file: File, _ object: String, _ options: DataOptions, isJoined: Bool
    ) throws -> (rows: any Rows, path: String) {
        guard let item = try file.item(object) else { throw missing(object, in: file) }
        var path = object
        if item == .group {
            if let sparse = try SparseRows(file, object) { return (sparse, object) }
            let inGroup = "\(object == "/" ? "" : object)/data"
            switch try file.item(inGroup) {
            case .dataset: path = inGroup
            case .group: if let sparse = try SparseRows(file, inGroup) { return (sparse, inGroup) }
            default: break
            }
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

    /// The data frames of the rows and of the features, of AnnData; the features of several objects have none in common.
    package var rowFrame: AnnDataFrame? { parts[0].axes.rowFrame }
    package var featureFrame: AnnDataFrame? { parts.count == 1 ? parts[0].axes.featureFrame : nil }

    /// The labels at a path, or, if it is empty, beside the data.
    package func labels(_ path: String) throws -> RowValues? {
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

    /// Which data set called label, with a row for each of the data's, is no label; nil if there is none.
    func labelsOfOtherKinds() throws -> String? {
        for name in ["label", "labels"] where try file.item("\(folder)/\(name)") == .dataset {
            let dataset = try file.dataset("\(folder)/\(name)")
            return
                "\(file.path):\(dataset.path) has the shape \(dataset.shape) of \(dataset.type), but labels are a number or a string "
                + "a row: it is left out"
        }
        return nil
    }

    /// The ids beside the data, or the names of the rows by the file's layout.
    package func ids() throws -> RowValues? {
        if let ids = try beside(["id", "ids"]) { return ids }
        return try parts[0].axes.rowNames.flatMap { try RowValues(file, $0, count: rows.rowCount) }
    }

    /// Whether the file's layout names the rows, one name each.
    package func hasRowNames() throws -> Bool {
        try parts[0].axes.rowNames.flatMap { try RowValues(file, $0, count: rows.rowCount) } != nil
    }

    /// The weights at a path.
    package func weights(_ path: String) throws -> RowValues {
        let weights = try values(path, "weights")
        guard weights.isNumeric else {
            throw Failure(.badData, "\(file.path):\(path) holds strings, but weights must be numbers")
        }
        return weights
    }

    /// One value for each row, at a path that must be there, or in a column of that name of AnnData's `obs`.
    package func values(_ path: String, _ what: String) throws -> RowValues {
        for place in Self.places(path, in: rowFrame) {
            if let found = try RowValues(file, place, count: rows.rowCount) { return found }
        }
        throw Failure(
            .badData,
            "\(file.path) has no \(what) at \(path), one for each of \(rows.rowCount) rows; there "
                + (try columnListing(of: rowFrame, count: rows.rowCount, nearestTo: path)
                    ?? Self.listing(of: file, nearestTo: path)))
    }

    /// The names of the features, one for each value of a row; nil if the file does not name them.
    ///
    /// - Parameter path: of strings, or the name of a column of AnnData's `var`; if it is empty they are the index of the `var` that
    ///   belongs to the data, 10x Genomics' ids, or `feature_names` beside the data.
    /// - Throws: ``Failure`` if there are none at `path`, or not one for each feature.
    package func featureNames(_ path: String) throws -> [String]? {
        let count = rows.features
        if path.isEmpty {
            var names: [String] = []
            for part in parts {
                let places = [part.axes.featureNames, "\(folder)/feature_names"].compactMap(\.self)
                guard let own = try places.lazy.compactMap({ try strings($0, count: part.features) }).first else { return nil }
                names += own
            }
            return names
        }
        for place in Self.places(path, in: featureFrame) {
            if let names = try strings(place, count: count) { return names }
        }
        throw Failure(
            .badData,
            "\(file.path) has no names of features at \(path), one for each of \(count) features; there "
                + (try columnListing(of: featureFrame, count: count, nearestTo: path) ?? Self.listing(of: file, nearestTo: path)))
    }

    /// All values of a column as text; nil if there is none, or it has not `count` values.
    private func strings(_ path: String, count: Int) throws -> [String]? {
        guard let column = try Column(file, path), column.count == count else { return nil }
        return try column.strings(0..<count)
    }

    /// Where what a user names may lie: a path, or the name of a column of a data frame.
    private static func places(_ text: String, in frame: AnnDataFrame?) -> [String] {
        if text.hasPrefix("/") { return [text] }
        return (frame.map { [$0.path(of: text)] } ?? []) + ["/\(text)"]
    }

    /// The columns of a data frame that have `count` values, the name nearest to `name` first; nil if there are none.
    private func columnListing(of frame: AnnDataFrame?, count: Int, nearestTo name: String) throws -> String? {
        guard let frame else { return nil }
        let columns = frame.columns.filter { (try? Column(file, frame.path(of: $0)))?.count == count }
        if columns.isEmpty { return nil }
        let shown = nearestNames(to: name.split(separator: "/").last.map { String($0) } ?? name, among: columns, limit: 10)
        return "are the columns \(shown.joined(separator: ", "))\(columns.count > shown.count ? ", ..." : "") of \(frame.path)"
    }

    /// The numbers at a path, one for each feature; nil if there are none.
    func featureMask(_ path: String) throws -> [Double]? {
        guard let values = try RowValues(file, path, count: rows.features), values.isNumeric else { return nil }
        return try values.doubles((0..<rows.features).map(Int64.init))
    }

    private func beside(_ names: [String]) throws -> RowValues? {
        try names.lazy.compactMap { try RowValues(file, "\(folder)/\($0)", count: rows.rowCount) }.first
    }

    private static func onlyCandidate(in file: File) throws -> String {
        switch try file.item("/data") {
        case .dataset: return "/data"
        case .group where try file.attribute("encoding-type", of: "/data") != nil: return "/data"
        default: break
        }
        if try file.item("/X") != nil, try file.item("/obs") != nil { return "/X" }
        if try file.item("/matrix") == .dataset, try file.item("/row_attrs") != nil, try file.item("/col_attrs") != nil {
            throw Failure(
                .badData,
                "\(file.path) is a loom file, whose columns are the cells: anndata.read_loom(\"...\").write_h5ad(\"data.h5ad\") turns it"
            )
        }
        // Cell Ranger's matrices, by the genome before version 3.
        let matrices = try file.children(of: "/").map { "/\($0)" }.filter { try TenXMatrix(file, $0) != nil }
        let candidates =
            try matrices
            + file.datasetPaths().filter { path in
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
