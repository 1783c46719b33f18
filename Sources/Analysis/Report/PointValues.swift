internal import Datasets
internal import HDF5

/// What the points of a map are coloured by: classes, or numbers on a continuous scale.
struct PointValues {
    enum Kind {
        /// Empty texts where there are none.
        case classes([String])
        /// Not a number where there are none.
        case numbers([Double])
    }

    /// What it is: a label, or a column of the data.
    let name: String
    let kind: Kind

    /// Numbers with more values than these are no names of classes.
    static let mostClasses = 30

    /// Of some rows, in ascending order.
    init(_ name: String, _ values: RowValues, _ rows: [Int64]) throws(HDF5Error) {
        self.name = name
        if values.isNumeric, values.kind != .booleans {
            let numbers = try values.doubles(rows)
            let distinct = Set(numbers.filter(\.isFinite))
            if distinct.count > Self.mostClasses || distinct.contains(where: { $0 != $0.rounded() }) {
                kind = .numbers(numbers)
                return
            }
        }
        kind = .classes(try values.strings(rows))
    }

    /// Classes. - Parameter classes: of each point.
    init(_ name: String, classes: [String]) { (self.name, kind) = (name, .classes(classes)) }

    /// Of each point what is nearest to it in kind; as text.
    var texts: [String] {
        switch kind {
        case .classes(let texts): texts
        case .numbers(let numbers): numbers.map { RowValues.text($0) }
        }
    }
}
