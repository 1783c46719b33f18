extension Configuration {
    public struct Run: Sendable, Equatable {
        public var output = "runs/default"
        public var reduction = ReductionKind.ordered
        /// 0 for the processors of the rank.
        public var threads = 0
        /// Bytes for the rows of a rank; 0 for what is free.
        public var memory = 0
        /// 0 for as many as there are threads.
        public var readerThreads = 0
        /// `auto`, `never`, or a checkpoint.
        public var resume = "auto"
        /// 0 for no limit.
        public var maxSteps = 0
        /// Seconds after which to save and stop; 0 for no limit, nil for the end of the Slurm job.
        public var timeLimit: Int?
        /// 0 for as often as it costs little.
        public var checkpointEveryEpochs = 0
        public var checkpointEverySteps = 0
        /// 0 for none.
        public var checkpointEveryMinutes = 10.0
        public var keep = 2
        /// Steps whose multiples are saved and kept; 0 for none.
        public var keepEvery = 0
        /// Seconds; 0 for never.
        public var timeout = 600
        /// Steps between comparisons of the ranks' parameters; 0 for none.
        public var checkReplicas = 1000
        /// Steps between lines of `metrics.jsonl` within an epoch; 0 for none.
        public var logEvery = 0
        /// Whether event files for TensorBoard are written.
        public var tensorboard = false
        /// Whether the page about the run is written at its end.
        public var report = true
        /// Whether the trained model is written for other programs too.
        public var onnx = true

        package init() {}

        package static let keys = ConfigurationKey.section(
            "run",
            .text("output", \.run.output, .none, "folder of the run"),
            .choice("reduction", \.run.reduction, .decides, "how gradients are summed"),
            .integer(
                "threads", \.run.threads, from: 0, .none,
                "threads per rank, each working on shards of its own; 0 for the processors that the rank was given"),
            .bytes(
                "memory", \.run.memory, .none,
                "memory for a rank's rows, beyond which they are read again in every epoch; auto for most of what is free"),
            .integer(
                "reader-threads", \.run.readerThreads, from: 0, .none,
                "threads per rank that read rows ahead; 0 for as many as there are threads"),
            .text("resume", \.run.resume, .none, "auto, never, or a checkpoint or the folder of a run to go on from"),
            .integer("max-steps", \.run.maxSteps, from: 0, .none, "steps after which to save and stop; 0 for no limit"),
            .seconds(
                "time-limit", \.run.timeLimit, .none,
                "time after which to save and stop, early enough for it; 0 for none, auto for the end of the Slurm job"),
            .integer(
                "checkpoint-every-epochs", \.run.checkpointEveryEpochs, from: 0, .none,
                "epochs between checkpoints; 0 for every epoch, as long as that takes less than 1% of the time"),
            .integer(
                "checkpoint-every-steps", \.run.checkpointEverySteps, from: 0, .none,
                "steps between checkpoints within an epoch; 0 for none"),
            .number(
                "checkpoint-every-minutes", \.run.checkpointEveryMinutes, [.atLeast(0), .atMost(1e6)], .none,
                "minutes between checkpoints, at the most; 0 for no such limit"),
            .integer("keep", \.run.keep, from: 1, .none, "checkpoints to keep, besides the best"),
            .integer(
                "keep-every", \.run.keepEvery, from: 0, .none, "steps whose multiples are saved and kept for ever; 0 for none"
            ),
            .integer(
                "timeout", \.run.timeout, from: 0, .none,
                "seconds without progress of any rank after which the job ends, naming who is late; 0 for never"),
            .integer(
                "check-replicas", \.run.checkReplicas, from: 0, .none,
                "steps between comparisons of the ranks' parameters, which must be the same; 0 for none"),
            .integer(
                "log-every", \.run.logEvery, from: 0, .none,
                "steps between lines of metrics.jsonl with the loss since the last one; 0 for lines of epochs alone"),
            .truth(
                "tensorboard", \.run.tensorboard, .none, "whether event files for TensorBoard are written into the run's folder"),
            .truth("report", \.run.report, .none, "whether report.html, a page about the run, is written at its end"),
            .truth(
                "onnx", \.run.onnx, .none,
                "whether encoder.onnx and decoder.onnx, the trained model for other programs, are written at its end"))
    }
}

/// How gradients are summed.
public enum ReductionKind: String, Sendable, CaseIterable {
    /// The same bits on any number of ranks.
    case ordered
    /// MPI_Allreduce, as a reference to compare with.
    case allreduce
}
