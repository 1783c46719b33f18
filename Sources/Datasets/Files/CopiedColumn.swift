package import HDF5
package import Support

/// A column that is copied from the data: numbers stay numbers, strings strings.
package struct CopiedColumn {
    private let kind: RowValues.Kind
    private let dataset: Dataset

    /// nil unless one of the sources has the column; what differs in kind becomes text.
    package init?(_ name: String, of columns: [RowValues?], in file: File, count: Int) throws(HDF5Error) {
        guard let kind = RowValues.kind(of: columns) else { return nil }
        self.kind = kind
        dataset =
            switch kind {
            case .booleans: try file.createBooleans(name, count: count)
            case .integers: try file.createDataset(name, Int64.self, shape: [count], compressed: true)
            case .unsigned: try file.createDataset(name, UInt64.self, shape: [count], compressed: true)
            case .doubles: try file.createDataset(name, Double.self, shape: [count], compressed: true)
            case .strings: try file.createStrings(name, count: count)
            }
    }

    /// Copies all of a column. Throws ``HDF5Error``, and ``Failure`` as ``copy(from:rows:to:)``.
    package static func copy(_ values: RowValues, into file: File, as path: String) throws {
        guard let column = try CopiedColumn(path, of: [values], in: file, count: values.count) else { return }
        for rows in values.stretches { try column.copy(from: values, rows: rows.map(Int64.init), to: rows) }
    }

    /// - Parameter column: of one of the sources; nil where it has none.
    ///
    /// Throws ``Failure``, of the data that are read (65) or of the file that is written (74).
    package func copy(from column: RowValues?, rows: [Int64], to target: Range<Int>) throws(Failure) {
        let write: () throws(HDF5Error) -> Void
        do throws(HDF5Error) {
            switch kind {
            case .booleans:
                let values = try column!.integers(rows).map { $0 != 0 }
                write = { () throws(HDF5Error) in try dataset.write(values, rows: target) }
            case .integers:
                let values = try column!.integers(rows)
                write = { () throws(HDF5Error) in try dataset.write(values, rows: target) }
            case .unsigned:
                let values = try column!.unsigned(rows)
                write = { () throws(HDF5Error) in try dataset.write(values, rows: target) }
            case .doubles:
                let values = try column!.doubles(rows)
                write = { () throws(HDF5Error) in try dataset.write(values, rows: target) }
            case .strings:
                let values = try column?.strings(rows) ?? rows.map { _ in "" }
                write = { () throws(HDF5Error) in try dataset.write(values, rows: target) }
            }
        } catch {
            throw Failure(error)
        }
        do throws(HDF5Error) { try write() } catch { throw Failure(writing: error) }
    }
}
