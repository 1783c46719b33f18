internal import Datasets
internal import Distributed
internal import HDF5
internal import Randomness
internal import Support
internal import Training
internal import VAE

extension TrainedModel {
    /// Writes the mean of p(x | z) for every code of a file that ``writeCodes(_:_:to:as:force:)`` wrote, in the data's scale. Collective; throws
    /// ``SharedFailure``. The report is root's.
    ///
    /// The same bits as ``reconstruct(_:_:_:)`` gives for the rows, where codes are `float32`.
    public func reconstruct(codes path: String, rows: String, _ wanted: ReconstructionOptions) throws -> ReconstructionReport {
        try world.onRoot {
            guard wanted.clean.isEmpty, wanted.grid.isEmpty else {
                throw Failure(
                    .usage, "\(wanted.clean.isEmpty ? "--grid" : "--clean") takes rows, which --codes does not have: leave it out"
                )
            }
            try OutputFiles([.init("--output", wanted.output)], force: wanted.force).check(data: [path], files: files)
            try checkDecodes("--codes")
            try FileProbe.survives("\(path):/codes", DataOptions())
        }
        let given = try world.together {
            if wanted.library != nil { try checkTakesCounts() }
            return try DecodingConditions(wanted.conditions, of: checkpoint)
        }
        let stored = try world.opening { try StoredCodes(path, rows: rows, self) }
        let (size, features, conditionSize) = (model.latentSize, model.inputSize, model.conditionSize)
        var writer: DecodedRowFile?
        try world.onRoot { writer = try DecodedRowFile(wanted.output, stored, checkpoint, librarySize: preparation.librarySize) }
        let noise = NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation)
        let asTheyAre = Preparation(PreparationSettings(), support: nil)
        let hasLibrary = model.likelihood.takesCounts
        try RowSweep(world: world, pool: pool, preparation: asTheyAre, noise: noise).run(
            stored.source, stored.source.selection, columns: [features]
        ) { worker, batch, columns in
            let (count, width) = (batch.rowCount, stored.source.features)
            let (z, sums) = (AlignedBuffer(count: count * size), AlignedBuffer(count: count))
            let conditions = AlignedBuffer(count: count * conditionSize)
            for row in 0..<count {
                // Codes, sum, conditions, as `StoredCodes` puts them side by side.
                let own = batch.input + row * width
                for latent in 0..<size { z.pointer[row * size + latent] = stored.scale.restored(own[latent], latent: latent) }
                if hasLibrary { sums.pointer[row] = own[size] }
                for i in 0..<conditionSize { conditions.pointer[row * conditionSize + i] = own[width - conditionSize + i] }
            }
            func decode(_ conditions: UnsafePointer<Float>?, _ mean: UnsafeMutablePointer<Float>) {
                applied[worker].decode(
                    z.pointer, rowCount: count, wanted.library.map { .normalized($0) } ?? .each(sums.pointer),
                    conditions: conditions,
                    applied.parameters, mean: mean)
            }
            guard let given else { return decode(conditionSize == 0 ? nil : UnsafePointer(conditions.pointer), columns[0]) }
            given.mean(columns[0], count: count * features, decode)
        } receive: { rows, columns in
            try writer!.write(
                preparation.restore(columns[0].pointer, rows: rows.count, features: features, pool: pool), rows: rows)
        }
        try world.onRoot { try writer!.finish() }
        return ReconstructionReport(rows: stored.source.rowCount)
    }
}

/// A file of codes, opened for a model. Its initialiser throws ``Failure`` for what is no such file, or one of another model.
private struct StoredCodes {
    /// Codes, sums of counts and conditions side by side.
    let source: DataSource
    let scale: CodeScale
    let file: File
    let isWide: Bool

    init(_ path: String, rows: String, _ model: TrainedModel) throws {
        do {
            file = try File.open(path)
            guard case .string(CodeFile.format) = try file.attribute("format", of: "/") else {
                throw Failure(.badData, "\(path) is no file of codes, as embed --dtype writes them")
            }
            if case .string(let digest) = try file.attribute("digest", of: "/"), digest != model.checkpoint.digest ?? "" {
                throw Failure(
                    .badData,
                    "\(path) has codes of another model, whose parameters have the digest \(digest.prefix(12))...: give its --checkpoint"
                )
            }
            if case .integer(1) = try file.attribute("is_wide", of: "/") { isWide = true } else { isWide = false }
            var options = DataOptions()
            options.rows = rows
            let objects =
                ["/codes"] + (model.model.likelihood.takesCounts ? ["/library"] : [])
                + (model.model.conditionSize > 0 ? ["/condition"] : [])
            source = try DataSource.open("\(path):\(objects.joined(separator: "+"))", options)
            let size = model.model.latentSize
            let width = size + (model.model.likelihood.takesCounts ? 1 : 0) + model.model.conditionSize
            guard source.features == width else {
                throw Failure(.badData, "\(source.name) has \(source.features) numbers a row, but the model needs \(width)")
            }
            let type = try file.dataset("/codes").type
            guard type.size == 1 else {
                scale = CodeScale(
                    type.size == 2 ? .float16 : .float32, low: [Float](repeating: 0, count: size),
                    high: [Float](repeating: 0, count: size))
                return
            }
            let (scales, offsets) = (try file.dataset("/scale"), try file.dataset("/offset"))
            guard scales.shape == [size], offsets.shape == [size] else {
                throw Failure(.badData, "\(path): /scale and /offset must have a number for each of \(size) latents")
            }
            scale = CodeScale(type: .int8, scale: try scales.read(Float.self), offset: try offsets.read(Float.self))
        } catch let error as HDF5Error {
            throw Failure(error)
        }
    }
}

/// The file of rows that were decoded from codes. Used by root alone; throws ``Failure``.
private final class DecodedRowFile {
    private let file: ResultFile
    private let stored: StoredCodes
    private let librarySize: Double
    private let data: Dataset
    private let row: Dataset
    private let labels: CopiedColumn?
    private let ids: CopiedColumn?
    /// The source's rows, and their sums where these were scaled.
    private let numbers: Dataset
    private let sums: Dataset?
    private let features: Int

    init(_ path: String, _ stored: StoredCodes, _ checkpoint: Checkpoint, librarySize: Double) throws {
        self.stored = stored
        self.librarySize = librarySize
        let (source, count) = (stored.source, stored.source.rowCount)
        features = checkpoint.inputShape.reduce(1, *)
        do {
            numbers = try stored.file.dataset("/row")
            sums = librarySize > 0 ? try stored.file.dataset("/sum") : nil
        } catch {
            throw Failure(error)
        }
        let file = try ResultFile(path, format: "mpi-vae reconstructions", byteCount: count * (8 * features + 160))
        self.file = file
        data = try file.numbers(
            "/data", isWide: stored.isWide, shape: [count] + checkpoint.inputShape, "mean of p(x|z) at the stored code z")
        row = try file.column("/row", Int64.self, shape: [count], "row of the source, from 0; of several files, counted on")
        labels = try file.writing { try CopiedColumn("/label", of: [source.labels], in: $0, count: count) }
        ids = try file.writing { try CopiedColumn("/id", of: [source.ids], in: $0, count: count) }
        try file.describe(checkpoint, sources: [source.name])
    }

    func write(_ values: AlignedMemory<Double>, rows: Range<Int>) throws {
        let own = stored.source.selection.rows(rows)
        try file.writing { _ in
            let stretch = Int(own[0])..<Int(own[own.count - 1]) + 1
            let places = try numbers.read(Int64.self, rows: stretch)
            if let sums {
                let totals = try sums.read(Double.self, rows: stretch)
                for (index, row) in own.enumerated() {
                    let factor = totals[Int(row) - stretch.lowerBound] / librarySize
                    for i in index * features..<(index + 1) * features { values.pointer[i] *= factor }
                }
            }
            try data.write(values.pointer, rows: rows)
            try row.write(own.map { places[Int($0) - stretch.lowerBound] }, rows: rows)
            if let labels { try labels.copy(from: stored.source.labels, rows: own, to: rows) }
            if let ids { try ids.copy(from: stored.source.ids, rows: own, to: rows) }
        }
    }

    func finish() throws { try file.finish() }
}
