internal import Datasets
internal import HDF5
internal import Support
internal import Training

/// What rows are kept as in place of themselves: their codes, and what else decoding needs. The file appears when it is complete. Used by root alone;
/// throws ``Failure``.
final class CodeFile {
    static let format = "mpi-vae codes"

    private let file: ResultFile
    private let scale: CodeScale
    private let codes: Dataset
    private let library: Dataset?
    private let conditions: Dataset?
    private let sum: Dataset?
    private let row: Dataset
    private let labels: CopiedColumn?
    private let ids: CopiedColumn?
    private let source: DataSource
    private let originals: ExactRows

    /// - Parameters:
    ///   - hasLibrary: whether rows are counts, whose sums the decoder needs.
    ///   - hasSum: whether rows were brought to a sum, which is undone when they are decoded.
    init(
        _ path: String, _ source: DataSource, _ scale: CodeScale, hasLibrary: Bool, conditionSize: Int, hasSum: Bool,
        _ checkpoint: Checkpoint
    ) throws {
        self.source = source
        self.scale = scale
        let (count, size) = (source.rowCount, scale.scale.count)
        let file = try ResultFile(path, format: Self.format, byteCount: count * (4 * size + 4 * conditionSize + 96))
        self.file = file
        let meaning = "mean of the posterior q(z|x)"
        codes =
            switch scale.type {
            case .float32: try file.column("/codes", Float.self, shape: [count, size], meaning)
            case .float16: try file.column("/codes", Float16.self, shape: [count, size], meaning)
            case .int8: try file.column("/codes", Int8.self, shape: [count, size], meaning + ", as /offset + /scale * number")
            }
        if scale.type == .int8 {
            for (name, values, meaning) in [
                ("/scale", scale.scale, "width of a level"), ("/offset", scale.offset, "what 0 stands for"),
            ] {
                let column = try file.column(name, Float.self, shape: [size], meaning)
                try file.writing { _ in try column.write(values, rows: 0..<size) }
            }
        }
        library = hasLibrary ? try file.column("/library", Float.self, shape: [count], "sum of the row's counts") : nil
        conditions =
            conditionSize > 0
            ? try file.column(
                "/condition", Float.self, shape: [count, conditionSize], "numbers of what the row is conditioned on") : nil
        sum = hasSum ? try file.column("/sum", Double.self, shape: [count], "sum of the row before it was scaled") : nil
        row = try file.column("/row", Int64.self, shape: [count], "row of the source, from 0; of several files, counted on")
        labels = try file.writing { try CopiedColumn("/label", of: [source.labels], in: $0, count: count) }
        ids = try file.writing { try CopiedColumn("/id", of: [source.ids], in: $0, count: count) }
        originals = try ExactRows(source, .everything(missing: true))
        try file.describe(checkpoint, sources: [source.name])
        try file.attributes([
            ("digest", .string(checkpoint.digest ?? "")), ("is_wide", .integer(source.format.isWide ? 1 : 0)),
        ])
    }

    /// Writes some rows, in order.
    ///
    /// - Parameters:
    ///   - means: `[rows, latents]`.
    ///   - sums: of counts, `[rows]`.
    ///   - conditions: `[rows, conditionSize]`.
    func write(
        _ rows: Range<Int>, means: UnsafePointer<Float>, sums: UnsafePointer<Float>, conditions own: UnsafePointer<Float>
    ) throws {
        let numbers = source.selection.rows(rows)
        let size = scale.scale.count
        let quantised = (0..<rows.count * size).map { scale.quantised(means[$0], latent: $0 % size) }
        try file.writing { _ in
            switch scale.type {
            case .float32: try codes.write(quantised, rows: rows)
            case .float16: try codes.write(quantised.map { Float16($0) }, rows: rows)
            case .int8: try codes.write(quantised.map { Int8($0) }, rows: rows)
            }
            try library?.write(sums, rows: rows)
            try conditions?.write(own, rows: rows)
            try row.write(numbers, rows: rows)
            if let labels { try labels.copy(from: source.labels, rows: numbers, to: rows) }
            if let ids { try ids.copy(from: source.ids, rows: numbers, to: rows) }
        }
        guard let sum else { return }
        var totals: [Double] = []
        try originals.forEach(numbers) { _, values in
            totals.append((0..<source.features).reduce(0.0) { values[$1].isNaN ? $0 : $0 + values[$1] })
        }
        try file.writing { _ in try sum.write(totals, rows: rows) }
    }

    func finish() throws { try file.finish() }
}
