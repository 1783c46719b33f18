internal import Datasets
internal import Distributed
internal import Foundation
internal import HDF5
internal import Importing
internal import Support
internal import Training
internal import VAE

/// What a run came to, for programs: `summary.json` in its folder, written at its end. A log: times and places are in it.
package struct RunSummary: Codable {
    /// Of the best model on the rows of a part; nats per row.
    package struct Figures: Codable {
        package var rows: Int
        package var elbo: Double
        package var reconstruction: Double
        package var kl: Double
        /// What is minimised: the reconstruction and the KL term with its weight.
        package var loss: Double
    }

    /// Some data of the run.
    package struct Data: Codable {
        /// As they were given.
        package var data: String
        /// Those in use.
        package var rows: Int
        package var rowShape: [Int]
        package var type: String

        init(_ data: String, _ source: DataSource) {
            self.data = data
            rows = source.rowCount
            rowShape = source.rowShape
            type = "\(source.content.type)"
        }
    }

    /// The trained parameters that a run began with.
    package struct Start: Codable {
        /// As it was given.
        package var from: String
        package var part: String
        package var digest: String
    }

    package var format = "mpi-vae summary"
    var formatVersion = 1
    var program = "mpi-vae \(programVersion)"
    var libraries = Dictionary(uniqueKeysWithValues: libraryVersions().map { ($0.library, $0.version) })
    package var command = CommandLine.arguments
    package var folder = FileManager.default.currentDirectoryPath
    package var host: String
    package var ranks: Int
    package var threads: Int
    package var shards: Int
    var finished = ISO8601DateFormatter().string(from: Date())
    /// From the run's start, or from where it went on.
    package var seconds: Double
    /// Of all epochs' steps, without validation and what comes at their ends.
    var trainingSeconds: Double

    package var data: Data
    package var validationData: Data?
    package var testData: Data?
    package var model: String
    var latent: Int
    package var parameters: Int
    /// nil where they were drawn.
    package var start: Start?
    /// The part that is not trained; nil for none.
    package var frozen: String?
    /// nil for what older versions wrote, as the digests.
    var arithmetic: Int? = Arithmetic.number

    package var epochs: Int
    package var steps: Int
    var stepsPerEpoch: Int
    var bestEpoch: Int
    package var bestStep: Int
    /// ``ParameterDigest`` after the last step, and of the best model.
    package var digest: String?
    var bestDigest: String?

    package var train: Figures?
    package var validation: Figures?
    var test: Figures?

    /// The bytes of the file. Throws ``Failure``.
    func encoded() throws -> [UInt8] { Array("\(try jsonText(self, pretty: true))\n".utf8) }

    /// That of a run; nil where there is none that can be read.
    init?(of folder: RunFolder) {
        guard let bytes = PlainFile.bytes(folder.summary, most: RunFolder.mostText, mayBeLink: true) else { return nil }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let summary = try? decoder.decode(RunSummary.self, from: Foundation.Data(bytes)) else { return nil }
        self = summary
    }
}

extension RunSummary {
    /// - Parameter figures: of the best model.
    init(_ run: TrainedRun, _ figures: PartFigures) {
        let (replica, best) = (run.replica, run.best)
        let (configuration, data, world) = (replica.configuration, replica.data, replica.world)
        let progress = replica.trainer.progress
        func figure(_ part: Part) -> Figures? {
            figures.evaluation(part).map {
                Figures(
                    rows: $0.rows, elbo: $0.elbo, reconstruction: $0.reconstruction, kl: $0.kl,
                    loss: $0.loss(beta: configuration.objective.beta))
            }
        }
        host = world.host
        ranks = world.size
        threads = configuration.run.threads
        shards = replica.shardCount
        seconds = run.seconds
        let rows = Double(data.count(.train))
        trainingSeconds =
            EpochTable(run.folder.metrics)?.curve("samples_per_second").reduce(0) { $0 + rows / max($1.1, 1e-9) } ?? 0
        self.data = Data(configuration.data.data, data.source)
        validationData = data.validationSource.map { Data(configuration.data.validationData, $0) }
        testData = data.testSource.map { Data(configuration.data.testData, $0) }
        model = configuration.model.model.rawValue
        latent = configuration.model.latent
        parameters = replica.model.layout.parameterCount
        let training = configuration.training
        if !training.fromDigest.isEmpty {
            start = Start(from: training.from, part: training.fromPart.rawValue, digest: training.fromDigest)
        }
        if training.freeze != .none { frozen = training.freeze.rawValue }
        epochs = progress.epoch
        steps = progress.step
        stepsPerEpoch = replica.trainer.stepsPerEpoch
        bestEpoch = best.progress.epoch
        bestStep = best.progress.step
        digest = run.digest
        bestDigest = best.digest
        train = figure(.train)
        validation = figure(.validation)
        test = figure(.test)
    }
}
