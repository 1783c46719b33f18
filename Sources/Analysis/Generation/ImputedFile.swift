internal import Datasets
internal import HDF5
internal import Support

/// The HDF5 file of filled data.
final class ImputedFile: ImputedOutput {
    private let source: DataSource
    private let result: ResultFile
    private let data: Dataset
    private let imputed: Dataset
    private let draws: Dataset?
    private let labels: CopiedColumn?
    private let ids: CopiedColumn?

    init(_ path: String, _ source: DataSource, draws: Int) throws {
        self.source = source
        let count = source.rowCount
        let isWide = source.format.isWide
        let result = try ResultFile(
            path, format: "mpi-vae imputed data",
            byteCount: count * (source.features * ((draws + 1) * (isWide ? 8 : 4) + 1) + 160))
        self.result = result
        let shape = [count] + source.rowShape
        data = try result.numbers(
            "/data", isWide: isWide, shape: shape, "the data, with the model's means where values were missing")
        imputed = try result.column("/imputed", UInt8.self, shape: shape, "1 where the value was missing")
        self.draws =
            draws > 0
            ? try result.numbers(
                "/draws", isWide: isWide, shape: [count, draws] + source.rowShape,
                "the data, with draws from p(x missing|x observed)") : nil
        (labels, ids) = try result.writing { file in
            (
                try CopiedColumn("/label", of: [source.labels], in: file, count: count),
                try CopiedColumn("/id", of: [source.ids], in: file, count: count)
            )
        }
        try result.writing { file in
            try file.write(featureNames: source.featureNames)
            try file.setAttribute("sources", .strings([source.name]))
        }
    }

    func write(_ rows: FilledRows) throws {
        try result.writing { _ in
            try data.write(rows.values, rows: rows.rows)
            try imputed.write(rows.wasMissing, rows: rows.rows)
            try draws?.write(rows.draws, rows: rows.rows)
        }
        try labels?.copy(from: source.labels, rows: rows.numbers, to: rows.rows)
        try ids?.copy(from: source.ids, rows: rows.numbers, to: rows.rows)
    }

    func finish() throws { try result.finish() }
}
