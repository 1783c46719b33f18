public import Distributed
internal import Foundation
public import Logging
internal import Support
internal import VAE

/// A model from a checkpoint, ready to be applied to data by all ranks.
public final class TrainedModel {
    let world: World
    let checkpoint: Checkpoint
    let configuration: Configuration
    let model: Model
    let parameters: AlignedBuffer
    let pool: WorkerPool
    let workspaces: [Workspace]
    let log: Logger
    /// What is read of the model, on root: its checkpoint, and all that training wrote into a run's folder.
    let files: [String]

    /// Reads a checkpoint, or the best one of a run's folder. Collective; throws ``SharedFailure``.
    ///
    /// - Parameter log: is told where the processor cannot work in the precision of the training, and fp32 takes its place.
    public init(_ path: String, world: World, threads: Int, log: Logger) throws {
        self.world = world
        self.log = log
        world.endAfterSilence(of: Double(Configuration.Run().timeout))
        let checkpoint = try Checkpoint.broadcast(world) { try Self.read(path) }
        self.checkpoint = checkpoint
        files = world.isRoot ? FilePath.isFolder(path) ? RunFolder(path: path).trainingFiles : [path] : []
        configuration = try Configuration(toml: checkpoint.configuration, name: path)
        let trained = configuration.training.precision
        let isFast = try world.communicator.allReduce(trained.isFast ? 1 : 0, .minimum) == 1
        if !isFast, world.isRoot {
            log.warning("this processor has no instructions for \(trained.rawValue), which the model was trained in: using fp32")
        }
        let model = try Model(
            configuration.modelConfiguration(inputSize: checkpoint.inputShape.reduce(1, *)),
            microBatch: configuration.training.microBatch, precision: isFast ? trained : .fp32)
        parameters = AlignedBuffer(count: model.layout.count)
        parameters.pointer.update(from: checkpoint.parameters, count: checkpoint.parameters.count)
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
        if FilePath.isFolder(path) { return try RunFolder(path: path).bestCheckpoint() }
        return try Checkpoint.read(path)
    }

    /// Opens data that the model can take. Collective.
    func open(_ data: String, _ options: DataOptions) throws -> DataSource {
        try world.onRoot { try FileProbe.survives(data, options) }
        let source = try world.together {
            let expected = checkpoint.inputShape
            var options = options
            if options.mapSize == 0, expected.count == 2, expected[0] == expected[1] { options.mapSize = expected[0] }
            let source = try DataSource.open(data, options)
            try checkFits(source)
            return source
        }
        if configuration.preparation.missing == .drop { try source.dropMissing(preparation.allowed, world: world) }
        return source
    }

    /// Throws ``Failure`` (65) for rows that the model cannot take.
    func checkFits(_ source: DataSource) throws {
        guard source.features == checkpoint.inputShape.reduce(1, *) else {
            throw Failure(
                .badData,
                "\(source.name) has rows of shape \(source.rowShape), but the model was trained on \(checkpoint.inputShape)")
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
        try world.onRoot {
            try OutputFiles([.init("--output", output, [format.fileFormat])], force: force).check(data: [data], files: files)
        }
        let source = try open(data, options)
        let embedder = Embedder(
            world: world, pool: pool, workspaces: workspaces, latentSize: configuration.model.latent,
            seed: configuration.training.seed, preparation: preparation)
        let notes = try embedder.write(
            [EmbeddedSource(source: source, part: { _ in .test })], to: output, checkpoint: checkpoint, format: format)
        for text in notes { note(text) }
    }
}
