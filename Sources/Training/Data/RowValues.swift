internal import HDF5

/// One value for each row of some data: labels, ids or weights; numbers, strings, or AnnData's categories.
struct RowValues {
    enum Kind {
        case integers
        case doubles
        case strings
    }

    let kind: Kind
    private let columns: [Column]
    /// The first row of each file's values, and at the end the number of all rows.
    private let firstRow: [Int]

    /// The values of several files' rows, one file after the other; nil unless all files have some, of one kind.
    init?(_ parts: [RowValues?]) {
        guard let first = parts.first as? RowValues, parts.allSatisfy({ $0?.kind == first.kind }) else { return nil }
        kind = first.kind
        columns = parts.flatMap { $0!.columns }
        firstRow = parts.reduce(into: [0]) { $0.append($0.last! + $1!.firstRow.last!) }
    }

    /// The values at a path of a file; nil if there are none, or not one for each of `count` rows.
    init?(_ file: File, _ path: String, count: Int) throws(HDF5Error) {
        guard let column = try Column(file, path), column.count == count else { return nil }
        kind = column.kind
        columns = [column]
        firstRow = [0, count]
    }

    /// The values of some rows, in ascending order, of the kind integers.
    func integers(_ rows: [Int64]) throws(HDF5Error) -> [Int64] {
        try read(rows) { column, range throws(HDF5Error) in try column.integers(range) }
    }

    /// Of the kinds integers and doubles.
    func doubles(_ rows: [Int64]) throws(HDF5Error) -> [Double] {
        try read(rows) { column, range throws(HDF5Error) in try column.doubles(range) }
    }

    /// Of every kind, as text.
    func strings(_ rows: [Int64]) throws(HDF5Error) -> [String] {
        try read(rows) { column, range throws(HDF5Error) in try column.strings(range) }
    }

    /// The bytes of `rows` values as they are stored, or of a chunk where that is more; what strings of any length consist of apart.
    func storedSize(ofRows rows: Int) -> Int { columns.map { $0.storedSize(ofRows: rows) }.max() ?? 0 }

    /// Reads stretch after stretch, of each what is asked for.
    private func read<Value>(
        _ rows: [Int64], _ values: (Column, Range<Int>) throws(HDF5Error) -> [Value]
    ) throws(HDF5Error) -> [Value] {
        var found: [Value] = []
        found.reserveCapacity(rows.count)
        for (index, column) in columns.enumerated() {
            let own = firstRow[index]..<firstRow[index + 1]
            while found.count < rows.count, own.contains(Int(rows[found.count])) {
                let first = Int(rows[found.count])
                let limit = min(first + Self.stretch, own.upperBound)
                var end = found.count
                while end < rows.count, Int(rows[end]) < limit { end += 1 }
                let range = first - own.lowerBound..<Int(rows[end - 1]) + 1 - own.lowerBound
                let stretch = try values(column, range)
                for row in rows[found.count..<end] { found.append(stretch[Int(row) - first]) }
            }
        }
        return found
    }

    private static let stretch = 1 << 16
}

/// The values that one file has.
private struct Column {
    let kind: RowValues.Kind
    let count: Int
    private let dataset: Dataset
    /// Of a data set of records.
    private let field: String?
    /// Of AnnData: what the numbers of the data set stand for; a negative number stands for nothing.
    private let categories: [String]?

    init?(_ file: File, _ path: String) throws(HDF5Error) {
        switch try file.item(path) {
        case .dataset: try self.init(try file.dataset(path), nil, nil)
        case .group:
            guard try file.item("\(path)/codes") == .dataset, let names = try Column(file, "\(path)/categories") else {
                return nil
            }
            try self.init(try file.dataset("\(path)/codes"), nil, try names.strings(0..<names.count))
        default:
            // The last part may be a field of the records before it, whose numbers may stand for categories.
            guard let slash = path.lastIndex(of: "/"), slash > path.startIndex,
                try file.item(String(path[..<slash])) == .dataset
            else { return nil }
            let field = String(path[path.index(after: slash)...])
            let names = try Column(file, "/uns/\(field)_categories")
            try self.init(try file.dataset(String(path[..<slash])), field, try names?.strings(0..<(names?.count ?? 0)))
        }
    }

    private init?(_ dataset: Dataset, _ field: String?, _ categories: [String]?) throws(HDF5Error) {
        guard dataset.shape.count == 1, let type = field == nil ? dataset.type : dataset.fieldType(field!) else { return nil }
        self.dataset = dataset
        self.field = field
        count = dataset.rowCount
        switch type.elementClass {
        case .signed, .unsigned:
            kind = categories == nil ? .integers : .strings
            self.categories = categories
        case .float where categories == nil:
            kind = .doubles
            self.categories = nil
        case .string:
            kind = .strings
            self.categories = nil
        default: return nil
        }
    }

    func storedSize(ofRows rows: Int) -> Int { max(rows, dataset.chunkShape?.first ?? 0) * dataset.type.size }

    func integers(_ rows: Range<Int>) throws(HDF5Error) -> [Int64] { try numbers(Int64.self, rows) }

    func doubles(_ rows: Range<Int>) throws(HDF5Error) -> [Double] { try numbers(Double.self, rows) }

    private func numbers<Number: HDF5Number>(_: Number.Type, _ rows: Range<Int>) throws(HDF5Error) -> [Number] {
        if let field { return try dataset.readField(field, Number.self, rows: rows) }
        return try dataset.read(Number.self, rows: rows)
    }

    func strings(_ rows: Range<Int>) throws(HDF5Error) -> [String] {
        if let categories {
            return try integers(rows).map { categories.indices.contains(Int($0)) ? categories[Int($0)] : "" }
        }
        switch kind {
        case .integers: return try integers(rows).map { String($0) }
        case .doubles: return try doubles(rows).map { String($0) }
        case .strings:
            if let field { return try dataset.readFieldStrings(field, rows: rows) }
            return try dataset.readStrings(rows: rows)
        }
    }
}
