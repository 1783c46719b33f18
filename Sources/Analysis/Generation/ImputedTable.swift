internal import Datasets
internal import HDF5
internal import Support

/// Filled data as CSV with a line of names: `id` (the row, where the data have no ids), `label` where there are labels, each feature by its name
/// or else its number, and `imputed`, how many of the row's values were missing.
final class ImputedTable: ImputedOutput {
    private let source: DataSource
    private let isSafe: Bool
    private let file: SequentialFile

    /// - Parameter isSafe: whether ids and labels that begin like formulas get an apostrophe in front.
    init(_ path: String, _ source: DataSource, isSafe: Bool) throws {
        (self.source, self.isSafe) = (source, isSafe)
        file = try SequentialFile(path, byteCount: source.rowCount * 2 * (source.features + 2))
        let names = source.featureNames ?? (0..<source.features).map { "\($0)" }
        let all = ["id"] + (source.labels == nil ? [] : ["label"]) + (isSafe ? names.map(\.csvSafe) : names) + ["imputed"]
        try file.write("\(all.csvLine)\n".utf8)
    }

    func write(_ rows: FilledRows) throws {
        let ids: [String]
        let labels: [String]?
        do throws(HDF5Error) {
            ids = try source.ids?.strings(rows.numbers) ?? rows.numbers.map { "\($0)" }
            labels = try source.labels?.strings(rows.numbers)
        } catch {
            throw Failure(error)
        }
        // As many digits as the data have.
        let (features, isWide) = (source.features, source.format.isWide)
        for row in rows.numbers.indices {
            let texts = [ids[row]] + (labels.map { [$0[row]] } ?? [])
            var line = (isSafe ? texts.map(\.csvSafe) : texts).csvLine
            var count = 0
            for i in row * features..<(row + 1) * features {
                line += isWide ? ",\(rows.values[i])" : ",\(Float(rows.values[i]))"
                count += Int(rows.wasMissing[i])
            }
            try file.write("\(line),\(count)\n".utf8)
        }
    }

    func finish() throws { try file.finish() }
}
