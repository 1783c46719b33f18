internal import Analysis
internal import ArgumentParser
internal import Datasets
internal import Distributed
internal import Foundation
internal import Logging
internal import Support
internal import Training

/// What is used of data files, as `train` has it.
struct DataFlags: ParsableArguments {
    @Option(help: .key("labels")) var labels = ""
    @Option(help: .key("mask")) var mask = ""
    @Option(help: .key("weights")) var weights = ""
    @Option(help: .key("condition")) var condition = ""
    @Option(help: .key("rows")) var rows = ""
    @Option(help: .key("columns")) var columns = ""
    @Option(help: .key("feature-names")) var featureNames = ""
    @Option(help: .key("packed-bits")) var packedBits = 0

    var options: DataOptions {
        var options = DataOptions()
        options.labels = labels
        options.mask = mask
        options.weights = weights
        options.conditions = condition
        options.rows = rows
        options.columns = columns
        options.featureNames = featureNames
        options.packedBits = packedBits
        return options
    }

    func validate() throws {
        if packedBits < 0 { throw ValidationError("--packed-bits must be at least 0") }
    }
}

/// Which model, which data, and how to go about it: what all commands that apply a model have.
struct ModelFlags: ParsableArguments {
    @OptionGroup var trained: CheckpointFlags
    @Option(help: "The data, file.h5[:/path].") var data: String
    @OptionGroup var dataOptions: DataFlags

    var speech: SpeechFlags { trained.speech }

    func validate() throws {
        if data.isEmpty { throw ValidationError.emptyData }
    }

    func model(_ world: World) throws -> TrainedModel { try trained.model(world) }
}

/// A trained model, of commands that may do without data.
struct CheckpointFlags: ParsableArguments {
    @Option(help: .checkpoint, transform: FilePath.expandingHome) var checkpoint: String
    @Option(help: "Threads per rank; 0 for the processors that the rank was given.") var threads = 0
    @OptionGroup var speech: SpeechFlags

    func validate() throws {
        try checkThreads(threads)
        if checkpoint.isEmpty { throw ValidationError.emptyCheckpoint }
    }

    func model(_ world: World) throws -> TrainedModel {
        try TrainedModel(checkpoint, world: world, threads: threads, log: Logger(label: "model"))
    }
}

/// A command that applies a model to data.
protocol ModelCommand: RankedCommand, SpeakingCommand {
    var flags: ModelFlags { get }
}

extension ModelCommand {
    var speech: SpeechFlags { flags.speech }
}

extension ArgumentHelp {
    /// Of every command that takes a checkpoint.
    static let checkpoint: ArgumentHelp =
        "A checkpoint; or the folder of a run, whose best one is taken, or its checkpoints, the newest."
}

extension ValidationError {
    // What a script gives whose variable is not set.
    static let emptyCheckpoint = ValidationError("--checkpoint is empty, but must name a checkpoint or the folder of a run")
    static let emptyData = ValidationError("--data is empty, but must name data: file.h5[:/path]")
}

/// Throws for what is no number of threads.
func checkThreads(_ threads: Int) throws {
    guard (0...1024).contains(threads) else { throw ValidationError("--threads is \(threads), but must be 0 to 1024") }
}

extension CodeType {
    static func named(_ text: String) throws -> CodeType {
        guard let type = CodeType(rawValue: text) else {
            throw ValidationError("'\(text)' is none of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return type
    }
}

struct Embed: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the latent codes of all rows of a data set: HDF5, AnnData, NPY or CSV.")

    @OptionGroup var flags: ModelFlags
    @Option(
        help: "The file to write; embeddings.h5, or what the format ends in. - for standard output, with --format csv.",
        transform: FilePath.expandingHome)
    var output: String?
    @Option(
        help: "What kind of file: \(Self.formats); h5 has everything. By the name of the output if none is given.",
        transform: Self.format)
    var format: EmbeddingFormat?
    @Flag(help: "With --format h5ad: write a copy of the data's .h5ad with the codes in obsm/X_vae and columns added to obs.")
    var withInput = false
    @Flag(
        help: "With --format csv: ids and labels that begin like formulas of spreadsheets (= + - @) get an apostrophe in front.")
    var csvSafe = false
    @Option(
        help:
            "Write a file of codes alone, in numbers of this type (float32, float16 or int8), that reconstruct --codes makes rows of again.",
        transform: CodeType.named)
    var dtype: CodeType?
    @Flag(help: "Replace the output if it is there.") var force = false

    private static let formats = EmbeddingFormat.allCases.map(\.rawValue).joined(separator: ", ")

    private static func format(_ text: String) throws -> EmbeddingFormat {
        guard let format = EmbeddingFormat(rawValue: text) else { throw ValidationError("'\(text)' is none of \(formats)") }
        return format
    }

    func run(world: World) throws -> Int32 {
        let output = output ?? "embeddings.\((format ?? .hdf5).rawValue)"
        let format = try world.together { [wanted = self.format] in try EmbeddingFormat.of(output, wanted: wanted) }
        if let dtype {
            try world.onRoot {
                guard format == .hdf5, !withInput, !csvSafe else {
                    throw Failure(.usage, "--dtype writes HDF5: leave out --format, --with-input and --csv-safe")
                }
            }
            try flags.model(world).writeCodes(flags.data, flags.dataOptions.options, to: output, as: dtype, force: force)
            if world.isRoot { Terminal.sayWritten(output) }
            return 0
        }
        try flags.model(world).embed(
            flags.data, flags.dataOptions.options, to: output, format: format, withInput: withInput, csvSafe: csvSafe,
            force: force)
        if world.isRoot { Terminal.sayWritten(output) }
        return 0
    }
}

struct Evaluate: ModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell how well a model describes a data set, and how labels and factors lie in its codes.",
        discussion: """
            Nats per row, averaged over rows. With labels (--labels, or beside the data) also nearest neighbours, a logistic probe, \
            silhouette and k-means; docs/evaluation.md defines all figures.
            """)

    @OptionGroup var flags: ModelFlags
    @Option(help: "Samples per row for the importance-weighted log-likelihood, say 5000; 0 for none.") var samples = 0
    @Option(
        help:
            "Share of a row's items (clicks, words) that the model does not see and has to rank, say 0.2: Recall@20, @50, NDCG@100. Of models with missing values: of its values, to impute. 0 for none."
    )
    var heldOut = 0.0
    @Option(
        help: "Also how well rows come back from codes of this type, as embed --dtype keeps them: float32, float16 or int8.",
        transform: CodeType.named)
    var dtype: CodeType?
    @Option(help: "Path of known factors [rows, factors] in the data's files, for the mutual information gap.") var factors = ""
    @Option(
        help: "Path of the rows' batches in the data's files, as /obs/batch: how well these are mixed, and labels kept together.")
    var batches = ""
    @Option(help: "The most rows that figures with labels, batches and factors are computed on, drawn by the seed; 0 for all.")
    var codeRows = 10_000
    @Option(help: "An HDF5 file to write what was found of each of these rows to.", transform: FilePath.expandingHome)
    var output = ""
    @Flag(help: "Replace the output if it is there.") var force = false
    @Flag(help: "Write JSON.") var json = false

    func validate() throws {
        if samples != 0, samples < 2 || samples > 1 << 24 { throw ValidationError("--samples must be 0, or at least 2") }
        guard heldOut >= 0, heldOut < 1 else { throw ValidationError("--held-out must be at least 0 and below 1") }
        if codeRows != 0, codeRows < 20 { throw ValidationError("--code-rows must be 0 or at least 20") }
    }

    func run(world: World) throws -> Int32 {
        var options = EvaluationOptions()
        options.samples = samples
        options.heldOut = heldOut
        options.codeType = dtype
        options.factors = factors
        options.batches = batches
        options.codeRows = codeRows
        options.output = output
        options.force = force
        let report = try flags.model(world).evaluate(flags.data, flags.dataOptions.options, options)
        guard world.isRoot else { return 0 }
        print(json ? try jsonText(report) : Self.text(report))
        return 0
    }

    private static func text(_ r: EvaluationReport) -> String {
        var lines: [(String, String)] = [
            ("rows", "\(r.rows)"),
            ("elbo", String(format: "%.4f nats per row", r.elbo)),
            ("reconstruction", String(format: "%.4f", r.reconstruction)),
            ("kl", String(format: "%.4f", r.kl)),
            ("kl per latent", r.klPerLatent.map { String(format: "%.3f", $0) }.joined(separator: " ")),
            ("active units", "\(r.activeUnits) of \(r.klPerLatent.count)"),
            ("squared error", String(format: "%.6f per value", r.meanSquaredError)),
        ]
        for part in r.parts ?? [] {
            lines.append((part.name, String(format: "%.4f", part.loss)))
            for column in part.columns ?? [] {
                lines.append(("  \(column.name)", String(format: "%.4f per value, %ld values", column.loss, column.values)))
            }
        }
        if let c = r.compression {
            lines.append((c.dtype, String(format: "%.2f times smaller, %.1f bytes a row", c.ratio, c.rowBytes)))
            lines.append(
                ("rmse", String(format: "%.6g, largest error %.6g, psnr %.2f dB", c.rootMeanSquaredError, c.largestError, c.psnr))
            )
        }
        if let bits = r.bitsPerDimension { lines.append(("bits", String(format: "%.4f per dimension", bits))) }
        if let likelihood = r.logLikelihood, let error = r.logLikelihoodError, let samples = r.samples {
            lines.append(("log-likelihood", String(format: "%.4f +- %.4f nats per row, %ld samples", likelihood, error, samples)))
        }
        if let values = r.heldOutValues {
            let coverage = zip(["50%", "90%"], [r.imputedCoverage50, r.imputedCoverage90])
            let widths = coverage.compactMap { name, share in
                share.map { String(format: ", %.3f", $0) + " within \(name) of draws" }
            }
            lines.append(
                (
                    "imputed",
                    String(format: "%.6f squared error of %ld values held out", r.imputedError ?? 0, values) + widths.joined()
                ))
        }
        if let rows = r.heldOutRows { lines.append(("items held out", "of \(rows) rows")) }
        let figures: [(String, Double?)] = [
            ("recall@20", r.recallAt20), ("recall@50", r.recallAt50), ("ndcg@100", r.ndcgAt100),
            ("class accuracy", r.classAccuracy),
            ("nearest 10", r.knnAccuracy),
            ("probe", r.probeAccuracy), ("silhouette", r.silhouette), ("nmi", r.nmi),
            ("ari", r.ari), ("batch mixing", r.batchMixing), ("batch silhouette", r.batchSilhouette),
            ("label separation", r.labelSeparation), ("label silhouette", r.labelSilhouette),
            ("graph connectivity", r.graphConnectivity), ("mig", r.mutualInformationGap),
        ]
        for (name, value) in figures { if let value { lines.append((name, String(format: "%.4f", value))) } }
        return lines.map { $0.0.padded(to: max(16, $0.0.count + 1)) + $0.1 }.joined(separator: "\n")
    }
}
