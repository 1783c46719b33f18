internal import ArgumentParser
internal import Training

/// A flag for every key of the configuration. The texts are checked where the file's are, so that a value is wrong in one way.
struct ConfigurationFlags: ParsableArguments {
    @Option(help: .key("data")) var data: String?
    @Option(help: .key("validation-data")) var validationData: String?
    @Option(help: .key("test-data")) var testData: String?
    @Option(help: .key("labels")) var labels: String?
    @Option(help: .key("mask")) var mask: String?
    @Option(help: .key("weights")) var weights: String?
    @Option(help: .key("rows")) var rows: String?
    @Option(help: .key("columns")) var columns: String?
    @Option(help: .key("feature-names")) var featureNames: String?
    @Option(help: .key("fit-normal")) var fitNormal: String?
    @Option(help: .key("packed-bits")) var packedBits: String?
    @Option(help: .key("map-size")) var mapSize: String?
    @Option(help: .key("validation-fraction")) var validationFraction: String?
    @Option(help: .key("test-fraction")) var testFraction: String?
    @Option(help: .key("folds")) var folds: String?
    @Option(help: .key("fold")) var fold: String?

    @Option(help: .key("nan")) var nan: String?
    @Option(help: .key("library-size")) var librarySize: String?
    @Option(help: .key("transform")) var transform: String?
    @Option(help: .key("scale")) var scale: String?
    @Option(help: .key("scale-by")) var scaleBy: String?
    @Option(help: .key("clip")) var clip: String?
    @Option(help: .key("binarize")) var binarize: String?
    @Option(help: .key("threshold")) var threshold: String?

    @Option(help: .key("model")) var model: String?
    @Option(help: .key("hidden")) var hidden: String?
    @Option(help: .key("latent")) var latent: String?
    @Option(help: .key("likelihood")) var likelihood: String?
    @Option(help: .key("likelihood-scale")) var likelihoodScale: String?
    @Option(help: .key("activation")) var activation: String?
    @Option(help: .key("normalization")) var normalization: String?
    @Option(help: .key("initialization")) var initialization: String?
    @Option(help: .key("corruption")) var corruption: String?
    @Option(help: .key("corruption-level")) var corruptionLevel: String?

    @Option(help: .key("beta")) var beta: String?
    @Option(help: .key("beta-schedule")) var betaSchedule: String?
    @Option(help: .key("beta-warmup-epochs")) var betaWarmupEpochs: String?
    @Option(help: .key("beta-cycles")) var betaCycles: String?

    @Option(help: .key("optimizer")) var optimizer: String?
    @Option(help: .key("lr")) var lr: String?
    @Option(help: .key("momentum")) var momentum: String?
    @Option(help: .key("beta1")) var beta1: String?
    @Option(help: .key("beta2")) var beta2: String?
    @Option(help: .key("epsilon")) var epsilon: String?
    @Option(help: .key("weight-decay")) var weightDecay: String?
    @Option(help: .key("clip-norm")) var clipNorm: String?
    @Option(help: .key("schedule")) var schedule: String?
    @Option(help: .key("warmup-steps")) var warmupSteps: String?
    @Option(help: .key("lr-final-factor")) var lrFinalFactor: String?
    @Option(help: .key("lr-step-epochs")) var lrStepEpochs: String?

    @Option(help: .key("epochs")) var epochs: String?
    @Option(help: .key("global-batch")) var globalBatch: String?
    @Option(help: .key("shards")) var shards: String?
    @Option(help: .key("micro-batch")) var microBatch: String?
    @Option(help: .key("mixing-rows")) var mixingRows: String?
    @Option(help: .key("seed")) var seed: String?
    @Option(help: .key("precision")) var precision: String?
    @Option(help: .key("wire")) var wire: String?
    @Option(help: .key("early-stopping")) var earlyStopping: String?

    @Option(help: .key("output")) var output: String?
    @Option(help: .key("reduction")) var reduction: String?
    @Option(help: .key("threads")) var threads: String?
    @Option(help: .key("memory")) var memory: String?
    @Option(help: .key("reader-threads")) var readerThreads: String?
    @Option(help: .key("resume")) var resume: String?
    @Option(help: .key("max-steps")) var maxSteps: String?
    @Option(help: .key("time-limit")) var timeLimit: String?
    @Option(help: .key("checkpoint-every-epochs")) var checkpointEveryEpochs: String?
    @Option(help: .key("checkpoint-every-steps")) var checkpointEverySteps: String?
    @Option(help: .key("checkpoint-every-minutes")) var checkpointEveryMinutes: String?
    @Option(help: .key("keep")) var keep: String?
    @Option(help: .key("keep-every")) var keepEvery: String?
    @Option(help: .key("timeout")) var timeout: String?
    @Option(help: .key("check-replicas")) var checkReplicas: String?
    @Flag(inversion: .prefixedNo, help: .key("report")) var report: Bool?

    /// The flags that were given, by key.
    var values: [String: String] {
        var values: [String: String] = [:]
        for child in Mirror(reflecting: self).children {
            let truth = (child.value as? Flag<Bool?>)?.wrappedValue.map { String($0) }
            guard let label = child.label, let value = truth ?? (child.value as? Option<String?>)?.wrappedValue else { continue }
            // `_lrFinalFactor` is the key lr-final-factor.
            values[label.dropFirst().reduce("") { $0 + ($1.isUppercase ? "-\($1.lowercased())" : "\($1)") }] = value
        }
        return values
    }
}

extension ArgumentHelp {
    /// The help and the default of a key.
    static func key(_ name: String) -> ArgumentHelp {
        guard let key = ConfigurationKey.all.first(where: { $0.name == name }) else {
            preconditionFailure("no key \(name)")
        }
        return ArgumentHelp("\(key.help) (default: \(key.toml(Configuration())))")
    }
}
