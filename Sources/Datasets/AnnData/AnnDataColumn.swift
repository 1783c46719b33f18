internal import HDF5

/// A column of an AnnData file's data frame, of any version's layout, to be written as anndata 0.8 and newer read it.
struct AnnDataColumn {
    private let file: File
    private let path: String
    private let form: Form

    private indirect enum Form {
        /// A data set that is copied as it is stored.
        case array(encoding: String)
        /// Values that are written anew: strings of fixed length, or with a mask that masks nothing, fields of records.
        case values(RowValues)
        /// Text that is missing in some rows, which only categories can say in all versions.
        case texts(RowValues)
        case categories(codes: String, AnnDataColumn, isOrdered: Bool)
        /// Numbers with a mask.
        case masked(encoding: String)
    }

    /// Looks whether a column can be copied: whether it is one, has one value for each of `count` rows, and lies in the file.
    ///
    /// Throws ``HDF5Error`` that says why it cannot.
    init(_ file: File, _ path: String, count: Int) throws(HDF5Error) {
        self.file = file
        self.path = path
        switch try file.item(path) {
        case .dataset:
            let old = AnnDataFrame.oldCategories(of: path)
            if let old, try file.hasAttribute("categories", of: path), try file.item(old) == .dataset {
                form = try Self.categories(file, codes: path, names: old, count: count, ordered: old)
            } else {
                form = try Self.array(file, path, count: count)
            }
        case .group where try file.item("\(path)/codes") != nil:
            form = try Self.categories(file, codes: "\(path)/codes", names: "\(path)/categories", count: count, ordered: path)
        case .group where try file.item("\(path)/mask") != nil:
            form = try Self.masked(file, path, count: count)
        case .group:
            var encoding = "a group"
            if case .string(let name) = try file.attribute("encoding-type", of: path) { encoding = name }
            throw Self.unsuitable(file, path, "is \(encoding), not a column of numbers, strings or categories")
        default:
            // A field of records.
            guard let values = try RowValues(file, path, count: count) else { throw Self.unsuitable(file, path, "is not there") }
            form = try Column(file, path)?.mayMiss == true ? .texts(values) : .values(values)
        }
    }

    /// The column as the names of rows, which are text.
    init(names file: File, _ path: String, count: Int) throws(HDF5Error) {
        let column = try AnnDataColumn(file, path, count: count)
        self.file = file
        self.path = path
        if case .array("string-array") = column.form {
            form = column.form
        } else {
            guard let values = try RowValues(file, path, count: count) else {
                throw Self.unsuitable(file, path, "holds no names")
            }
            form = .values(values.asText)
        }
    }

    private static func array(_ file: File, _ path: String, count: Int) throws(HDF5Error) -> Form {
        let dataset = try sound(file, path, count: count)
        if dataset.type.isNumeric { return .array(encoding: "array") }
        if dataset.type.isVariable { return .array(encoding: "string-array") }
        guard let values = try RowValues(file, path, count: count) else { throw unsuitable(file, path, "holds \(dataset.type)") }
        return .values(values)
    }

    private static func categories(
        _ file: File, codes: String, names: String, count: Int, ordered: String
    ) throws(HDF5Error) -> Form {
        guard let size = try Column(file, names)?.count else { throw unsuitable(file, names, "is not there") }
        let dataset = try sound(file, codes, count: count)
        guard [.signed, .unsigned].contains(dataset.type.elementClass) else {
            throw unsuitable(file, codes, "holds \(dataset.type)")
        }
        for first in stride(from: 0, to: count, by: 1 << 16) {
            let some = try dataset.read(Int64.self, rows: first..<min(first + 1 << 16, count))
            if let wrong = some.first(where: { !(-1..<Int64(size) ~= $0) }) {
                throw unsuitable(file, codes, "has a code \(wrong) for \(size) categories")
            }
        }
        var isOrdered = false
        if case .integer(let number) = try file.attribute("ordered", of: ordered) { isOrdered = number != 0 }
        return .categories(codes: codes, try AnnDataColumn(file, names, count: size), isOrdered: isOrdered)
    }

    private static func masked(_ file: File, _ path: String, count: Int) throws(HDF5Error) -> Form {
        let dataset = try sound(file, "\(path)/values", count: count)
        _ = try sound(file, "\(path)/mask", count: count)
        if dataset.type.isNumeric {
            if case .string(let encoding) = try file.attribute("encoding-type", of: path) { return .masked(encoding: encoding) }
            return .masked(encoding: dataset.type.isBoolean ? "nullable-boolean" : "nullable-integer")
        }
        guard let column = try Column(file, path), let values = try RowValues(file, path, count: count) else {
            throw unsuitable(file, path, "holds \(dataset.type)")
        }
        return column.mayMiss ? .texts(values) : .values(values)
    }

    private static func sound(_ file: File, _ path: String, count: Int) throws(HDF5Error) -> Dataset {
        let dataset = try file.dataset(path)
        guard dataset.shape == [count] else {
            throw unsuitable(file, path, "has the shape \(dataset.shape), but there are \(count) rows")
        }
        guard dataset.type.isNumeric || dataset.type.elementClass == .string else {
            throw unsuitable(file, path, "holds \(dataset.type)")
        }
        try dataset.checkStorage()
        return dataset
    }

    private static func unsuitable(_ file: File, _ path: String, _ reason: String) -> HDF5Error {
        HDF5Error(.unsuitable, file: file.path, object: path, reason)
    }
}

extension AnnDataColumn {
    /// Writes the column to a path where nothing is. Throws ``HDF5Error``, and ``Failure`` of what is read.
    func copy(into target: File, as place: String) throws {
        switch form {
        case .array(let encoding):
            try target.copy(path, from: file, as: place)
            // As anndata 0.7 has it, which is not for copies.
            for name in ["categories", "ordered", "encoding-type", "encoding-version"] {
                try target.removeAttribute(name, of: place)
            }
            try target.encode(place, encoding, "0.2.0")
        case .values(let values):
            try CopiedColumn.copy(values, into: target, as: place)
            try target.encode(place, values.kind == .strings ? "string-array" : "array", "0.2.0")
        case .texts(let values):
            try CategoricalColumn.copy(values, into: target, as: place)
        case .categories(let codes, let names, let isOrdered):
            try target.createGroup(place)
            try target.encode(place, "categorical", "0.2.0")
            try target.setAttribute("ordered", .boolean(isOrdered), of: place)
            try AnnDataColumn(file: file, path: codes, form: .array(encoding: "array")).copy(into: target, as: "\(place)/codes")
            try names.copy(into: target, as: "\(place)/categories")
        case .masked(let encoding):
            try target.createGroup(place)
            try target.encode(place, encoding, "0.1.0")
            for part in ["values", "mask"] {
                try AnnDataColumn(file: file, path: "\(path)/\(part)", form: .array(encoding: "array")).copy(
                    into: target, as: "\(place)/\(part)")
            }
        }
    }

    private init(file: File, path: String, form: Form) { (self.file, self.path, self.form) = (file, path, form) }
}
