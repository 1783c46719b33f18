internal import Distributed
internal import HDF5
internal import Support

/// The columns of a data set that rows are conditioned on, as the option `condition` names them.
///
/// `batch,age:number`: text, truth values, AnnData's categories and whole numbers are categories; other numbers are numbers, and so is what has `:number`
/// behind it.
package struct ConditionValues {
    struct Column {
        let name: String
        let isNumber: Bool
        let values: RowValues
    }

    let columns: [Column]

    /// - Parameter values: the values at a path in all files.
    init(_ option: String, of name: String, _ values: (_ path: String) throws -> RowValues) throws {
        columns = try listed(option).map { text in
            let isForced = text.hasSuffix(":number")
            let path = isForced ? String(text.dropLast(":number".count)) : text
            let found = try values(path)
            guard !isForced || found.isNumeric else {
                throw Failure(.badData, "\(name): the condition \(path) holds no numbers")
            }
            return Column(name: path, isNumber: isForced || found.kind == .doubles, values: found)
        }
        guard Set(columns.map(\.name)).count == columns.count else {
            throw Failure(.configuration, "condition \(option) names a column twice")
        }
    }

    /// The most categories of a column.
    private static let mostCategories = 1 << 12

    /// The categories and moments of some rows. Throws ``Failure``.
    package func measure(_ rows: RowSet, of name: String) throws -> Conditions {
        Conditions(
            try columns.map { column in
                if column.isNumber { return Conditions.Column(name: column.name, kind: try column.moments(rows, of: name)) }
                let classes = try LabelClasses(column.values, rows)
                guard classes.rowsWithoutLabel == 0 else {
                    throw Failure(
                        .badData,
                        "\(name): \(classes.rowsWithoutLabel) rows have no value of the condition \(column.name): leave them out by --rows"
                    )
                }
                guard classes.counts.count <= Self.mostCategories else {
                    throw Failure(
                        .badData,
                        "\(name): the condition \(column.name) has \(classes.counts.count) categories, but at most \(Self.mostCategories) are "
                            + "possible: give \(column.name):number if these are numbers")
                }
                let names = classes.counts.keys.sorted(by: LabelClasses.precedes)
                return Conditions.Column(name: column.name, kind: .categories(names))
            })
    }

    /// Writes the numbers that stand for the conditions of some rows, `[rows, width]`.
    ///
    /// - Throws: ``Failure`` for what the model does not know, and what HDF5 threw.
    func encode(_ rows: [Int64], as conditions: Conditions, of name: String, into target: UnsafeMutablePointer<Float>) throws {
        let width = conditions.width
        var place = target
        for (column, known) in zip(columns, conditions.columns) {
            func require(_ isKnown: Bool, _ index: Int, _ value: @autoclosure () -> String) throws(Failure) {
                if isKnown { return }
                let found = value().isEmpty ? "has no value" : "is \(value())"
                throw Failure(
                    .badData,
                    "\(name): the condition \(column.name) of row \(rows[index]) \(found), but the model knows \(known.listing)")
            }
            if case .number = known.kind, column.values.isNumeric {
                for (index, number) in try column.values.doubles(rows).enumerated() {
                    try require(known.encode(number, into: place + index * width), index, RowValues.text(number))
                }
            } else {
                for (index, text) in try column.values.strings(rows).enumerated() {
                    try require(known.encode(text, into: place + index * width), index, text)
                }
            }
            place += known.width
        }
    }

    /// Adds the values of some rows to a digest. Throws ``Failure``.
    func update(_ digest: inout SHA256, _ rows: RowSet) throws {
        do throws(HDF5Error) {
            for column in columns {
                digest.update("\(column.name) \(column.isNumber)\n")
                for first in stride(from: 0, to: rows.count, by: 1 << 16) {
                    Heartbeat.beat()
                    let some = rows.rows(first..<min(first + 1 << 16, rows.count))
                    if column.isNumber {
                        digest.update(try column.values.doubles(some))
                    } else {
                        for text in try column.values.strings(some) { digest.update("\(text)\n") }
                    }
                }
            }
        } catch {
            throw Failure(error)
        }
    }
}

extension ConditionValues.Column {
    /// Mean and standard deviation of some rows, the latter 1 where all are the same. Throws ``Failure``.
    fileprivate func moments(_ rows: RowSet, of name: String) throws -> Conditions.Kind {
        var (count, mean, squares) = (0.0, 0.0, 0.0)
        do throws(HDF5Error) {
            for first in stride(from: 0, to: rows.count, by: 1 << 16) {
                Heartbeat.beat()
                for number in try values.doubles(rows.rows(first..<min(first + 1 << 16, rows.count))) {
                    // Welford 1962.
                    count += 1
                    let difference = number - mean
                    mean += difference / count
                    squares += difference * (number - mean)
                }
            }
        } catch {
            throw Failure(error)
        }
        guard mean.isFinite, squares.isFinite else {
            throw Failure(.badData, "\(name): rows have no value of the condition \(self.name): leave them out by --rows")
        }
        return .number(mean: mean, deviation: squares > 0 ? (squares / count).squareRoot() : 1)
    }
}
