public import Distributed
internal import Foundation
public import Logging
public import Support
internal import Training
internal import VAE

/// Trains a run again and compares the bits, epoch by epoch.
public struct Reproduction {
    /// Where the data lie now; empty for where the run's folder says.
    public var data = ""
    public var validationData = ""
    public var testData = ""
    /// The same of the trained parameters that the run began with.
    public var from = ""
    /// Epochs after which to stop; 0 for all.
    public var epochs = 0
    /// Per rank; 0 for the processors that it was given.
    public var threads = 0
    /// The folder to train in and keep; empty for one beside the run's that is removed at the end.
    public var output = ""

    public init() {}

    /// Trains as far as the newest checkpoint of a run. Its folder stays as it is. Collective.
    ///
    /// - Returns: 0 for the same bits, 75 when it was asked to stop before it knew.
    /// - Throws: ``SharedFailure``: 65 where something differs, or cannot be the same; 66 where the run or its data are missing.
    public func run(_ path: String, world: World, log: Logger) throws -> ExitCode {
        var recorded: RecordedRun?
        var temporary: String?
        defer { if let temporary { try? FileManager.default.removeItem(atPath: temporary) } }
        let separator: Character = "\0"
        // Root alone looks into the folder.
        let texts = try world.broadcastFromRoot {
            let run = try RecordedRun(path)
            recorded = run
            try checkIsPossible(run, ranks: world.size)
            var configuration = try located(run, log)
            let last = try lastStep(run)
            configuration.run.output = try folder(beside: run, &temporary)
            log.notice(
                "repeating \(path) to step \(last) in \(configuration.run.output)\(temporary == nil ? "" : ", which is removed at the end")"
            )
            return try run.stages(configuration, end: last).map { $0.resolvedTOML() }.joined(separator: String(separator))
        }
        let stages = try world.together {
            try texts.split(separator: separator).map { try Configuration(toml: String($0), name: "configuration") }
        }
        let end = stages.last!.run.maxSteps
        let comparison = RunComparison(recorded, end: end)
        for stage in stages {
            let status = try world.freeingSharedMemory {
                try TrainingRun.run(stage, world: world, log: log, observer: comparison) { _ in }
            }
            guard status == .done else {
                if world.isRoot { log.notice("stopped; epochs of the same bits so far: \(comparison.sameEpochs)") }
                return status
            }
        }
        try world.onRoot {
            guard let recorded, let digest = comparison.digest else {
                throw Failure(.badData, "\(path) differs: this run ended before step \(end)")
            }
            let known = recorded.epochs.count { $0.digest != nil }
            let count = comparison.sameEpochs == known ? "" : "\(comparison.sameEpochs) of "
            ProgressLine.result("the same bits: \(count)\(known) epoch\(known == 1 ? "" : "s"), \(end) steps, digest \(digest)")
        }
        return .done
    }

    /// Throws ``Failure`` (78) where neither these ranks nor this processor can do what the run did.
    private func checkIsPossible(_ run: RecordedRun, ranks: Int) throws {
        let (path, shards) = (run.folder.path, run.checkpoint.shardCount)
        guard ranks <= shards else {
            throw Failure(.configuration, "\(ranks) ranks, but \(path) has \(shards) shards: start at most \(shards) ranks")
        }
        let precision = run.record.configuration.training.precision
        guard precision.isFast else {
            throw Failure(
                .configuration,
                "\(path) was trained in \(precision.rawValue), for which this processor has no instructions: repeat it on one that has"
            )
        }
    }

    /// The configuration of the run, with the data where they lie now, and nothing of what concerns its own machine.
    private func located(_ run: RecordedRun, _ log: Logger) throws -> Configuration {
        var configuration: Configuration
        do {
            configuration = try run.record.located(
                replacing: ["data": data, "validation-data": validationData, "test-data": testData, "from": from])
        } catch let failure as Failure where failure.code == .inputMissing {
            throw Failure(failure.code, "\(failure.message): say where it is by the flag of that name")
        }
        let start = configuration.training.from
        guard start.isEmpty || FilePath.exists(start) else {
            throw Failure(
                .inputMissing,
                "\(run.record.file): from \(start), whose parameters the run began with, is not there any more: say where it is by --from"
            )
        }
        let defaults = Configuration.Run()
        configuration.run.threads = threads
        configuration.run.memory = defaults.memory
        configuration.run.readerThreads = defaults.readerThreads
        configuration.run.timeLimit = defaults.timeLimit
        configuration.run.checkpointEverySteps = 0
        (configuration.run.keep, configuration.run.keepEvery) = (1, 0)
        if configuration.run.reduction == .allreduce {
            log.warning("\(run.folder.path) was trained by --reduction allreduce, which promises no bits")
        }
        return configuration
    }

    /// The step to stop at.
    private func lastStep(_ run: RecordedRun) throws -> Int {
        if epochs == 0 { return run.checkpoint.progress.step }
        let wanted = run.epochs.filter { $0.number <= epochs }
        guard let last = wanted.last, wanted.contains(where: { $0.digest != nil }) else {
            throw Failure(
                .badData,
                "\(run.folder.metrics) has no digests of the first \(epochs) epochs: leave --epochs out to compare the checkpoint"
            )
        }
        return last.step
    }

    /// The folder to train in. Throws ``Failure`` (73).
    private func folder(beside run: RecordedRun, _ temporary: inout String?) throws -> String {
        guard output.isEmpty else {
            if let existing = RunFolder(path: output).checkpointPaths().first {
                throw Failure(.cannotCreate, "\(output) already holds a run (\(existing)): give another --output")
            }
            return output
        }
        // mkdtemp finds six letters.
        var name = Array("\(FilePath.absolute(run.folder.path))-again-\(String(repeating: "X", count: 6))".utf8CString)
        guard mkdtemp(&name) != nil else {
            throw Failure(
                .cannotCreate,
                "cannot make a folder beside \(run.folder.path): \(String(cString: strerror(errno)).lowercased()); name one by --output"
            )
        }
        let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        temporary = path
        return path
    }
}
