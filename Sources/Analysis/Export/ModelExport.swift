internal import Datasets
public import Distributed
public import Logging
internal import Support
internal import Training
internal import VAE

/// What `export` is asked for.
public struct ExportOptions: Sendable {
    /// A checkpoint, the folder of a run, or its checkpoints.
    public var checkpoint = ""
    /// nil for what the name of the output says.
    public var format: ExportFormat?
    public var part = ExportPart.both
    public var output = ""
    /// Whether a file that is there is replaced.
    public var force = false

    public init() {}
}

/// What `export` wrote.
public struct ExportReport: Sendable {
    /// What the file takes, or gives, by name.
    public struct Port: Sendable {
        public let name: String
        /// As `float32 [batch, 784]`.
        public let type: String
        public let text: String
    }

    public var format = ExportFormat.onnx
    /// Of a file of arrays empty.
    public var inputs: [Port] = []
    public var outputs: [Port] = []
    /// Of a file of arrays.
    public var arrayCount = 0
    /// The operator set of ONNX; nil for a file of arrays.
    public var operatorSet: Int?
}

/// A trained model in a file for other programs.
public enum ModelExport {
    /// Writes the file, on root. Collective; throws ``SharedFailure``. The report is root's.
    ///
    /// - Parameter log: is told what the file does not have of the model.
    public static func write(_ options: ExportOptions, world: World, log: Logger) throws -> ExportReport {
        world.endAfterSilence(of: Double(Configuration.Run().timeout))
        var report = ExportReport()
        try world.onRoot {
            report.format = try ExportFormat.of(options.output, wanted: options.format)
            let place = CheckpointPlace(options.checkpoint)
            try OutputFiles([.init("--output", options.output, report.format.fileFormats)], force: options.force).check(
                files: [options.checkpoint] + (place.run?.trainingFiles ?? []))
            try write(try place.checkpoint(), options, into: &report, log)
        }
        return report
    }

    private static func write(
        _ checkpoint: Checkpoint, _ options: ExportOptions, into report: inout ExportReport, _ log: Logger
    ) throws {
        let configuration = try Configuration(toml: checkpoint.configuration, name: options.checkpoint)
        let precision = configuration.training.precision
        if precision != .fp32 {
            log.notice(
                "the model was trained in \(precision.rawValue): what is exported is float32, and computes a little otherwise than mpi-vae"
            )
        }
        let preparation = PreparationGraph(checkpoint, configuration)
        let texts = try ExportMetadata.texts(checkpoint, configuration, options.part, preparation: preparation.text)
        switch report.format {
        case .safetensors:
            let model = ModelArrays(checkpoint, options.part, texts: texts)
            report.arrayCount = model.arrays.count
            try SafeTensors.write(model, to: options.output)
        case .npz:
            let model = ModelArrays(checkpoint, options.part, texts: texts)
            report.arrayCount = model.arrays.count
            try NumPyArchive.write(model, to: options.output)
        case .onnx:
            let graph = try ModelGraph.make(checkpoint, configuration, options.part)
            try write(graph, checkpoint, configuration, options.part, texts, to: options.output)
            report.inputs = graph.inputs.map(\.description)
            report.outputs = graph.outputs.map(\.description)
            report.operatorSet = ONNXModel.operatorSet
        }
    }

    /// Writes a part of a model as ONNX, on one rank. Throws ``Failure``.
    static func write(_ checkpoint: Checkpoint, _ configuration: Configuration, _ part: ExportPart, to path: String) throws {
        let preparation = PreparationGraph(checkpoint, configuration)
        let texts = try ExportMetadata.texts(checkpoint, configuration, part, preparation: preparation.text)
        try write(ModelGraph.make(checkpoint, configuration, part), checkpoint, configuration, part, texts, to: path)
    }

    private static func write(
        _ graph: OperatorGraph, _ checkpoint: Checkpoint, _ configuration: Configuration, _ part: ExportPart,
        _ texts: [(key: String, text: String)], to path: String
    ) throws {
        let text = ExportMetadata.sentence(checkpoint, configuration, part)
        try ONNXModel(graph, text: text, texts: texts, path: path).write(to: path)
    }
}

extension OperatorGraph.Port {
    /// For people.
    fileprivate var description: ExportReport.Port {
        let shape = (["batch"] + value.shape.map(String.init)).joined(separator: ", ")
        let element: String
        switch value.element {
        case .float32: element = "float32"
        case .float64: element = "float64"
        case .int64: element = "int64"
        case .truth: element = "bool"
        }
        return ExportReport.Port(name: value.name, type: "\(element) [\(shape)]", text: text)
    }
}
