public import Datasets
public import Distributed
internal import Foundation
public import Logging
internal import Support
package import Training
package import VAE

/// A model from a checkpoint, ready to be applied to data by all ranks.
public final class TrainedModel {
    package let world: World
    /// Without parameters and moments.
    package let checkpoint: Checkpoint
    package let configuration: Configuration
    private let parameters: NodeArray<Float>
    let pool: WorkerPool
    let applied: AppliedModel
    package var model: Model { applied.model }
    package let log: Logger
    /// Where it is from.
    package let place: CheckpointPlace
    /// What is read of the model, on root: its checkpoint, and all that training wrote into a run's folder.
    package let files: [String]

    /// Reads a checkpoint, the best one of a run's folder, or the newest of its `checkpoints`. Collective; throws ``SharedFailure``.
    ///
    /// - Parameter log: is told where the processor cannot work in the precision of the training, and fp32 takes its place.
    public init(_ path: String, world: World, threads: Int, log: Logger) throws {
        self.world = world
        self.log = log
        world.endAfterSilence(of: Double(Configuration.Run().timeout))
        let place = CheckpointPlace(path)
        self.place = place
        let whole = try Checkpoint.share(world) { try place.checkpoint() }
        let checkpoint = whole.description
        self.checkpoint = checkpoint
        files = world.isRoot ? [path] + (place.run?.trainingFiles ?? []) : []
        configuration = try Configuration(toml: checkpoint.configuration, name: path)
        let trained = configuration.training.precision
        let isFast = try world.communicator.allReduce(trained.isFast ? 1 : 0, .minimum) == 1
        if !isFast, world.isRoot {
            log.warning("this processor has no instructions for \(trained.rawValue), which the model was trained in: using fp32")
        }
        let model = Model(
            try configuration.modelSpecification(
                rowShape: checkpoint.inputShape, conditions: checkpoint.conditions?.width ?? 0,
                parts: checkpoint.parts(configuration), classes: checkpoint.classes.count),
            precision: isFast ? trained : .fp32)
        parameters = try NodeArray(world, count: model.layout.count)
        if world.isRoot { parameters.pointer.update(from: whole.parameters, count: model.layout.count) }
        try parameters.distribute(first: model.layout.count)
        let threads = try threads > 0 ? threads : world.usualThreadCount()
        pool = WorkerPool(count: threads)
        applied = AppliedModel(model, PreparedParameters(parameters.pointer, of: model, for: .inference), threads: threads)
        applied.parameters.pack()
    }

    /// What the folder of the run says that the checkpoint is from; nil where there is no such folder. Collective.
    func runRecord() throws -> RunRecord? {
        // Root alone may see it.
        let folder = RunFolder(path: try world.broadcastFromRoot { place.run?.path ?? "" })
        let text = try world.broadcastFromRoot { folder.configurationText ?? "" }
        return try text.isEmpty ? nil : world.together { try RunRecord(text, of: folder) }
    }

    /// Opens data that the model can take. Collective.
    package func open(_ data: String, _ options: DataOptions) throws -> DataSource {
        var options = options
        if let conditions = checkpoint.conditions, options.conditions.isEmpty { options.conditions = conditions.option }
        try world.onRoot { [options] in try FileProbe.survives(data, options) }
        let source = try world.opening { [options] in
            let expected = checkpoint.inputShape
            var options = options
            if options.mapSize == 0, expected.count == 2, expected[0] == expected[1] { options.mapSize = expected[0] }
            let source = try DataSource.open(data, options, as: checkpoint.features)
            try checkFits(source)
            if let conditions = checkpoint.conditions { try source.use(conditions) }
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

    package var preparation: Preparation { checkpoint.preparation(configuration) }

    /// Tells, on one rank.
    func note(_ text: String) {
        if world.isRoot { log.notice("\(text)") }
    }

    /// Writes the embeddings of all rows of a data set. Collective.
    ///
    /// - Parameters:
    ///   - withInput: whether the file is to be a copy of the data's AnnData file with the codes in it.
    ///   - csvSafe: whether ids and labels in CSV that begin like formulas get an apostrophe in front.
    ///   - force: whether a file that is there is replaced.
    public func embed(
        _ data: String, _ options: DataOptions, to output: String, format: EmbeddingFormat = .hdf5, withInput: Bool = false,
        csvSafe: Bool = false, force: Bool = false
    ) throws {
        try world.onRoot {
            try OutputFiles([.init("--output", output, [format.fileFormat])], force: force).check(data: [data], files: files)
        }
        let source = try open(data, options)
        let origins = try origins(of: source)
        let embedder = Embedder(
            world: world, pool: pool, applied, seed: configuration.training.seed, preparation: preparation)
        let notes = try embedder.write(
            [EmbeddedSource(source: source, part: { origins.part(ofRow: $0) })], to: output, checkpoint: checkpoint,
            format: format, withInput: withInput, csvSafe: csvSafe)
        for text in notes { note(text) }
    }
}
