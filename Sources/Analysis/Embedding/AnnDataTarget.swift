internal import Datasets
internal import HDF5
internal import Support

/// An AnnData file that columns of `obs` and other elements are added to; what is there stays.
struct AnnDataTarget {
    private let file: File
    /// The group that `obs` lies in.
    private let root: String
    /// Whether its data frames are as anndata 0.7 wrote them, without categories of their own.
    private let isOld: Bool
    /// The columns of `obs` in their order.
    private var columns: [String] = []

    /// - Parameter root: of a file in which `obs` is there.
    init(_ file: File, root: String, isOld: Bool) throws(HDF5Error) {
        (self.file, self.root, self.isOld) = (file, root, isOld)
        if case .strings(let names) = try file.attribute("column-order", of: "\(root)/obs") { columns = names }
    }

    /// The path of a new column of `obs`: of the name, or where there is one, with `vae_` before it.
    mutating func column(_ name: String) throws(HDF5Error) -> String {
        let obs = "\(root)/obs"
        let isTaken = try file.item("\(obs)/\(name)") != nil
        let path = isTaken ? try file.freePath("\(obs)/vae_\(name)") : "\(obs)/\(name)"
        columns.append(String(path.dropFirst(obs.utf8.count + 1)))
        return path
    }

    /// A new column of text, whose rows are some categories or missing.
    mutating func texts(_ name: String, _ categories: [String], count: Int) throws(HDF5Error) -> TextColumn {
        let path = try column(name)
        if isOld { return .strings(try file.createStrings(path, count: count)) }
        return .categories(try CategoricalColumn(path, categories: categories, count: count, in: file))
    }

    /// A new column of the labels of the rows of some sources; nil if none has any. Throws ``HDF5Error``, and ``Failure`` of what is read.
    mutating func labels(of sources: [DataSource], count: Int) throws -> LabelColumn? {
        let values = sources.map(\.labels)
        guard let kind = RowValues.kind(of: values) else { return nil }
        if kind == .strings {
            var names: Set<String> = []
            var isAnyMissing = false
            for source in sources {
                guard let labels = source.labels else { continue }
                let classes = try LabelClasses(labels, source.selection)
                names.formUnion(classes.counts.keys)
                isAnyMissing = isAnyMissing || classes.rowsWithoutLabel > 0
            }
            if isAnyMissing || values.contains(where: { $0 == nil }) {
                return .texts(try texts("label", names.sorted(by: LabelClasses.precedes), count: count))
            }
        }
        let path = try column("label")
        guard let copied = try CopiedColumn(path, of: values, in: file, count: count) else { return nil }
        try encode(path, kind == .strings ? "string-array" : "array", "0.2.0")
        return .copied(copied)
    }

    /// Says which columns `obs` has now.
    func finishColumns() throws(HDF5Error) {
        try file.removeAttribute("column-order", of: "\(root)/obs")
        try file.setAttribute("column-order", .strings(columns), of: "\(root)/obs")
    }

    /// The path of a new element of `obsm` or `uns`, which are made where they are missing.
    func element(_ group: String, _ name: String) throws(HDF5Error) -> String {
        let path = "\(root)/\(group)"
        if try file.item(path) == nil {
            try file.createGroup(path)
            try encode(path, "dict", "0.1.0")
        }
        return try file.freePath("\(path)/\(name)")
    }

    /// Writes texts under their names into a new group.
    func write(_ texts: [(name: String, lines: [String])], to path: String) throws(HDF5Error) {
        try file.createGroup(path)
        try encode(path, "dict", "0.1.0")
        for (name, lines) in texts {
            let dataset = try file.createStrings("\(path)/\(name)", count: lines.count)
            try encode(dataset.path, "string-array", "0.2.0")
            try dataset.write(lines, rows: 0..<lines.count)
        }
    }

    /// Makes an array of numbers.
    func floats(_ path: String, _ shape: [Int]) throws(HDF5Error) -> Dataset {
        let dataset = try file.createDataset(path, Float.self, shape: shape, compressed: true)
        try encode(path, "array", "0.2.0")
        return dataset
    }

    /// Says what an object is, where that is known by more than its type.
    private func encode(_ path: String, _ type: String, _ version: String) throws(HDF5Error) {
        if !isOld { try file.encode(path, type, version) }
    }
}

/// A column of text.
enum TextColumn {
    case categories(CategoricalColumn)
    case strings(Dataset)

    func write(_ texts: [String], rows: Range<Int>) throws(HDF5Error) {
        switch self {
        case .categories(let column): try column.write(texts, rows: rows)
        case .strings(let dataset): try dataset.write(texts, rows: rows)
        }
    }
}

/// A column of labels; those of text that some rows do not have are categories.
enum LabelColumn {
    case copied(CopiedColumn)
    case texts(TextColumn)

    /// Throws ``Failure``.
    func copy(from labels: RowValues?, rows: [Int64], to target: Range<Int>) throws {
        switch self {
        case .copied(let column): try column.copy(from: labels, rows: rows, to: target)
        case .texts(let column):
            let texts: [String]
            do throws(HDF5Error) { texts = try labels?.strings(rows) ?? rows.map { _ in "" } } catch { throw Failure(error) }
            do throws(HDF5Error) { try column.write(texts, rows: target) } catch { throw Failure(writing: error) }
        }
    }
}
