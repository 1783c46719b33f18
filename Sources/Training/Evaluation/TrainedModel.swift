public import Distributed
internal import Foundation
public import Logging
internal import VAE

/// A model from a checkpoint, ready to be applied to data by all ranks.
public final class TrainedModel {
    let world: World
    /// Without parameters and moments.
    let checkpoint: Checkpoint
    let configuration: Configuration
    let model: Model
    private let parameters: NodeArray<Float>
    let pool: WorkerPool
    let workspaces: [Workspace]
    let log: Logger

    /// Reads a checkpoint, or the best one of a run's folder. Collective; throws ``SharedFailure``.
    ///
    /// - Parameter log: is told where the processor cannot work in the precision of the training, and fp32 takes its place.
    public init(_ path: String, world: World, threads: Int, log: Logger) throws {
        self.world = world
        self.log = log
        world.endAfterSilence(of: Double(Configuration.Run().timeout))
        let whole = try Checkpoint.share(world) { try Self.read(path) }
        let checkpoint = whole.description
        self.checkpoint = checkpoint
        configuration = try Configuration(toml: checkpoint.configuration, name: path)
        let trained = configuration.training.precision
        let isFast = try world.communicator.allReduce(trained.isFast ? 1 : 0, .minimum) == 1
        if !isFast, world.isRoot {
            log.warning("this processor has no instructions for \(trained.rawValue), which the model was trained in: using fp32")
        }
        let model = try Model(
            configuration.modelConfiguration(inputSize: checkpoint.inputShape.reduce(1, *)),
            microBatch: configuration.training.microBatch, precision: isFast ? trained : .fp32, trains: false)
        parameters = try NodeArray(world, count: model.layout.count)
        if world.isRoot { parameters.pointer.update(from: whole.parameters, count: model.layout.count) }
        try parameters.distribute(first: model.layout.count)
        model.prepare(parameters.pointer)
        self.model = model
        let threads = try threads > 0 ? threads : world.usualThreadCount()
        pool = WorkerPool(count: threads)
        workspaces = try (0..<threads).map { _ in try model.makeWorkspace() }
    }

    /// The configuration of the run whose folder `path` is, as it was used; else nil. Collective.
    func runConfiguration(_ path: String) throws -> Configuration? {
        let file = RunFolder(path: path).configuration
        let text = try world.communicator.broadcastFromRoot(world) {
            FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        return try text.isEmpty ? nil : world.together { try Configuration(toml: text, name: file) }
    }

    private static func read(_ path: String) throws -> Checkpoint {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            return try RunFolder(path: path).bestCheckpoint()
        }
        return try Checkpoint.read(path, .model)
    }

    /// Opens data that the model can take. Collective.
    func open(_ data: String, _ options: DataOptions) throws -> DataSource {
        try world.onRoot { try FileProbe.survives(data, options) }
        let source = try world.together {
            let expected = checkpoint.inputShape
            var options = options
            if options.mapSize == 0, expected.count == 2, expected[0] == expected[1] { options.mapSize = expected[0] }
            let source = try DataSource.open(data, options, as: checkpoint.features)
            try checkFits(source)
            return source
        }
        for text in source.notes { note(text) }
        if configuration.preparation.missing == .drop { try source.dropMissing(preparation.allowed, world: world) }
        return source
    }

    /// Throws ``Failure`` (65) for rows that the model cannot take.
    func checkFits(_ source: DataSource) throws {
        guard source.features == checkpoint.inputShape.reduce(1, *) else {
            let columns = configuration.data.options.columns
            throw Failure(
                .badData,
                "\(source.name) has rows of shape \(source.rowShape), but the model was trained on \(checkpoint.inputShape)"
                    + (columns.isEmpty ? "" : ", which --columns \(columns) chose"))
        }
    }

    var preparation: Preparation { checkpoint.preparation(configuration) }

    /// Tells, on one rank.
    func note(_ text: String) {
        if world.isRoot { log.notice("\(text)") }
    }

    /// Writes the embeddings of all rows of a data set. Collective.
    ///
    /// - Parameter force: whether a file that is there is replaced.
    public func embed(
        _ data: String, _ options: DataOptions, to output: String, format: EmbeddingFormat = .hdf5, force: Bool = false
    ) throws {
        try world.onRoot { try ResultFile.check(output, force: force) }
        let source = try open(data, options)
        let embedder = Embedder(
            world: world, pool: pool, workspaces: workspaces, latentSize: configuration.model.latent,
            seed: configuration.training.seed, preparation: preparation)
        let notes = try embedder.write(
            [EmbeddedSource(source: source, part: { _ in .test })], to: output, checkpoint: checkpoint, format: format)
        for text in notes { note(text) }
    }
}
