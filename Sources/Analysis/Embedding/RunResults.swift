internal import Datasets
public import Distributed
internal import Foundation
public import Logging
public import Support
public import Training

extension TrainingRun {
    /// Trains, or goes on training, writes checkpoints and at the end the embeddings, the summary and the report. Collective.
    ///
    /// - Returns: 0 when the run is done, 75 when it was asked to stop and saved.
    /// - Throws: ``SharedFailure``, ``Failure``, or what MPI threw.
    public static func run(_ configuration: Configuration, world: World, log: Logger) throws -> ExitCode {
        try run(configuration, world: world, log: log, observer: nil) { try RunResults(of: $0).write() }
    }
}

/// What follows a training: the codes of all rows by the best model, the figures that come with them, and the page about the run.
private struct RunResults {
    private let run: TrainedRun

    init(of run: TrainedRun) { self.run = run }

    private var replica: Replica { run.replica }

    /// Embeds all rows, which gives the figures of every part too. Collective.
    func write() throws {
        Heartbeat.begin("embedding")
        Activity.begin("embedding")
        let (data, configuration, folder) = (replica.data, replica.configuration, run.folder)
        let embedder = Embedder(
            world: replica.world, pool: replica.pool, replica.applied, seed: configuration.training.seed,
            preparation: data.preparation)
        let split = data.split
        let figures = PartFigures()
        try embedder.write(
            [EmbeddedSource(source: data.source, part: { split.part(ofRow: $0) })]
                + [(data.validationSource, Part.validation), (data.testSource, Part.test)].compactMap { source, part in
                    source.map { EmbeddedSource(source: $0, part: { _ in part }) }
                },
            to: folder.embeddings, checkpoint: run.best, addingTo: figures)
        try replica.world.onRoot {
            if let test = figures.evaluation(.test) {
                ProgressLine.remark(
                    String(
                        format: "test  elbo %.3f (reconstruction %.3f, kl %.3f) of %ld rows, best step %ld", test.elbo,
                        test.reconstruction, test.kl, test.rows, run.best.progress.step))
            }
            ProgressLine.result("wrote \(folder.embeddings)")
            if let loadings = FeatureLoadings(replica.applied, names: data.source.featureNames ?? []) {
                for path in try loadings.write(to: folder) { ProgressLine.result("wrote \(path)") }
            }
            try folder.write(try RunSummary(run, figures).encoded(), to: folder.summary)
        }
        if configuration.run.report { try writeReport() }
        if configuration.run.tensorboard { try writeEvents() }
        // The last, since it takes memory for the parameters once more.
        if configuration.run.onnx { try writeModel() }
    }

    /// Writes the trained model for other programs; one that cannot be written is no failure of the run. Collective.
    private func writeModel() throws {
        let folder = run.folder
        try replica.world.onRoot {
            var best = run.best
            best.parameters = Array(replica.reduction.parameters)
            for (part, path) in [(ExportPart.encoder, folder.encoder), (.decoder, folder.decoder)] {
                do {
                    try ModelExport.write(best, replica.configuration, part, to: path)
                } catch {
                    run.log.notice("no \(path): \(error)")
                }
            }
        }
    }

    /// Writes the page about the run, which is not worth a failure. Collective.
    private func writeReport() throws {
        Heartbeat.begin("writing the report")
        Activity.begin("writing the report")
        defer { Activity.end() }
        let (configuration, folder) = (replica.configuration, run.folder)
        var findings = RunFindings()
        do {
            findings = try RunFindings.collect(
                replica.world.isRoot ? folder : nil, run.best, configuration, replica.applied, world: replica.world,
                pool: replica.pool,
                source: replica.data.source)
        } catch let failure as SharedFailure {
            if let message = failure.message { run.log.warning("less in \(folder.report): \(message)") }
        }
        try replica.world.onRoot {
            do {
                let report = RunReport(
                    run: folder, checkpoint: run.best, configuration: configuration, applied: replica.applied,
                    source: replica.data.source, dataName: configuration.data.data, findings: findings)
                try report.write(to: folder.report)
                ProgressLine.result("wrote \(folder.report)")
            } catch {
                run.log.warning("no \(folder.report): \(error)")
            }
        }
    }

    /// Writes what TensorBoard shows of the trained model, which is not worth a failure either. Collective.
    private func writeEvents() throws {
        let (configuration, source, folder) = (replica.configuration, replica.data.source, run.folder)
        try replica.world.onRoot {
            do {
                guard let embeddings = try RunEmbeddings(folder.embeddings) else { return }
                let decoded = DecodedRows(replica.applied, run.best, configuration)
                try TensorBoardResults(run: folder, host: replica.world.host, step: run.best.progress.step, decoded: decoded)
                    .write(embeddings, of: source)
            } catch {
                run.log.warning("no results for TensorBoard: \(error)")
            }
        }
    }
}
