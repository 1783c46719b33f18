internal import Datasets
internal import HDF5
internal import Support

/// Scores as CSV with a line of names: `id` (the row, where the data have no ids), `label` where there are labels, each score, and with
/// thresholds `above_SCORE`, how many of them the score is above. Used by root alone; throws ``Failure``.
final class ScoreTable {
    private let source: DataSource
    private let thresholds: ScoreThresholds?
    private let isSafe: Bool
    private let file: SequentialFile

    /// - Parameter isSafe: whether ids and labels that begin like formulas get an apostrophe in front.
    init(_ path: String, _ source: DataSource, _ scores: [AnomalyScore], _ thresholds: ScoreThresholds?, isSafe: Bool) throws {
        (self.source, self.thresholds, self.isSafe) = (source, thresholds, isSafe)
        file = try SequentialFile(path, byteCount: source.rowCount * (2 * scores.count + 2))
        var names = ["id"] + (source.labels == nil ? [] : ["label"]) + scores.map(\.rawValue)
        if thresholds != nil { names += scores.map { "above_\($0.rawValue)" } }
        try file.write("\(names.csvLine)\n".utf8)
    }

    /// - Parameters:
    ///   - values: a column for each score.
    ///   - numbers: of the rows in the data.
    func write(_ values: [UnsafeMutablePointer<Float>], _ numbers: [Int64]) throws {
        let ids: [String]
        let labels: [String]?
        do throws(HDF5Error) {
            ids = try source.ids?.strings(numbers) ?? numbers.map { "\($0)" }
            labels = try source.labels?.strings(numbers)
        } catch {
            throw Failure(error)
        }
        for row in numbers.indices {
            let texts = [ids[row]] + (labels.map { [$0[row]] } ?? [])
            var line = (isSafe ? texts.map(\.csvSafe) : texts).csvLine
            for column in values { line += ",\(column[row])" }
            if let thresholds { for score in values.indices { line += ",\(thresholds.level(values[score][row], of: score))" } }
            try file.write((line + "\n").utf8)
        }
    }

    func finish() throws { try file.finish() }
}
