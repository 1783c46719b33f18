internal import Datasets
internal import Foundation
internal import HDF5
internal import Statistics

/// Labels as numbers.
struct RowLabels {
    /// Of each row, the place of its label among the classes.
    let indices: [Int]
    /// In ascending order: numbers by value, text by bytes.
    let classes: [String]

    /// The labels of rows that have one; nil where they are numbers that are not all whole.
    init?(_ values: RowValues, _ rows: [Int64]) throws(HDF5Error) {
        let labels = try values.strings(rows)
        let distinct = Set(labels)
        if values.kind == .doubles, distinct.contains(where: { Int64($0) == nil }) { return nil }
        classes =
            values.kind == .strings
            ? distinct.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } : distinct.sorted(by: LabelClasses.precedes)
        let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
        indices = labels.map { places[$0]! }
    }
}

extension LabelledCodes {
    init(_ codes: Codebook, labels: RowLabels) {
        self.init(latentSize: codes.latentSize, values: codes.values, labels: labels.indices, classes: labels.classes)
    }
}
