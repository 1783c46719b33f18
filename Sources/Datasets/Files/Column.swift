package import HDF5

/// A column of values in a file: a data set, a field of records, AnnData's categories, or its values with a mask of those that are
/// missing.
///
/// A value that is missing is an empty text, or as a number NaN.
package struct Column {
    package let kind: RowValues.Kind
    /// Whether the values can be read as numbers; of those that may be missing also where they are kept as text.
    package let isNumeric: Bool
    package let count: Int
    private let cells: Cells
    /// What the numbers stand for; a negative number stands for nothing.
    private let categories: [String]?
    /// Not 0 where a value is missing; nil if none is.
    private let missing: Cells?

    /// The column at a path; nil if there is none, or none with one value a row.
    ///
    /// - Parameter areCategories: whether the values are what others stand for.
    package init?(_ file: File, _ path: String, areCategories: Bool = false) throws(HDF5Error) {
        switch try file.item(path) {
        case .dataset:
            try self.init(try file.dataset(path), nil, try areCategories ? nil : Self.oldCategories(file, path))
        case .group where try file.item("\(path)/codes") == .dataset:
            // They could be their own.
            guard !areCategories else {
                throw HDF5Error(.unsuitable, file: file.path, object: path, "has categories that stand for others")
            }
            guard let names = try Self.all(file, "\(path)/categories") else { return nil }
            try self.init(try file.dataset("\(path)/codes"), nil, names)
        case .group:
            guard try file.item("\(path)/values") == .dataset, try file.item("\(path)/mask") == .dataset else { return nil }
            try self.init(try file.dataset("\(path)/values"), nil, nil, mask: Cells(try file.dataset("\(path)/mask"), nil))
        default:
            // The last part may be a field of the records before it, whose numbers may stand for categories.
            guard let slash = path.lastIndex(of: "/"), slash > path.startIndex,
                try file.item(String(path[..<slash])) == .dataset
            else { return nil }
            let field = String(path[path.index(after: slash)...])
            try self.init(
                try file.dataset(String(path[..<slash])), field, try Self.all(file, "/uns/\(field)_categories"))
        }
    }

    private init?(_ dataset: Dataset, _ field: String?, _ categories: [String]?, mask: Cells? = nil) throws(HDF5Error) {
        guard let cells = Cells(dataset, field), mask == nil || mask!.count == cells.count else { return nil }
        self.cells = cells
        count = cells.count
        missing = try mask.flatMap { mask throws(HDF5Error) in try mask.isAnySet() ? mask : nil }
        switch cells.type.elementClass {
        case .signed, .unsigned:
            self.categories = categories
            isNumeric = categories == nil
            if categories != nil || missing != nil {
                kind = .strings
            } else if cells.type.isBoolean {
                kind = .booleans
            } else {
                kind = cells.type.elementClass == .unsigned && cells.type.size == 8 ? .unsigned : .integers
            }
        case .float where categories == nil: (self.categories, isNumeric, kind) = (nil, true, .doubles)
        case .string: (self.categories, isNumeric, kind) = (nil, false, .strings)
        default: return nil
        }
    }

    /// All categories that lie at a path, as text; nil if there are none.
    private static func all(_ file: File, _ path: String) throws(HDF5Error) -> [String]? {
        guard let column = try Column(file, path, areCategories: true) else { return nil }
        try column.cells.dataset.checkStorage()
        return try column.strings(0..<column.count)
    }

    /// The categories of a data set of a data frame as anndata 0.7 wrote it.
    private static func oldCategories(_ file: File, _ path: String) throws(HDF5Error) -> [String]? {
        guard try file.hasAttribute("categories", of: path), let place = AnnDataFrame.oldCategories(of: path) else { return nil }
        return try all(file, place)
    }

    /// Whether the column can say of a row that it has no value.
    var mayMiss: Bool { categories != nil || missing != nil }

    /// The bytes of `rows` values as they are stored, or of a chunk where that is more; what strings of any length consist of apart.
    package func storedSize(ofRows rows: Int) -> Int {
        max(rows, cells.dataset.chunkShape?.first ?? 0) * cells.dataset.type.size
    }

    /// Of the kinds booleans and integers.
    package func integers(_ rows: Range<Int>) throws(HDF5Error) -> [Int64] { try cells.numbers(Int64.self, rows) }

    /// Of the kind unsigned.
    package func unsigned(_ rows: Range<Int>) throws(HDF5Error) -> [UInt64] { try cells.numbers(UInt64.self, rows) }

    /// Of a column that is numeric.
    package func doubles(_ rows: Range<Int>) throws(HDF5Error) -> [Double] {
        let values = try cells.numbers(Double.self, rows)
        guard let missing else { return values }
        return zip(values, try missing.numbers(Int64.self, rows)).map { $1 != 0 ? .nan : $0 }
    }

    /// Of every column.
    ///
    /// - Parameter truth: whether truth values are True and False, and not 1 and 0.
    package func strings(_ rows: Range<Int>, truth: Bool = true) throws(HDF5Error) -> [String] {
        if let categories {
            return try cells.numbers(Int64.self, rows).map {
                0..<Int64(categories.count) ~= $0 ? categories[Int($0)] : ""
            }
        }
        let values = try cells.strings(rows, truth: truth)
        guard let missing else { return values }
        return zip(values, try missing.numbers(Int64.self, rows)).map { $1 != 0 ? "" : $0 }
    }
}

/// What a data set, or a field of it, holds.
private struct Cells {
    let dataset: Dataset
    let field: String?
    let type: ElementType

    var count: Int { dataset.rowCount }

    /// nil for a data set with more than one value a row.
    init?(_ dataset: Dataset, _ field: String?) {
        guard !dataset.shape.isEmpty, dataset.rowSize == 1, let type = field == nil ? dataset.type : dataset.fieldType(field!)
        else { return nil }
        self.dataset = dataset
        self.field = field
        self.type = type
    }

    func numbers<Number: HDF5Number>(_: Number.Type, _ rows: Range<Int>) throws(HDF5Error) -> [Number] {
        if let field { return try dataset.readField(field, Number.self, rows: rows) }
        return try dataset.read(Number.self, rows: rows)
    }

    func strings(_ rows: Range<Int>, truth: Bool) throws(HDF5Error) -> [String] {
        switch type.elementClass {
        case .signed where type.isBoolean && truth, .unsigned where type.isBoolean && truth:
            return try numbers(Int64.self, rows).map { $0 == 0 ? "False" : "True" }
        case .unsigned: return try numbers(UInt64.self, rows).map { String($0) }
        case .signed: return try numbers(Int64.self, rows).map { String($0) }
        case .float where type.size <= 4: return try numbers(Float.self, rows).map { RowValues.text($0) }
        case .float: return try numbers(Double.self, rows).map { RowValues.text($0) }
        default:
            if let field { return try dataset.readFieldStrings(field, rows: rows) }
            return try dataset.readStrings(rows: rows)
        }
    }

    /// Whether any of the numbers is not 0.
    func isAnySet() throws(HDF5Error) -> Bool {
        try dataset.checkStorage()
        for first in stride(from: 0, to: count, by: 1 << 16) {
            if try numbers(Int64.self, first..<min(first + 1 << 16, count)).contains(where: { $0 != 0 }) { return true }
        }
        return false
    }
}
