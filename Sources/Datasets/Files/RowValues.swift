package import HDF5

/// One value for each row of some data: labels, ids, weights or a mask; of one file or of several, one after the other.
package struct RowValues {
    package enum Kind {
        case booleans
        case integers
        /// Whole numbers that may need all 64 bits.
        case unsigned
        case doubles
        /// Where a row has none, it is empty.
        case strings
    }

    package private(set) var kind: Kind
    /// Of each file; nil where it has none.
    private let columns: [Column?]
    /// The first row of each file's values, and at the end the number of all rows.
    private let firstRow: [Int]
    /// Whether truth values are True and False as text, and not 1 and 0.
    private let truth: Bool

    /// The values of several files' rows, of any kinds; nil if no file has some.
    ///
    /// What differs in kind is text, with whole numbers as such; truth values beside numbers are 0 and 1.
    ///
    /// - Parameters:
    ///   - parts: of each file; nil where it has none, so its rows have no value.
    ///   - counts: the rows of each file.
    package init?(_ parts: [RowValues?], counts: [Int]) {
        guard let kind = Self.kind(of: parts) else { return nil }
        self.kind = kind
        truth = Set(parts.compactMap { $0?.kind }).isSubset(of: [.booleans, .strings])
        columns = parts.flatMap { $0?.columns ?? [nil] }
        firstRow = counts.reduce(into: [0]) { $0.append($0.last! + $1) }
    }

    /// The kind that values of several kinds are of together; nil if there are none.
    package static func kind(of parts: [RowValues?]) -> Kind? {
        let kinds = Set(parts.map { $0?.kind })
        switch kinds {
        case [nil]: return nil
        case [.booleans, .integers]: return .integers
        default: return kinds.count == 1 ? kinds.first! : .strings
        }
    }

    /// The values at a path of a file; nil if there are none, or not one for each of `count` rows.
    package init?(_ file: File, _ path: String, count: Int) throws(HDF5Error) {
        guard let column = try Column(file, path), column.count == count else { return nil }
        kind = column.kind
        columns = [column]
        firstRow = [0, count]
        truth = true
    }

    package var count: Int { firstRow.last! }

    /// The same values as text.
    var asText: RowValues {
        var text = self
        text.kind = .strings
        return text
    }

    /// All rows, as many at a time as are read at once.
    package var stretches: [Range<Int>] {
        stride(from: 0, to: count, by: Self.stretch).map { $0..<min($0 + Self.stretch, count) }
    }

    /// Whether the values can be read as numbers.
    package var isNumeric: Bool { columns.allSatisfy { $0?.isNumeric == true } }

    /// The values of some rows, in ascending order, of the kinds booleans and integers.
    package func integers(_ rows: [Int64]) throws(HDF5Error) -> [Int64] {
        try read(rows) { column, range throws(HDF5Error) in try column!.integers(range) }
    }

    /// Of the kind unsigned.
    package func unsigned(_ rows: [Int64]) throws(HDF5Error) -> [UInt64] {
        try read(rows) { column, range throws(HDF5Error) in try column!.unsigned(range) }
    }

    /// Of what is numeric; NaN where there is none.
    package func doubles(_ rows: [Int64]) throws(HDF5Error) -> [Double] {
        try read(rows) { column, range throws(HDF5Error) in try column!.doubles(range) }
    }

    /// Of every kind, as text: whole numbers without a point, truth values as True and False, and nothing where there is none.
    package func strings(_ rows: [Int64]) throws(HDF5Error) -> [String] {
        try read(rows) { column, range throws(HDF5Error) in
            try column?.strings(range, truth: truth) ?? [String](repeating: "", count: range.count)
        }
    }

    /// A number as labels have it.
    package static func text<Number: BinaryFloatingPoint & LosslessStringConvertible>(_ number: Number) -> String {
        if number.isNaN { return "" }
        return Int64(exactly: number).map { String($0) } ?? String(number)
    }

    /// The bytes of `rows` values as they are stored, or of a chunk where that is more; what strings of any length consist of apart.
    package func storedSize(ofRows rows: Int) -> Int { columns.map { $0?.storedSize(ofRows: rows) ?? 0 }.max() ?? 0 }

    /// Reads stretch after stretch, of each what is asked for.
    private func read<Value>(
        _ rows: [Int64], _ values: (Column?, Range<Int>) throws(HDF5Error) -> [Value]
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
