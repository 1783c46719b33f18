extension ConfigurationKey {
    /// All keys, by section, in the order in which they are written.
    public static let all: [ConfigurationKey] = [
        required(
            "data", "data", \.data.data, .none,
            "data set to train on, file.h5[:/path], or a group with /data in it; several files by commas or as 'run-*.h5:/path', "
                + "data sets side by side as file.h5:/a+/b; generated shapes if none is given"),
        text("data", "validation-data", \.data.validationData, .none, "data set to validate on, file.h5[:/path]"),
        text("data", "test-data", \.data.testData, .none, "data set to test on at the end, file.h5[:/path]"),
        text(
            "data", "labels", \.data.options.labels, .names,
            "path of the labels in the files, as /obs/cell_type, or a column of AnnData's obs, as cell_type; those beside the data "
                + "if none is given"),
        text(
            "data", "mask", \.data.options.mask, .names,
            "path of a mask of the data's shape in the files, 0 where a value is missing; for nan mask or drop"),
        text(
            "data", "weights", \.data.options.weights, .names,
            "path of the rows' weights in the files; all rows count alike if none is given"),
        text(
            "data", "rows", \.data.options.rows, .names,
            "rows of data to use: FIRST:END[:STEP], several by commas, or the path of a mask of rows, as /good; all if none is given"
        ),
        text(
            "data", "columns", \.data.options.columns, .names,
            "features of data to use: FIRST:END[:STEP] or names, several by commas, or the path of a mask of features, as "
                + "/var/highly_variable; all if none is given"),
        text(
            "data", "feature-names", \.data.options.featureNames, .names,
            "path of the features' names in the files; if none is given those beside the data, as /var of an AnnData file; none to go by "
                + "places alone"),
        text(
            "data", "fit-normal", \.data.options.onlyLabels, .names,
            "labels of the rows of data and validation-data to use, by commas, as 0,1: the normal ones, to find anomalies; all if none "
                + "is given"),
        integer(
            "data", "packed-bits", \.data.options.packedBits, from: 0, .decides,
            "numbers of a row that are packed eight a byte (numpy.packbits); 0 if they are not"),
        integer(
            "data", "map-size", \.data.options.mapSize, from: 0, .decidesUnless("0"),
            "rows and columns of contact maps that are stored as lists; 0 for what the largest index needs"),
        number(
            "data", "validation-fraction", \.data.validationFraction, 0...1, below: true, .decides,
            "share of the rows of data, drawn by the seed, to validate on"),
        number(
            "data", "test-fraction", \.data.testFraction, 0...1, below: true, .decides,
            "share of the rows of data, drawn by the seed, to test on at the end"),
        integer(
            "data", "folds", \.data.folds, from: 0, .decides,
            "parts of the rows of data, drawn by the seed, each of which is validated on once (k-fold cross-validation); 0 for none"
        ),
        integer(
            "data", "fold", \.data.fold, from: 0, .decides,
            "the one of the folds, from 1, to validate on; sweep takes them all in turn"),

        choice(
            "preparation", "nan", \.preparation.missing, .decides,
            "what values that are not numbers mean: an error, missing values, or rows to leave out"),
        number(
            "preparation", "library-size", \.preparation.librarySize, any, .decides,
            "sum that each row is scaled to, say 10000 for counts of single cells; 0 for none"),
        choice("preparation", "transform", \.preparation.transform, .decides, "function of every value"),
        choice(
            "preparation", "scale", \.preparation.scale, .decides, "how features are scaled, by the training rows' statistics"),
        choice("preparation", "scale-by", \.preparation.scaleBy, .decides, "whether each feature is scaled alone"),
        number("preparation", "clip", \.preparation.clip, any, .decides, "largest absolute value after scaling; 0 for no limit"),
        choice(
            "preparation", "binarize", \.preparation.binarize, .decides,
            "whether values become 0 or 1, by threshold or drawn each epoch"),
        number(
            "preparation", "threshold", \.preparation.threshold, any, .decides,
            "value above which fixed binarisation gives 1"),

        choice("model", "model", \.model.model, .decides, "kind of model"),
        ConfigurationKey(
            section: "model", name: "hidden",
            help: "sizes of the encoder's hidden layers, as 512,256; "
                + "the decoder has them in reverse; none for a linear model",
            identity: .decides
        ) { configuration, text throws(Unsuitable) in
            let parts = text.trimmingPrefix("[").split { ",] ".contains($0) }
            let sizes = parts.compactMap { Int($0) }
            guard text == "none" || text == "[]" || (sizes.count == parts.count && !sizes.isEmpty),
                sizes.allSatisfy({ $0 >= 1 && $0 <= 1 << 24 })
            else {
                throw Unsuitable("is '\(text)', but must be sizes such as 512,256, or none")
            }
            configuration.model.hidden = sizes
        } toml: {
            "[\($0.model.hidden.map(String.init).joined(separator: ", "))]"
        },
        integer("model", "latent", \.model.latent, from: 1, .decides, "number of latents"),
        choice("model", "likelihood", \.model.likelihood, .decides, "what the decoder's output means"),
        number(
            "model", "likelihood-scale", \.model.likelihoodScale, any, open: true, .decides,
            "standard deviation of the likelihood gaussian, scale of laplace"),
        choice("model", "activation", \.model.activation, .decides, "function behind each hidden layer"),
        choice("model", "normalization", \.model.normalization, .decides, "what is done to the activations of each hidden layer"),
        choice("model", "initialization", \.model.initialization, .decides, "how the first weights are drawn"),
        choice(
            "model", "corruption", \.model.corruption, .decides,
            "what is done to the rows that the encoder sees in training; for the model denoising none means gaussian"),
        number(
            "model", "corruption-level", \.model.corruptionLevel, any, open: true, .decides,
            "standard deviation of gaussian corruption, or the share of values that are corrupted"),

        number("objective", "beta", \.objective.beta, any, .decides, "weight of the KL term"),
        choice("objective", "beta-schedule", \.objective.betaSchedule, .decides, "how beta is reached"),
        number(
            "objective", "beta-warmup-epochs", \.objective.betaWarmupEpochs, 0...1e9, .decides,
            "epochs over which a linear beta schedule rises"),
        integer("objective", "beta-cycles", \.objective.betaCycles, from: 1, .decides, "cycles of a cyclical beta schedule"),

        choice("optimizer", "optimizer", \.optimizer.optimizer, .decides, "optimiser"),
        number(
            "optimizer", "lr", \.optimizer.lr, any, open: true, .decides, "learning rate; not changed with the number of ranks"),
        number("optimizer", "momentum", \.optimizer.momentum, 0...1, below: true, .decides, "momentum of sgd"),
        number("optimizer", "beta1", \.optimizer.beta1, 0...1, below: true, .decides, "decay of Adam's first moment"),
        number("optimizer", "beta2", \.optimizer.beta2, 0...1, below: true, .decides, "decay of Adam's second moment"),
        number("optimizer", "epsilon", \.optimizer.epsilon, any, open: true, .decides, "Adam's epsilon"),
        number("optimizer", "weight-decay", \.optimizer.weightDecay, any, .decides, "weight decay"),
        number("optimizer", "clip-norm", \.optimizer.clipNorm, any, .decides, "largest norm of the gradient; 0 for no limit"),
        choice("optimizer", "schedule", \.optimizer.schedule, .decides, "how the learning rate changes"),
        integer(
            "optimizer", "warmup-steps", \.optimizer.warmupSteps, from: 0, .decides, "steps over which the learning rate rises"),
        number(
            "optimizer", "lr-final-factor", \.optimizer.lrFinalFactor, 0...1, .decides,
            "part of the learning rate that is left at the end, or after each drop of the schedule step"),
        integer(
            "optimizer", "lr-step-epochs", \.optimizer.lrStepEpochs, from: 1, .decides,
            "epochs between drops of the schedule step"),

        integer("training", "epochs", \.training.epochs, from: 1, .extends, "passes over the data"),
        integer("training", "global-batch", \.training.globalBatch, from: 1, .decides, "rows per step over all ranks"),
        integer(
            "training", "shards", \.training.shards, from: 0, .decidesUnless("0"),
            "logical shards, at least the number of ranks; 0 for 8 or the number of ranks if larger"),
        integer(
            "training", "micro-batch", \.training.microBatch, from: 0, .none,
            "most rows that a rank takes through the network at once; 0 for 1024, or fewer for wide models; a matter of memory alone"
        ),
        integer(
            "training", "mixing-rows", \.training.mixingRows, from: 0, .decides,
            "rows of a shard that are mixed at once, rounded up to a power of two; 0 for 32 MiB of them"),
        ConfigurationKey(section: "training", name: "seed", help: "seed of all random numbers", identity: .decides) {
            configuration, text throws(Unsuitable) in
            guard let seed = UInt64(text), seed < 1 << 63 else {
                throw Unsuitable("is '\(text)', but must be a whole number of at least 0")
            }
            configuration.training.seed = seed
        } toml: {
            String($0.training.seed)
        },
        choice("training", "precision", \.training.precision, .decides, "arithmetic of the products"),
        choice("training", "wire", \.training.wire, .decides, "how gradients travel between nodes"),
        integer(
            "training", "early-stopping", \.training.earlyStopping, from: 0, .decides,
            "epochs without a better figure after which training ends; 0 for never"),

        text("run", "output", \.run.output, .none, "folder of the run"),
        choice("run", "reduction", \.run.reduction, .decides, "how gradients are summed"),
        integer(
            "run", "threads", \.run.threads, from: 0, .none,
            "threads per rank, each working on shards of its own; 0 for the processors that the rank was given"),
        ConfigurationKey(
            section: "run", name: "memory",
            help:
                "memory for a rank's rows, as 800M or 4G, beyond which they are read again in every epoch; auto for most of what is free",
            identity: .none
        ) { configuration, text throws(Unsuitable) in
            guard let bytes = byteCount(text) else {
                throw Unsuitable("is '\(text)', but must be a size as 800M or 4G, or auto")
            }
            configuration.run.memory = bytes
        } toml: {
            quoted($0.run.memory == 0 ? "auto" : String($0.run.memory))
        },
        integer(
            "run", "reader-threads", \.run.readerThreads, from: 0, .none,
            "threads per rank that read rows ahead; 0 for as many as there are threads"),
        text("run", "resume", \.run.resume, .none, "auto, never, or a checkpoint or the folder of a run to go on from"),
        integer("run", "max-steps", \.run.maxSteps, from: 0, .none, "steps after which to save and stop; 0 for no limit"),
        ConfigurationKey(
            section: "run", name: "time-limit",
            help:
                "time after which to save and stop, early enough for it, as 90m, 2h, 3600 (seconds) or 1-12:00:00; 0 for none, auto for the "
                + "end of the Slurm job",
            identity: .none
        ) { configuration, text throws(Unsuitable) in
            let limit = seconds(text)
            guard limit != nil || text == "auto" else {
                throw Unsuitable("is '\(text)', but must be a time as 90m, 2h, 3600 or 1-12:00:00, 0 or auto")
            }
            configuration.run.timeLimit = limit
        } toml: {
            quoted($0.run.timeLimit.map { String($0) } ?? "auto")
        },
        integer(
            "run", "checkpoint-every-epochs", \.run.checkpointEveryEpochs, from: 0, .none,
            "epochs between checkpoints; 0 for every epoch, as long as that takes less than 1% of the time"),
        integer(
            "run", "checkpoint-every-steps", \.run.checkpointEverySteps, from: 0, .none,
            "steps between checkpoints within an epoch; 0 for none"),
        number(
            "run", "checkpoint-every-minutes", \.run.checkpointEveryMinutes, 0...1e6, .none,
            "minutes between checkpoints, at the most; 0 for no such limit"),
        integer("run", "keep", \.run.keep, from: 1, .none, "checkpoints to keep, besides the best"),
        integer(
            "run", "keep-every", \.run.keepEvery, from: 0, .none, "steps whose multiples are saved and kept for ever; 0 for none"),
        integer(
            "run", "timeout", \.run.timeout, from: 0, .none,
            "seconds without progress of any rank after which the job ends, naming who is late; 0 for never"),
        integer(
            "run", "check-replicas", \.run.checkReplicas, from: 0, .none,
            "steps between comparisons of the ranks' parameters, which must be the same; 0 for none"),
        truth("run", "report", \.run.report, .none, "whether report.html, a page about the run, is written at its end"),
    ]

    /// The keys that are kept in checkpoints.
    static let kept = all.filter { $0.identity != .none }

    /// The environment variable of the key.
    var environmentName: String {
        "MPI_VAE_" + name.uppercased().replacing("-", with: "_")
    }
}
