public import Datasets
internal import Distributed
internal import HDF5
internal import Support
internal import Training
internal import VAE

/// What `generate` is asked for.
public struct GenerationOptions: Sendable {
    /// Where codes come from.
    public enum Origin: Sendable {
        /// The standard normal prior.
        case prior
        /// A mixture of normal distributions, fitted to the codes of at most some of the data's rows; 0 for all.
        case mixture(components: Int, covariance: Covariance, fitRows: Int)
        /// One latent after the other, from -3 to 3, around the mean code; all of them if none is listed.
        case traversal(latents: [Int])
        /// Between the codes of two rows.
        case interpolation(from: Int, to: Int, spherical: Bool)
        /// Normal around the centre of the codes of a label.
        case label(String)
    }

    /// The covariances of a mixture's components.
    public enum Covariance: String, Sendable, CaseIterable {
        case diagonal, full
    }

    public var origin = Origin.prior
    /// Codes to draw.
    public var count = 64
    /// Of traversals and interpolations, with both ends.
    public var steps = 11
    /// The sum of a row of counts.
    public var library = RowLibrary.usual
    /// nil for that of the training.
    public var seed: UInt64?
    /// `file.h5[:/path]`; nil where none is needed.
    public var data: String?
    public var dataOptions = DataOptions()
    public var output = ""
    /// A PNG or JPEG file; empty for none.
    public var grid = ""
    /// What rows are to be conditioned on, NAME=VALUE each.
    public var conditions: [String] = []
    public var force = false

    public init() {}
}

extension TrainedModel {
    /// Decodes codes that no row has, in the data's scale. Collective; throws ``SharedFailure``.
    ///
    /// - Returns: the number of codes.
    public func generate(_ wanted: GenerationOptions) throws -> Int {
        try world.onRoot {
            let files = [.init("--output", wanted.output)] + OutputFiles.File.optional("--grid", wanted.grid, ImageGrid.formats)
            try OutputFiles(files, force: wanted.force).check(data: [wanted.data ?? ""], files: self.files)
            if !wanted.grid.isEmpty { _ = try ImageShape.required(checkpoint.inputShape) }
        }
        let conditions = try world.together { try RepeatedConditions(wanted.conditions, of: checkpoint) }
        let source = try wanted.data.map { try open($0, wanted.dataOptions) }
        let codes = try self.codes(wanted, source)
        var writer: GenerationWriter?
        try world.onRoot { writer = try GenerationWriter(wanted, codes, model, checkpoint, source: source?.name) }
        let features = model.inputSize
        if model.likelihood.takesCounts { note("rows of \(wanted.library) counts each (--library)") }
        try decode(codes, conditions, library: wanted.library) { rows, latent, means in
            let data = preparation.restore(means.pointer, rows: rows.count, features: features, pool: pool)
            try writer!.write(rows, latent, data, features: features)
        }
        try world.onRoot { try writer!.finish() }
        return codes.count
    }

    /// Decodes codes, and gives them and the decoder's means, as the model has them, in order to root. Collective.
    ///
    /// As in ``RowSweep``, by whole blocks, so that shapes and bits are the same on any number of ranks.
    private func decode(
        _ codes: any CodeSource, _ conditions: RepeatedConditions?, library: Float,
        receive: (_ rows: Range<Int>, _ latent: AlignedBuffer, _ means: AlignedBuffer) throws -> Void
    ) throws {
        let (latentSize, features) = (model.latentSize, model.inputSize)
        let results = SweepResults(world, rowCount: codes.count, columns: [latentSize, features], rowBytes: 0, everywhere: false)
        for start in results.starts {
            let mine = results.rows(ofRank: world.rank, from: start)
            let plan = BlockPlan(rowCount: mine.count)
            pool.run { worker in
                for block in stride(from: worker, to: plan.blockCount, by: pool.count) {
                    let rows = plan.rows(ofBlock: block)
                    let z = results.own[0].pointer + rows.lowerBound * latentSize
                    let mean = results.own[1].pointer + rows.lowerBound * features
                    codes.fill(z, mine.lowerBound + rows.lowerBound..<mine.lowerBound + rows.upperBound)
                    applied[worker].decode(
                        z, rowCount: rows.count, .given(library), conditions: conditions?.pointer, applied.parameters, mean: mean)
                }
            }
            try results.deliver(from: start) { rows, columns in try receive(rows, columns[0], columns[1]) }
        }
    }
}

/// The file of what was generated. Used by root alone; throws ``Failure``.
final class GenerationWriter {
    private let file: ResultFile
    private let latent: Dataset
    private let data: Dataset
    private var grid: ImageGrid?
    private let gridPath: String

    init(
        _ wanted: GenerationOptions, _ codes: any CodeSource, _ model: Model, _ checkpoint: Checkpoint, source: String?
    ) throws {
        let (count, latentSize) = (codes.count, model.latentSize)
        gridPath = wanted.grid
        if !wanted.grid.isEmpty {
            grid = ImageGrid(
                try .required(checkpoint.inputShape), columns: codes.columns, most: codes.shown)
        }
        let file = try ResultFile(
            wanted.output, format: "mpi-vae samples",
            byteCount: count * (4 * latentSize + 8 * model.inputSize + 64) + 8 * latentSize * latentSize * 1000)
        self.file = file
        data = try file.numbers(
            "/data", isWide: checkpoint.scaling?.isWide ?? false, shape: [count] + checkpoint.inputShape,
            "mean of p(x|z), in the data's scale")
        latent = try file.column("/latent", Float.self, shape: [count, latentSize], "code z")
        try file.describe(checkpoint, sources: source.map { [$0] } ?? [])
        if model.likelihood.takesCounts { try file.writing { try $0.setAttribute("library", .double(Double(wanted.library))) } }
        try codes.describe(in: file)
    }

    func write(_ rows: Range<Int>, _ codes: AlignedBuffer, _ values: AlignedMemory<Double>, features: Int) throws {
        for index in 0..<rows.count where grid?.isFull == false { grid!.add(values.pointer + index * features) }
        try file.writing { _ in
            try latent.write(codes.pointer, rows: rows)
            try data.write(values.pointer, rows: rows)
        }
    }

    func finish() throws {
        try grid?.write(to: gridPath)
        try file.finish()
    }
}
