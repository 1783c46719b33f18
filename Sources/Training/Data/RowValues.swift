internal import HDF5

/// One value for each row of some data: labels or ids, numbers or strings, or AnnData's categories.
struct RowValues {
    enum Kind {
        case integers
        case doubles
        case strings
    }

    let kind: Kind
    private let dataset: Dataset
    /// Of AnnData: what the numbers of the data set stand for; a negative number stands for nothing.
    private let categories: [String]?

    /// The values at a path; nil if there are none, or not one for each of `count` rows.
    init?(_ file: File, _ path: String, count: Int) throws(HDF5Error) {
        var categories: [String]?
        let dataset: Dataset
        switch try file.item(path) {
        case .dataset: dataset = try file.dataset(path)
        case .group:
            guard try file.item("\(path)/codes") == .dataset, try file.item("\(path)/categories") == .dataset else { return nil }
            dataset = try file.dataset("\(path)/codes")
            guard dataset.type.isNumeric, dataset.type.elementClass != .float,
                let names = try RowValues(try file.dataset("\(path)/categories"))
            else { return nil }
            categories = try names.strings(0..<names.dataset.rowCount)
        default: return nil
        }
        guard dataset.shape == [count] else { return nil }
        if let categories {
            self.init(kind: .strings, dataset: dataset, categories: categories)
        } else {
            try self.init(dataset)
        }
    }

    private init(kind: Kind, dataset: Dataset, categories: [String]?) {
        self.kind = kind
        self.dataset = dataset
        self.categories = categories
    }

    private init?(_ dataset: Dataset) throws(HDF5Error) {
        guard dataset.shape.count == 1 else { return nil }
        switch dataset.type.elementClass {
        case .signed, .unsigned: self.init(kind: .integers, dataset: dataset, categories: nil)
        case .float: self.init(kind: .doubles, dataset: dataset, categories: nil)
        case .string: self.init(kind: .strings, dataset: dataset, categories: nil)
        case .other: return nil
        }
    }

    /// Numbers of the kind integers.
    func integers(_ rows: Range<Int>) throws(HDF5Error) -> [Int64] { try dataset.read(Int64.self, rows: rows) }

    /// Numbers of the kinds integers and doubles.
    func doubles(_ rows: Range<Int>) throws(HDF5Error) -> [Double] { try dataset.read(Double.self, rows: rows) }

    /// Values of every kind as text.
    func strings(_ rows: Range<Int>) throws(HDF5Error) -> [String] {
        if let categories {
            return try integers(rows).map { categories.indices.contains(Int($0)) ? categories[Int($0)] : "" }
        }
        switch kind {
        case .integers: return try integers(rows).map { String($0) }
        case .doubles: return try doubles(rows).map { String($0) }
        case .strings: return try dataset.readStrings(rows: rows)
        }
    }
}
