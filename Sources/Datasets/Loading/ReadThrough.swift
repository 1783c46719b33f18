internal import HDF5
internal import Support

/// Opens data and reads all that a run would read of them over its time, for the fuzz run. Throws ``Failure``.
package func readThrough(_ specification: String, _ options: DataOptions) throws {
    let source = try DataSource.open(specification, options)
    let numbers = source.selection.rows(0..<source.rowCount)
    let store = RowStore(format: source.format, capacity: numbers.count)
    var settings = PreparationSettings()
    settings.missing = .mask
    try RowLoader(source, Preparation(settings, support: nil)).load(numbers, into: store, at: 0)
    let exact = try ExactRows(source, .everything(missing: true))
    // One by one, since a row may have 2^26 values.
    for row in numbers { _ = try exact.values([row]) }
    _ = try source.fingerprint()
    do throws(HDF5Error) {
        for values in [source.labels, source.ids].compactMap(\.self) { _ = try values.strings(numbers) }
    } catch {
        throw Failure(error)
    }
}
