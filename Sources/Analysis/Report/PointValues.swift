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

    private init(_ name: String, _ kind: Kind) { (self.name, self.kind) = (name, kind) }

    /// The same for more points, most of which have no value. - Parameter places: of those that have one.
    func spread(to places: [Int], of count: Int) -> PointValues {
        func spread<Value>(_ values: [Value], _ none: Value) -> [Value] {
            var all = [Value](repeating: none, count: count)
            for (place, value) in zip(places, values) { all[place] = value }
            return all
        }
        switch kind {
        case .classes(let texts): return PointValues(name, .classes(spread(texts, "")))
        case .numbers(let numbers): return PointValues(name, .numbers(spread(numbers, .nan)))
        }
    }

    /// The class that all points are of; nil where they differ, or have none.
    var constant: String? {
        guard case .classes(let texts) = kind, let first = texts.first, !first.isEmpty else { return nil }
        return texts.allSatisfy { $0 == first } ? first : nil
    }

    /// Of each point what is nearest to it in kind; as text.
    var texts: [String] {
        switch kind {
        case .classes(let texts): texts
        case .numbers(let numbers): numbers.map { RowValues.text($0) }
        }
    }
}
