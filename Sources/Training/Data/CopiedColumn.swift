internal import HDF5

/// A column that is copied from the data: numbers stay numbers, strings strings.
struct CopiedColumn {
    private let kind: RowValues.Kind
    private let dataset: Dataset

    /// nil unless all sources have the column, all with values of one kind.
    init?(_ name: String, of columns: [RowValues?], in file: File, count: Int) throws(HDF5Error) {
        guard let kind = columns[0]?.kind, columns.allSatisfy({ $0?.kind == kind }) else { return nil }
        self.kind = kind
        dataset =
            switch kind {
            case .integers: try file.createDataset(name, Int64.self, shape: [count], compressed: true)
            case .doubles: try file.createDataset(name, Double.self, shape: [count], compressed: true)
            case .strings: try file.createStrings(name, count: count)
            }
    }

    func copy(from column: RowValues, rows: [Int64], to target: Range<Int>) throws(HDF5Error) {
        switch kind {
        case .integers: try dataset.write(try column.integers(rows), rows: target)
        case .doubles: try dataset.write(try column.doubles(rows), rows: target)
        case .strings: try dataset.write(try column.strings(rows), rows: target)
        }
    }
}
