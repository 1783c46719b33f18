public import Datasets
internal import Distributed
internal import HDF5
internal import Randomness
internal import Statistics
internal import Support
internal import Training
internal import VAE

/// What `reconstruct` is asked for.
public struct ReconstructionOptions: Sendable {
    /// The HDF5 file to write.
    public var output = ""
    /// Whether files that are there are replaced.
    public var force = false
    /// The same rows without noise, `file.h5[:/path]`; empty for none.
    public var clean = ""
    /// A PNG or JPEG file of originals beside their reconstructions; empty for none.
    public var grid = ""
    /// What rows are to be conditioned on when they are decoded, NAME=VALUE each, or NAME=* for the mean over all categories; empty for what they are
    /// conditioned on themselves.
    public var conditions: [String] = []
    /// The sum that normalised rows of counts are to have, without zeros of another origin; nil for means of p(x | z) with the rows' own sums.
    public var library: Float?

    public init() {}
}

/// What `reconstruct` found.
public struct ReconstructionReport: Sendable, Equatable {
    public var rows: Int
    /// Peak signal-to-noise ratios against the clean rows, in dB; nil if none were given.
    public var inputPSNR: Double?
    public var outputPSNR: Double?
}

extension TrainedModel {
    /// Writes the mean of p(x | z) for every row of a data set, with the posterior's mean as z, in the data's scale. Collective;
    /// throws ``SharedFailure``. The report is root's.
    ///
    /// Memory does not grow with the number of rows.
    public func reconstruct(
        _ data: String, _ options: DataOptions, _ wanted: ReconstructionOptions
    ) throws -> ReconstructionReport {
        try world.onRoot {
            let files = [.init("--output", wanted.output)] + OutputFiles.File.optional("--grid", wanted.grid, ImageGrid.formats)
            try OutputFiles(files, force: wanted.force).check(data: [data, wanted.clean], files: self.files)
        }
        let conditions = try world.together {
            if wanted.library != nil { try checkTakesCounts() }
            return try DecodingConditions(wanted.conditions, of: checkpoint)
        }
        let source = try open(data, options)
        let clean = try wanted.clean.isEmpty ? nil : openClean(wanted.clean, options, of: source)
        // Noisy rows of images leave 0...1, which only their likelihood would mind.
        let preparation = self.preparation.withoutLikelihood
        var writer: ReconstructionWriter?
        try world.onRoot {
            writer = try ReconstructionWriter(wanted, source, clean: clean, checkpoint, librarySize: preparation.librarySize)
        }
        let noise = NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation)
        let features = source.features
        try RowSweep(world: world, pool: pool, preparation: preparation, noise: noise).run(
            source, source.selection, columns: [features]
        ) { worker, batch, columns in
            let library = wanted.library.map { RowLibrary.normalized($0) }
            func decode(_ conditions: UnsafePointer<Float>?, _ mean: UnsafeMutablePointer<Float>) {
                applied[worker].reconstruct(batch, as: conditions, library: library, applied.parameters, into: mean)
            }
            guard let conditions else { return decode(nil, columns[0]) }
            conditions.mean(columns[0], count: batch.rowCount * features, decode)
        } receive: { rows, columns in
            try writer!.write(
                preparation.restore(columns[0].pointer, rows: rows.count, features: features, pool: pool), rows: rows)
        }
        var report = ReconstructionReport(rows: source.rowCount)
        try world.onRoot { report = try writer!.finish() }
        return report
    }

    /// Throws ``Failure`` (78) where rows have no sums.
    func checkTakesCounts() throws(Failure) {
        guard model.likelihood.takesCounts else {
            throw Failure(
                .configuration,
                "--library is for counts, but the model is one of \(configuration.model.likelihood.rawValue): leave it out")
        }
    }

    private func openClean(_ path: String, _ options: DataOptions, of source: DataSource) throws -> DataSource {
        var plain = DataOptions()
        plain.packedBits = options.packedBits
        plain.mapSize = options.mapSize
        let clean = try open(path, plain)
        try world.onRoot {
            guard clean.selection.universe == source.selection.universe else {
                throw Failure(
                    .badData,
                    "\(clean.name) has \(clean.selection.universe) rows, but \(source.name) \(source.selection.universe): "
                        + "--clean must hold the same rows")
            }
        }
        return clean
    }
}

/// The file of reconstructions, and what is found out while it is written. Used by root alone; throws ``Failure``.
final class ReconstructionWriter {
    private let source: DataSource
    private let librarySize: Double
    private let file: ResultFile
    private let data: Dataset
    private let row: Dataset
    private let labels: CopiedColumn?
    private let ids: CopiedColumn?
    private let originals: ExactRows
    private let clean: ExactRows?
    private var ratio: PeakSignalToNoise
    private var grid: ImageGrid?
    private let gridPath: String

    init(
        _ wanted: ReconstructionOptions, _ source: DataSource, clean: DataSource?, _ checkpoint: Checkpoint, librarySize: Double
    ) throws {
        self.source = source
        self.librarySize = librarySize
        gridPath = wanted.grid
        if !wanted.grid.isEmpty { grid = ImageGrid(try .required(source.rowShape), group: 2, columns: 8, most: 128) }
        originals = try ExactRows(source, .everything(missing: true))
        self.clean = try clean.map { try ExactRows($0, .everything(missing: true)) }
        // Bytes stand for 0...1.
        ratio = PeakSignalToNoise(peak: clean?.format.numbers == .pixel ? 1 : nil)
        let count = source.rowCount
        let file = try ResultFile(
            wanted.output, format: "mpi-vae reconstructions", byteCount: count * (8 * source.features + 160))
        self.file = file
        data = try file.numbers(
            "/data", isWide: source.format.isWide, shape: [count] + source.rowShape,
            "mean of p(x|z) at the mean of the posterior q(z|x)")
        row = try file.column("/row", Int64.self, shape: [count], "row of the source, from 0; of several files, counted on")
        labels = try file.writing { try CopiedColumn("/label", of: [source.labels], in: $0, count: count) }
        ids = try file.writing { try CopiedColumn("/id", of: [source.ids], in: $0, count: count) }
        try file.describe(checkpoint, sources: [source.name] + (clean.map { [$0.name] } ?? []))
    }

    func write(_ values: AlignedMemory<Double>, rows range: Range<Int>) throws {
        let (rows, features) = (source.selection.rows(range), source.features)
        if clean != nil || librarySize > 0 || grid?.isFull == false {
            let input = try originals.values(rows)
            if librarySize > 0 { Self.restoreSums(of: input, in: values, rows: rows.count, target: librarySize) }
            if let clean {
                let truth = try clean.values(rows)
                ratio.add(
                    input: input.pointer, output: values.pointer, clean: truth.pointer, count: rows.count * features)
            }
            for index in rows.indices where grid?.isFull == false {
                grid!.add(input.pointer + index * features, setsRange: false)
                grid!.add(values.pointer + index * features)
            }
        }
        try file.writing { _ in
            try data.write(values.pointer, rows: range)
            try row.write(rows, rows: range)
            if let labels { try labels.copy(from: source.labels, rows: rows, to: range) }
            if let ids { try ids.copy(from: source.ids, rows: rows, to: range) }
        }
    }

    /// Scales each row from the preparation's sum to the sum that the row had.
    private static func restoreSums(of input: AlignedMemory<Double>, in values: AlignedMemory<Double>, rows: Int, target: Double)
    {
        let features = input.count / rows
        for row in 0..<rows {
            let own = row * features..<(row + 1) * features
            let sum = own.reduce(0.0) { $0 + (input.pointer[$1].isNaN ? 0 : input.pointer[$1]) }
            let factor = sum / target
            for i in own { values.pointer[i] *= factor }
        }
    }

    func finish() throws -> ReconstructionReport {
        var report = ReconstructionReport(rows: source.rowCount)
        if clean != nil {
            report.inputPSNR = ratio.input
            report.outputPSNR = ratio.output
            try file.writing { file in
                try file.setAttribute("input_psnr", .double(ratio.input))
                try file.setAttribute("output_psnr", .double(ratio.output))
            }
        }
        try grid?.write(to: gridPath)
        try file.finish()
        return report
    }
}

extension ResultFile {
    /// Says which model made the file, of what, and what its features are called.
    func describe(_ checkpoint: Checkpoint, sources: [String]) throws {
        try writing { file in
            try file.write(featureNames: checkpoint.featureNames)
            try file.setAttribute("sources", .strings(sources))
            try file.setAttribute("configuration", .string(checkpoint.configuration))
            try file.setAttribute("step", .integer(Int64(checkpoint.progress.step)))
        }
    }
}
