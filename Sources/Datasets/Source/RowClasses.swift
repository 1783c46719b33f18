internal import HDF5
internal import Support

/// The classes of a data set's rows, by their labels; some rows may have none.
package struct RowClasses: Sendable {
    /// In the order of labels.
    package let names: [String]
    /// Of each row of the files the place of its class, below 0 without a label, or where it is not in use.
    package let places: [Int32]

    /// Reads the labels of the rows in use.
    ///
    /// - Parameters:
    ///   - unlabeled: the label of rows whose class is not known, beside those that have none; empty for no such label.
    ///   - known: the classes that a model knows; empty for those that there are.
    /// - Throws: ``Failure`` (65) where there are no labels, too few, or others than the model knows.
    package init(of source: DataSource, unlabeled: String, known: [String]) throws {
        let name = source.name
        guard let labels = source.labels else {
            throw Failure(.badData, "\(name) has no labels, which say the classes: --labels gives their path in the file")
        }
        let found = try LabelClasses(labels, source.selection)
        let without = unlabeled.isEmpty ? [] : found.matches(unlabeled)
        let sorted = found.counts.keys.filter { !without.contains($0) }.sorted(by: LabelClasses.precedes)
        let listing = sorted.prefix(20).joined(separator: ", ")
        guard unlabeled.isEmpty || !without.isEmpty else {
            throw Failure(.badData, "unlabeled is '\(unlabeled)', but no row of \(name) has that label: there are \(listing)")
        }
        guard sorted.count >= 2, sorted.count <= Self.most else {
            throw Failure(
                .badData, "\(name) has \(sorted.count) classes of labels, but must have 2 to \(Self.most): give other --labels")
        }
        if !known.isEmpty, let other = sorted.first(where: { !known.contains($0) }) {
            throw Failure(
                .badData,
                "\(name) has rows of the class \(other), but the model knows \(known.prefix(20).joined(separator: ", "))")
        }
        let names = known.isEmpty ? sorted : known
        let place = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
        var places = [Int32](repeating: -1, count: source.selection.universe)
        do throws(HDF5Error) {
            for first in stride(from: 0, to: source.rowCount, by: 1 << 16) {
                let rows = source.selection.rows(first..<min(first + 1 << 16, source.rowCount))
                for (row, label) in zip(rows, try labels.strings(rows)) { places[Int(row)] = place[label] ?? -1 }
            }
        } catch {
            throw Failure(error)
        }
        (self.names, self.places) = (names, places)
    }

    private static let most = 1 << 12
}
