/// Gives rows as they come from their files, without any preparation. For one thread.
package struct RowFetcher {
    private let source: DataSource
    private let rows: ExactRows

    /// - Parameter missing: whether values may be.
    /// - Throws: ``Failure``.
    package init(_ source: DataSource, missing: Bool = true) throws {
        self.source = source
        rows = try ExactRows(source, AllowedValues(missing: missing, largest: AllowedValues.largestScaled))
    }

    /// `[rows.count, features]`, not a number where a value is missing. - Parameter rows: in ascending order. Throws ``Failure``.
    package func values(_ rows: [Int64]) throws -> ExactValues {
        let (features, values) = (source.features, ExactValues(count: rows.count * source.features))
        try self.rows.forEach(rows) { index, row in
            (values.pointer + index * features).update(from: row, count: features)
        }
        return values
    }
}
