package import HDF5
internal import Support

/// Text in an AnnData file as categories; a row without any has none of them.
package struct CategoricalColumn {
    private let codes: Dataset
    private let places: [String: Int32]

    package init(_ path: String, categories: [String], count: Int, in file: File) throws(HDF5Error) {
        try file.createGroup(path)
        try file.encode(path, "categorical", "0.2.0")
        try file.setAttribute("ordered", .boolean(false), of: path)
        let names = try file.createStrings("\(path)/categories", count: categories.count)
        try file.encode(names.path, "string-array", "0.2.0")
        try names.write(categories, rows: 0..<categories.count)
        // The smallest type, as pandas has it.
        codes =
            switch categories.count {
            case ...0x7F: try file.createDataset("\(path)/codes", Int8.self, shape: [count], compressed: true)
            case ...0x7FFF: try file.createDataset("\(path)/codes", Int16.self, shape: [count], compressed: true)
            default: try file.createDataset("\(path)/codes", Int32.self, shape: [count], compressed: true)
            }
        try file.encode(codes.path, "array", "0.2.0")
        places = Dictionary(uniqueKeysWithValues: categories.enumerated().map { ($1, Int32($0)) })
    }

    /// Writes rows; what is no category is missing.
    package func write(_ texts: [String], rows: Range<Int>) throws(HDF5Error) {
        try codes.write(texts.map { places[$0] ?? -1 }, rows: rows)
    }

    /// Copies all of a column. Throws ``HDF5Error``, and ``Failure`` of what is read.
    static func copy(_ values: RowValues, into file: File, as path: String) throws {
        let classes = try LabelClasses(values, RowSet(all: values.count))
        let categories = classes.counts.keys.sorted(by: LabelClasses.precedes)
        let column = try CategoricalColumn(path, categories: categories, count: values.count, in: file)
        for rows in values.stretches {
            let texts: [String]
            do throws(HDF5Error) { texts = try values.strings(rows.map(Int64.init)) } catch { throw Failure(error) }
            try column.write(texts, rows: rows)
        }
    }
}
