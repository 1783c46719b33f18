public import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Pages
internal import Randomness
internal import Statistics
internal import Support
internal import Training
internal import VAE

/// What `score` is to do.
public struct ScoreOptions: Sendable {
    /// The data whose rows are taken for normal; empty for those that the run was trained on.
    public var fitData = ""
    /// The labels of normal rows; empty if nothing is to be said of how well the scores tell them from others.
    public var normal: [String] = []
    /// The samples of the posterior for the importance-weighted score; 0 for none.
    public var samples = 0
    /// The shares of normal rows that thresholds are to leave below them, above 0 and at most 1; empty for no thresholds.
    public var quantiles: [Double] = []
    public var output = "scores.h5"
    /// A table with a line for each row, and a page about the scores; empty for none.
    public var csv = ""
    public var report = ""
    /// Whether ids and labels in CSV that begin like formulas get an apostrophe in front.
    public var csvSafe = false
    public var force = false

    public init() {}
}

/// What `score` found.
public struct ScoreReport: Codable, Sendable {
    /// How well each score finds anomalies, by score.
    public struct Figures: Codable, Sendable {
        public var areaUnderRoc: [String: Double] = [:]
        public var averagePrecision: [String: Double] = [:]
    }

    /// Anomalies with one label, against all normal rows.
    public struct Class: Codable, Sendable {
        public var label: String
        public var rows: Int
        public var figures: Figures
    }

    public var rows: Int
    /// The rows that the statistics of latents and activations are of.
    public var fittedRows: Int
    /// The samples of the posterior that `iw` is of.
    public var samples: Int?
    /// Those of the rows that the model was trained on, as far as is known.
    public var trainedRows: Int
    /// Those of them that are normal, of all normal rows.
    public var trainedNormalRows: Int?
    public var normalRows: Int?
    public var anomalies: Int?
    /// Rows that are neither normal nor anomalies; nil if there are none, or nothing was to be said of labels.
    public var rowsWithoutLabel: Int?
    /// By score.
    public var areaUnderRoc: [String: Double]?
    public var averagePrecision: [String: Double]?
    public var classes: [Class]?
    /// In ascending order, and by score the threshold of each and the rows above it.
    public var quantiles: [Double]?
    public var thresholds: [String: [Float]]?
    public var rowsAbove: [String: [Int]]?
    /// The rows that the thresholds are quantiles of, and what rows these are.
    public var thresholdRows: Int?
    public var thresholdsOf: String?
}

/// The scores of a row: the higher, the less it is like the rows that were fitted.
public enum AnomalyScore: String, CaseIterable, Sendable {
    case reconstruction, elbo
    case squaredError = "squared_error"
    case mahalanobis, sap, nap, iw

    var meaning: String {
        switch self {
        case .reconstruction: "-log p(x|z), z drawn from the posterior"
        case .elbo: "negative evidence lower bound"
        case .squaredError: "squared difference of the row and its reconstruction from the posterior's mean"
        case .mahalanobis: "Mahalanobis distance of the posterior's mean from those of the fitted rows"
        case .sap: "squared difference of the row's and its reconstruction's activations (RaPP, SAP)"
        case .nap: "the same whitened by the fitted rows' differences (RaPP, NAP)"
        case .iw: "-log p(x), estimated by importance-weighted samples of the posterior"
        }
    }

    package var units: String {
        switch self {
        case .reconstruction, .elbo, .iw: "nats"
        case .squaredError, .mahalanobis, .sap, .nap: "1"
        }
    }
}

extension TrainedModel {
    /// Writes the anomaly scores of all rows of a data set. Collective; throws ``SharedFailure``. The report is root's.
    public func score(_ data: String, _ options: DataOptions, _ wanted: ScoreOptions) throws -> ScoreReport {
        let files =
            OutputFiles.File.optional("--csv", wanted.csv, [.csv]) + OutputFiles.File.optional("--report", wanted.report, [.html])
        let outputs = OutputFiles([.init("--output", wanted.output)] + files, force: wanted.force)
        try world.onRoot {
            try outputs.check(data: [data, wanted.fitData], files: self.files)
            for file in files where file.path == OutputFiles.standardOutput {
                throw Failure(.usage, "\(file.flag) -: standard output is for the figures: name a file")
            }
            if wanted.samples > 0 { try checkGivesProbabilities("--samples") }
        }
        let source = try open(data, options)
        var labelled: LabelledScores?
        var normal: Set<String>?
        try world.onRoot {
            if let misfit = source.misfit { throw Failure(.badData, misfit) }
            if wanted.normal.isEmpty { return }
            guard let labels = source.labels else {
                throw Failure(.badData, "--normal names labels, but \(source.name) has none: name their path by --labels")
            }
            normal = try LabelClasses(labels, source.selection).resolve(wanted.normal, "--normal", of: source.name)
            labelled = LabelledScores(normal: normal!)
        }
        let known = try knownRows(wanted.fitData)
        // Those that the run was trained on are known only now.
        try world.onRoot { try outputs.check(files: known.files) }
        let origins = try origins(of: source, among: known.run)
        let scorer = try fit(known.fitted, samples: wanted.samples)
        let thresholds = try wanted.quantiles.isEmpty ? nil : thresholds(wanted.quantiles, scorer, known)
        var report = ScoreReport(rows: source.rowCount, fittedRows: known.fitted.count, trainedRows: 0)
        if wanted.samples > 0 { report.samples = wanted.samples }
        var writer: ScoreWriter?
        var table: ScoreTable?
        var sample = wanted.report.isEmpty ? nil : ScoreSample(scores: scorer.scores.count, rows: source.rowCount)
        try world.onRoot {
            if !wanted.csv.isEmpty {
                table = try ScoreTable(wanted.csv, source, scorer.scores, thresholds, isSafe: wanted.csvSafe)
            }
            writer = try ScoreWriter(wanted.output, source, scorer, fittedRows: known.fitted.count, thresholds)
        }
        try sweep(source, source.selection, scorer) { rows, columns in
            let numbers = source.selection.rows(rows)
            try writer!.write(columns, rows: rows, numbers)
            try table?.write(columns, numbers)
            try sample?.add(columns, rows, numbers, source)
            let isTrained = numbers.map { origins.part(ofRow: Int($0)) == .train }
            report.trainedRows += isTrained.count { $0 }
            guard labelled != nil else { return }
            do throws(HDF5Error) {
                labelled!.add(try source.labels!.strings(numbers), isTrained, columns)
            } catch {
                throw Failure(error)
            }
        }
        try world.onRoot {
            try writer!.finish(trainedRows: report.trainedRows)
            try table?.finish()
            if let thresholds { report.add(thresholds, scorer.scores, above: writer!.above) }
            guard let labelled else { return }
            if labelled.rowsWithoutLabel > 0 {
                note("\(labelled.rowsWithoutLabel) rows have no label: they are neither normal nor anomalies")
            }
            if let complaint = labelled.fill(&report, scorer.scores) { note(complaint) }
        }
        if let sample {
            try world.onRoot {
                var page = HTMLPage(title: "Scores", subtitle: "\(source.name) by \(place.path)")
                try ScorePage(
                    report: report, scores: scorer.scores, sample: sample, thresholds: thresholds, normal: normal, source: source
                ).add(to: &page)
                addProvenance(of: data, to: &page)
                try page.write(to: wanted.report)
            }
        }
        return report
    }

    /// Throws ``Failure`` (64) where the model gives no p(x).
    ///
    /// - Parameter flag: what asks for it.
    func checkGivesProbabilities(_ flag: String) throws {
        guard let reason = model.reasonWithoutDensity else { return }
        throw Failure(.usage, "\(flag): the model is \(reason), which gives no p(x): leave \(flag) out")
    }

    /// Takes rows through a scorer; root receives their scores in order. Collective.
    private func sweep(
        _ source: DataSource, _ rows: RowSet, _ scorer: RowScorer,
        receive: (_ rows: Range<Int>, _ columns: [UnsafeMutablePointer<Float>]) throws -> Void
    ) throws {
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation, noise: noise)
        try sweep.run(source, rows, columns: scorer.scores.map { _ in 1 }) { worker, batch, columns in
            scorer.score(batch, worker: worker, into: columns)
        } receive: { rows, columns in
            try receive(rows, columns.map(\.pointer))
        }
    }

    private var noise: NoiseKey { NoiseKey(seed: configuration.training.seed, epoch: 0, purpose: .validation) }
}

/// Rows of a data set.
private struct SourceRows {
    let source: DataSource
    let rows: RowSet

    var count: Int { rows.count }
}

/// The rows that are taken for normal.
private struct KnownRows {
    /// Those that latents and activations are compared with.
    let fitted: SourceRows
    /// Those that thresholds are quantiles of, and what they are.
    let reference: SourceRows
    let origin: Origin
    /// The data of the run, where it has been opened.
    var run: RunData?

    var files: [String] { fitted.source.files + reference.source.files }

    /// As the file of scores names them.
    package enum Origin: String {
        case given = "rows of --fit-data"
        case validation = "validation rows of the run"
        case training = "training rows of the run"
    }
}

extension TrainedModel {
    /// The rows that are taken for normal. Collective.
    private func knownRows(_ data: String) throws -> KnownRows {
        if !data.isEmpty {
            let source = try open(data, DataOptions())
            let rows = SourceRows(source: source, rows: source.selection)
            return KnownRows(fitted: rows, reference: rows, origin: .given)
        }
        guard let record = try runRecord() else {
            throw SharedFailure(
                exitStatus: ExitCode.usage.rawValue,
                message: world.isRoot
                    ? "\(place.path) does not say what data it was trained on: give the folder of a run, or them by --fit-data"
                    : nil)
        }
        let data: RunData
        do {
            data = try runData(record)
        } catch let failure as SharedFailure {
            throw SharedFailure(
                exitStatus: failure.exitStatus, message: failure.message.map { "\($0): give the training rows by --fit-data" })
        }
        try world.onRoot {
            guard try data.source.fingerprint() == checkpoint.data.fingerprint else {
                throw Failure(
                    .badData,
                    "\(record.file): data \(record.configuration.data.data): \(data.source.name) is not what the model was trained on any "
                        + "more: give the training rows by --fit-data")
            }
        }
        let fitted = SourceRows(source: data.source, rows: data.split.rows(.train))
        let (source, rows) = data.rows(.validation)
        return rows.count > 0
            ? KnownRows(fitted: fitted, reference: SourceRows(source: source, rows: rows), origin: .validation, run: data)
            : KnownRows(fitted: fitted, reference: fitted, origin: .training, run: data)
    }

    /// How codes and activations differ among the rows that are fitted. Collective.
    private func fit(_ known: SourceRows, samples: Int) throws -> RowScorer {
        let (latent, applied) = (model.latentSize, applied.forWholeBlocks)
        let hidden = applied.workers.indices.map { HiddenDifferences(applied, worker: $0) }
        let (width, whitened) = (hidden[0].width, hidden[0].whitenedWidth)
        if whitened < width {
            note("nap is of means: \(width) activations a row are pooled to \(whitened) (docs/evaluation.md)")
        }
        let differences = hidden.map { _ in AlignedBuffer(count: BlockPlan.blockSize * width) }
        let noise = self.noise
        let sweep = RowSweep(world: world, pool: pool, preparation: preparation, noise: noise)
        let codes = Scatter(size: latent, world: world, pool: pool)
        let activations = Scatter(size: whitened, world: world, pool: pool)
        try sweep.run(known.source, known.rows, columns: [latent, whitened], everywhere: true) { worker, batch, columns in
            applied[worker].encode(batch, applied.parameters, mean: columns[0])
            hidden[worker].measure(batch, mean: columns[0], into: differences[worker].pointer)
            columns[1].update(
                from: hidden[worker].whitened(differences[worker].pointer, rowCount: batch.rowCount),
                count: batch.rowCount * whitened)
        } receive: { rows, columns in
            codes.add(columns[0].pointer, rowCount: rows.count)
            activations.add(columns[1].pointer, rowCount: rows.count)
        }
        return RowScorer(
            applied, codes: try codes.whitening(), activations: try activations.whitening(), noise: noise,
            seed: configuration.training.seed, samples: samples)
    }

    /// Quantiles of the scores of rows that are taken for normal; nil but on root. Collective.
    private func thresholds(_ quantiles: [Double], _ scorer: RowScorer, _ known: KnownRows) throws -> ScoreThresholds? {
        if known.origin == .training {
            note(
                "the run has no validation rows: thresholds are of its training rows, whose scores are lower than those of others; "
                    + "train with --validation-fraction, or give --fit-data")
        }
        var scores = scorer.scores.map { _ in [Float]() }
        try sweep(known.reference.source, known.reference.rows, scorer) { rows, columns in
            for (index, column) in columns.enumerated() {
                scores[index] += UnsafeBufferPointer(start: column, count: rows.count)
            }
        }
        return world.isRoot ? ScoreThresholds(Set(quantiles).sorted(), of: scores, origin: known.origin.rawValue) : nil
    }
}

extension ScoreReport {
    /// What figures of normal rows that were trained on are worth; nil where there are none.
    public var trainedOn: String? {
        guard areaUnderRoc != nil, let trained = trainedNormalRows, trained > 0, let normal = normalRows else { return nil }
        return
            "trained on      \(trained) of \(normal) normal rows: AUC and average precision are better than for new rows; score rows that "
            + "were held out"
    }

    fileprivate mutating func add(_ thresholds: ScoreThresholds, _ scores: [AnomalyScore], above: [[Int]]) {
        quantiles = thresholds.quantiles
        thresholdRows = thresholds.rowCount
        thresholdsOf = thresholds.origin
        self.thresholds = [:]
        rowsAbove = [:]
        for (index, score) in scores.enumerated() {
            self.thresholds![score.rawValue] = thresholds.values[index]
            rowsAbove![score.rawValue] = above[index]
        }
    }
}
