internal import VAE

/// Gives rows as they come from their files, as floats, without any preparation. For one thread.
struct RowFetcher {
    private let source: DataSource
    private let loader: RowLoader

    /// Throws ``Failure``.
    init(_ source: DataSource) throws {
        self.source = source
        let greatest = Float.greatestFiniteMagnitude
        loader = try RowLoader(source, AllowedValues(range: -greatest...greatest, reason: "", missing: true))
    }

    /// `[rows.count, features]`, not a number where a value is missing. - Parameter rows: in ascending order. Throws ``Failure``.
    func values(_ rows: [Int64]) throws -> AlignedBuffer {
        let store = RowStore(format: source.format, capacity: rows.count)
        try loader.load(rows, into: store, at: 0)
        let values = AlignedBuffer(count: rows.count * source.features)
        for index in rows.indices {
            source.format.decode(store.row(index).numbers, into: values.pointer + index * source.features)
        }
        return values
    }
}
