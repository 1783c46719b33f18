internal import CKernels
internal import Distributed
internal import HDF5
package import Support

/// Reads rows of a source in double precision, for one thread, and looks at their values.
package final class ExactRows {
    private let source: DataSource
    /// By columns.
    private let allowed: [AllowedValues.Stretch]
    private let reader: any RowReader
    /// Rows that are read at once, and where.
    private let pieceRows: Int
    private let piece: AlignedMemory<Double>

    /// - Parameter stretch: the most rows that are read at once; 0 for 1 MiB of them, which are never exceeded by more than one row.
    /// - Throws: ``Failure``.
    package init(_ source: DataSource, _ allowed: AllowedValues, stretch: Int = 0) throws {
        self.source = source
        self.allowed = allowed.byColumns(source.features)
        let usual = max(1, (1 << 20) / (8 * source.features))
        pieceRows = stretch > 0 ? min(stretch, usual) : usual
        do {
            reader = try source.content.makeReader(.float64)
        } catch let error as HDF5Error {
            throw Failure(error)
        }
        piece = AlignedMemory<Double>(count: pieceRows * source.features)
    }

    /// The memory that reading takes, in bytes.
    package var memoryBytes: Int { reader.memoryBytes + piece.count * 8 }

    /// Gives rows one after the other.
    ///
    /// - Parameters:
    ///   - rows: in ascending order.
    ///   - body: gets a row's place among `rows`, and its values, which it may change; not a number where they are missing.
    /// - Throws: ``Failure`` naming row and column of the first value that is not allowed, and what `body` throws.
    package func forEach(_ rows: [Int64], _ body: (_ index: Int, _ values: UnsafeMutablePointer<Double>) throws -> Void) throws {
        var done = 0
        while done < rows.count {
            Heartbeat.beat()
            let first = Int(rows[done])
            var end = done + 1
            while end < rows.count, Int(rows[end]) < first + pieceRows { end += 1 }
            do {
                try reader.read(first..<Int(rows[end - 1]) + 1, into: piece.pointer)
            } catch let error as HDF5Error {
                throw Failure(error)
            }
            for index in done..<end {
                let values = piece.pointer + (Int(rows[index]) - first) * source.features
                try check(values, row: rows[index])
                try body(index, values)
            }
            done = end
        }
    }

    /// The rows as they come from their files, `[rows.count, features]`, not a number where a value is missing. Throws ``Failure``.
    ///
    /// - Parameter rows: in ascending order.
    package func values(_ rows: [Int64]) throws -> AlignedMemory<Double> {
        let (features, values) = (source.features, AlignedMemory<Double>(count: rows.count * source.features))
        try forEach(rows) { index, row in (values.pointer + index * features).update(from: row, count: features) }
        return values
    }

    private func check(_ values: UnsafePointer<Double>, row: Int64) throws {
        for stretch in allowed {
            let (columns, allowed) = (stretch.columns, stretch.allowed)
            var column = columns.lowerBound
            while true {
                column += kernel_find_outside_exact(
                    values + column, allowed.range.lowerBound, allowed.range.upperBound, allowed.missing ? 1 : 0,
                    columns.upperBound - column)
                guard column < columns.upperBound else { break }
                try allowed.check(values[column], at: "\(source.name): row \(row), column \(column)")
                column += 1
            }
            guard allowed.isWhole else { continue }
            column = columns.lowerBound + kernel_find_fraction_exact(values + columns.lowerBound, columns.count)
            guard column < columns.upperBound else { continue }
            try allowed.check(values[column], at: "\(source.name): row \(row), column \(column)")
        }
    }
}
