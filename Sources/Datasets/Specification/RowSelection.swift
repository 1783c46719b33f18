internal import Foundation
package import HDF5
internal import Support

/// Which rows of the data are used: what `rows` says.
package enum RowSelection {
    /// `FIRST:END[:STEP]`, several by commas, as Python has them; negative numbers count from the end.
    ///
    /// - Parameter key: whose text it is.
    /// - Throws: ``Failure`` (78).
    package static func ranges(_ text: String, count: Int, _ key: String = "rows") throws -> RowSet {
        var bits = [UInt64](repeating: 0, count: (count + 63) / 64)
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let fields = part.split(separator: ":", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            let numbers = fields.map { $0.isEmpty ? nil : Int($0) }
            let isValid = (2...3).contains(fields.count) && zip(fields, numbers).allSatisfy { $0.isEmpty || $1 != nil }
            let step = fields.count == 3 ? numbers[2] ?? 1 : 1
            guard isValid, step > 0 else {
                throw Failure(
                    .configuration,
                    "\(key) is '\(text)', but must be FIRST:END or FIRST:END:STEP, several by commas, or the path of a mask, as /good"
                )
            }
            func place(_ number: Int?, _ absent: Int) -> Int {
                guard let number else { return absent }
                return min(max(number < 0 ? count + number : number, 0), count)
            }
            let (first, end) = (place(numbers[0], 0), place(numbers[1], count))
            for row in stride(from: first, to: max(first, end), by: step) { bits[row / 64] |= 1 << UInt64(row % 64) }
        }
        return RowSet(universe: count, bits: bits)
    }

    /// The rows whose value in a mask is there and not 0.
    package static func mask(_ values: RowValues, count: Int) throws(HDF5Error) -> RowSet {
        var bits = [UInt64](repeating: 0, count: (count + 63) / 64)
        for first in stride(from: 0, to: count, by: 1 << 20) {
            let rows = (first..<min(first + 1 << 20, count)).map(Int64.init)
            for (row, value) in zip(rows, try values.doubles(rows)) where value != 0 && !value.isNaN {
                bits[Int(row) / 64] |= 1 << UInt64(row % 64)
            }
        }
        return RowSet(universe: count, bits: bits)
    }

    /// Those rows of a set whose label is one of some.
    package static func labels(_ wanted: Set<String>, _ values: RowValues, among rows: RowSet) throws(HDF5Error) -> RowSet {
        try labels(values, among: rows) { wanted.contains($0) }
    }

    /// Those rows of a set that have a label.
    package static func labelled(_ values: RowValues, among rows: RowSet) throws(HDF5Error) -> RowSet {
        try labels(values, among: rows) { !$0.isEmpty }
    }

    private static func labels(
        _ values: RowValues, among rows: RowSet, where isWanted: (String) -> Bool
    ) throws(HDF5Error) -> RowSet {
        var bits = [UInt64](repeating: 0, count: (rows.universe + 63) / 64)
        for first in stride(from: 0, to: rows.count, by: 1 << 16) {
            let some = rows.rows(first..<min(first + 1 << 16, rows.count))
            for (row, label) in zip(some, try values.strings(some)) where isWanted(label) {
                bits[Int(row) / 64] |= 1 << UInt64(row % 64)
            }
        }
        return RowSet(universe: rows.universe, bits: bits)
    }
}
