internal import Datasets
internal import HDF5

/// The file of scores. Used by root alone.
final class ScoreWriter {
    private let source: DataSource
    private let result: ResultFile
    private let columns: [Dataset]
    /// By score, how many thresholds each row is above; empty without thresholds.
    private let levels: [Dataset]
    private let row: Dataset
    private let labels: CopiedColumn?
    private let ids: CopiedColumn?
    private let thresholds: ScoreThresholds?
    /// By score: the rows above each threshold.
    private(set) var above: [[Int]] = []

    init(_ path: String, _ source: DataSource, _ scorer: RowScorer, fittedRows: Int, _ thresholds: ScoreThresholds?) throws {
        self.source = source
        self.thresholds = thresholds
        let scores = scorer.scores
        let count = source.rowCount
        let result = try ResultFile(path, format: "mpi-vae scores", byteCount: count * (5 * scores.count + 160))
        self.result = result
        columns = try scores.map {
            try result.column("/score/\($0.rawValue)", Float.self, shape: [count], $0.meaning, units: $0.units)
        }
        levels = try Self.describe(thresholds, scores, count: count, in: result)
        above = thresholds.map { [[Int]](repeating: $0.quantiles.map { _ in 0 }, count: scores.count) } ?? []
        row = try result.column("/row", Int64.self, shape: [count], "row of the data, from 0")
        (labels, ids) = try result.writing { file in
            (
                try CopiedColumn("/label", of: [source.labels], in: file, count: count),
                try CopiedColumn("/id", of: [source.ids], in: file, count: count)
            )
        }
        try result.writing { file in
            try file.setAttribute("sources", .strings([source.name]))
            try file.setAttribute("fitted_rows", .integer(Int64(fittedRows)))
        }
    }

    /// Writes the thresholds, and makes a column for each score.
    private static func describe(
        _ thresholds: ScoreThresholds?, _ scores: [AnomalyScore], count: Int, in result: ResultFile
    ) throws -> [Dataset] {
        guard let thresholds else { return [] }
        let size = thresholds.quantiles.count
        func put<Number: HDF5Number>(_ path: String, _ values: [Number], _ meaning: String, units: String = "1") throws {
            let dataset = try result.column(path, Number.self, shape: [size], meaning, units: units)
            try result.writing { _ in try dataset.write(values, rows: 0..<size) }
        }
        try put("/quantile", thresholds.quantiles, "share of the rows taken for normal that each threshold leaves below it")
        for (score, values) in zip(scores, thresholds.values) {
            try put("/threshold/\(score.rawValue)", values, "threshold of each quantile", units: score.units)
        }
        try result.writing { file in
            try file.setAttribute("threshold_rows", .integer(Int64(thresholds.rowCount)))
            try file.setAttribute("thresholds_of", .string(thresholds.origin))
        }
        return try scores.map {
            try result.column(
                "/above/\($0.rawValue)", UInt8.self, shape: [count], "number of thresholds that the score is above")
        }
    }

    func write(_ values: [UnsafeMutablePointer<Float>], rows: Range<Int>, _ numbers: [Int64]) throws {
        try result.writing { _ in
            for (column, values) in zip(columns, values) { try column.write(values, rows: rows) }
            try row.write(numbers, rows: rows)
            try labels?.copy(from: source.labels, rows: numbers, to: rows)
            try ids?.copy(from: source.ids, rows: numbers, to: rows)
        }
        guard let thresholds else { return }
        for (score, dataset) in levels.enumerated() {
            let found = (0..<rows.count).map { UInt8(thresholds.level(values[score][$0], of: score)) }
            for level in found { for place in 0..<Int(level) { above[score][place] += 1 } }
            try result.writing { _ in try dataset.write(found, rows: rows) }
        }
    }

    /// - Parameter trainedRows: those of the rows that the model was trained on.
    func finish(trainedRows: Int) throws {
        try result.writing { try $0.setAttribute("trained_rows", .integer(Int64(trainedRows))) }
        try result.finish()
    }
}
