internal import Distributed
internal import Foundation
internal import HDF5
internal import VAE

/// What `score` is to do.
public struct ScoreOptions: Sendable {
    /// The data whose rows are taken for normal; empty for those that the run was trained on.
    public var fitData = ""
    /// The labels of normal rows; empty if nothing is to be said of how well the scores tell them from others.
    public var normal: [String] = []
    public var output = "scores.h5"
    public var force = false

    public init() {}
}

/// What `score` found.
public struct ScoreReport: Codable, Sendable {
    public var rows: Int
    /// The rows that the statistics of latents and activations are of.
    public var fittedRows: Int
    public var anomalies: Int?
    /// By score.
    public var areaUnderRoc: [String: Double]?
    public var averagePrecision: [String: Double]?
}

/// The scores of a row: the higher, the less it is like the rows that were fitted.
public enum AnomalyScore: String, CaseIterable, Sendable {
    case reconstruction, elbo, mahalanobis, sap, nap

    var meaning: String {
        switch self {
        case .reconstruction: "-log p(x|z), z drawn from the posterior"
        case .elbo: "negative evidence lower bound"
        case .mahalanobis: "Mahalanobis distance of the posterior's mean from those of the fitted rows"
        case .sap: "squared difference of the row's and its reconstruction's activations (RaPP, SAP)"
        case .nap: "the same whitened by the fitted rows' differences (RaPP, NAP)"
        }
    }

    var units: String { self == .reconstruction || self == .elbo ? "nats" : "1" }
}

extension TrainedModel {
    /// The most activations of a row whose differences are whitened: the matrix of their products must be diagonalised.
    private static let mostActivations = 4096

    /// Writes the anomaly scores of all rows of a data set. Collective; throws ``SharedFailure``. The report is root's.
    ///
    /// - Parameter path: the checkpoint or run folder that the model is from.
    public func score(
        _ data: String, _ options: DataOptions, checkpoint path: String, _ wanted: ScoreOptions
    ) throws -> ScoreReport {
        try world.onRoot { try ResultFile.check(wanted.output, force: wanted.force) }
        let source = try open(data, options)
        try world.onRoot {
            if let misfit = source.misfit { throw Failure(.badData, misfit) }
            if !wanted.normal.isEmpty, source.labels == nil {
                throw Failure(.badData, "--normal names labels, but \(source.name) has none: name their path by --labels")
            }
        }
        let (fitSource, fitRows) = try fitted(wanted.fitData, checkpoint: path)
        let scales = try fit(fitSource, fitRows)
        let scores = AnomalyScore.allCases.filter { $0 != .nap || scales.activations != nil }
        if scales.activations == nil {
            note(
                "no nap: \(model.activationCount) activations a row are too many to be whitened, at most \(Self.mostActivations) are"
            )
        }
        var table = [[Float]](repeating: [], count: scores.count)
        var labels: [String] = []
        var writer: ScoreWriter?
        try world.onRoot { writer = try ScoreWriter(wanted.output, source, scores, fittedRows: fitRows.count) }
        let latent = model.configuration.latentSize
        let noise = self.noise
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation, noise: noise)
        try sweep.run(source, source.selection, columns: scores.map { _ in 1 }) { worker, batch, columns in
            let width = model.activationCount
            let (mean, logVariance) = (
                AlignedBuffer(count: batch.rowCount * latent), AlignedBuffer(count: batch.rowCount * latent)
            )
            let kl = AlignedBuffer(count: batch.rowCount)
            let differences = AlignedBuffer(count: batch.rowCount * width)
            workspaces[worker].encode(
                batch, noise: noise, mean: mean.pointer, logVariance: logVariance.pointer, reconstruction: columns[0],
                kl: kl.pointer)
            workspaces[worker].activationDifferences(batch, into: differences.pointer)
            for row in 0..<batch.rowCount {
                columns[1][row] = columns[0][row] + kl.pointer[row]
                let squares = scales.codes.squaredDistance(mean.pointer + row * latent)
                columns[2][row] = Float((squares * Double(max(scales.codes.count - 1, 1))).squareRoot())
                let own = differences.pointer + row * width
                columns[3][row] = Float((0..<width).reduce(0.0) { $0 + Double(own[$1]) * Double(own[$1]) })
                if let activations = scales.activations { columns[4][row] = Float(activations.squaredDistance(own)) }
            }
        } receive: { rows, columns in
            let numbers = source.selection.rows(rows)
            try writer!.write(columns, rows: rows, numbers)
            guard !wanted.normal.isEmpty else { return }
            for index in scores.indices { table[index] += UnsafeBufferPointer(start: columns[index].pointer, count: rows.count) }
            do throws(HDF5Error) {
                labels += try source.labels!.strings(numbers)
            } catch {
                throw Failure(error)
            }
        }
        var report = ScoreReport(rows: source.rowCount, fittedRows: fitRows.count)
        try world.onRoot {
            try writer!.finish()
            if !wanted.normal.isEmpty { try judge(scores, table, labels, normal: wanted.normal, into: &report) }
        }
        return report
    }

    private var noise: NoiseKey { NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation) }

    /// The rows that are taken for normal. Collective.
    private func fitted(_ data: String, checkpoint path: String) throws -> (DataSource, RowSet) {
        if !data.isEmpty {
            let source = try open(data, DataOptions())
            return (source, source.selection)
        }
        guard let run = try runConfiguration(path), !run.data.data.isEmpty else {
            throw SharedFailure(
                exitStatus: ExitCode.usage.rawValue,
                message: world.isRoot
                    ? "\(path) does not say what data it was trained on: give the folder of a run, or them by --fit-data" : nil)
        }
        let data = try RunData(run, world: world)
        try world.together {
            guard data.source.features == model.configuration.inputSize else {
                throw Failure(
                    .badData,
                    "\(data.source.name) has rows of shape \(data.source.rowShape), but the model was trained on "
                        + "\(checkpoint.inputShape)")
            }
        }
        return (data.source, data.split.rows(.train))
    }

    /// How codes and activations differ among the rows that are fitted. Collective.
    private func fit(_ source: DataSource, _ rows: RowSet) throws -> (codes: Whitening, activations: Whitening?) {
        let latent = model.configuration.latentSize
        let width = model.activationCount
        let whitens = width <= Self.mostActivations
        let noise = self.noise
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation, noise: noise)
        let codes = Scatter(size: latent, world: world, pool: pool)
        let activations = whitens ? Scatter(size: width, world: world, pool: pool) : nil
        let blocks = max(1, min(16, (16 << 20) / (width * BlockPlan.blockSize * 4)))
        try sweep.run(source, rows, columns: [latent, whitens ? width : 0], blocks: blocks, everywhere: true) {
            worker, batch, columns in
            let logVariance = AlignedBuffer(count: batch.rowCount * latent)
            let (reconstruction, kl) = (AlignedBuffer(count: batch.rowCount), AlignedBuffer(count: batch.rowCount))
            workspaces[worker].encode(
                batch, noise: noise, mean: columns[0], logVariance: logVariance.pointer, reconstruction: reconstruction.pointer,
                kl: kl.pointer)
            if whitens { workspaces[worker].activationDifferences(batch, into: columns[1]) }
        } receive: { rows, columns in
            codes.add(columns[0].pointer, rowCount: rows.count)
            activations?.add(columns[1].pointer, rowCount: rows.count)
        }
        return (try codes.whitening(), try activations?.whitening())
    }

    /// How well the scores tell normal rows from others; says so if there are only one kind. Used by root alone.
    private func judge(
        _ scores: [AnomalyScore], _ table: [[Float]], _ labels: [String], normal: [String], into report: inout ScoreReport
    ) throws {
        let known = Set(labels)
        if let unknown = normal.first(where: { !known.contains($0) }) {
            note("no row has the label \(unknown)")
        }
        let isAnomaly = labels.map { !normal.contains($0) }
        let count = isAnomaly.count { $0 }
        report.anomalies = count
        if count == 0 || count == labels.count {
            note("all rows are \(count == 0 ? "normal" : "anomalies"): no AUC and average precision, which need both kinds")
            return
        }
        report.areaUnderRoc = [:]
        report.averagePrecision = [:]
        for (score, values) in zip(scores, table) {
            guard let ranking = Ranking(values, isPositive: isAnomaly) else { continue }
            report.areaUnderRoc![score.rawValue] = ranking.areaUnderROC
            report.averagePrecision![score.rawValue] = ranking.averagePrecision
        }
    }
}

/// The file of scores. Used by root alone.
private final class ScoreWriter {
    private let source: DataSource
    private let result: ResultFile
    private let columns: [Dataset]
    private let row: Dataset
    private let labels: CopiedColumn?
    private let ids: CopiedColumn?

    init(_ path: String, _ source: DataSource, _ scores: [AnomalyScore], fittedRows: Int) throws {
        self.source = source
        let count = source.rowCount
        let result = try ResultFile(path, format: "mpi-vae scores", byteCount: count * (4 * scores.count + 160))
        self.result = result
        columns = try scores.map {
            try result.column("/score/\($0.rawValue)", Float.self, shape: [count], $0.meaning, units: $0.units)
        }
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

    func write(_ values: [AlignedBuffer], rows: Range<Int>, _ numbers: [Int64]) throws {
        try result.writing { _ in
            for (column, values) in zip(columns, values) { try column.write(values.pointer, rows: rows) }
            try row.write(numbers, rows: rows)
        }
        try labels?.copy(from: source.labels!, rows: numbers, to: rows)
        try ids?.copy(from: source.ids!, rows: numbers, to: rows)
    }

    func finish() throws { try result.finish() }
}
