internal import Distributed
internal import Foundation
internal import Logging
internal import VAE

/// The checkpoint that a run goes on from, on every rank.
struct ResumeState {
    private let checkpoint: Checkpoint
    private let configuration: Configuration

    var shardCount: Int { checkpoint.shardCount }
    var preparation: Preparation { checkpoint.preparation(configuration) }
    var microBatch: Int { configuration.training.microBatch }

    private init(_ checkpoint: Checkpoint) throws {
        self.checkpoint = checkpoint
        configuration = try Configuration(toml: checkpoint.configuration, name: "checkpoint")
    }

    /// Finds and reads the checkpoint by the configuration's `resume`; nil for a new run. Collective.
    static func find(
        _ configuration: Configuration, folder: RunFolder, world: World, log: Logger
    ) throws -> ResumeState? {
        var found: Int64 = 0
        var checkpoint: Checkpoint?
        try world.onRoot {
            switch configuration.run.resume {
            case "auto": checkpoint = try folder.newestCheckpoint { log.warning("\($0)") }
            case "never":
                if let existing = folder.checkpointPaths().first {
                    throw Failure(
                        .cannotCreate,
                        "\(folder.path) already holds a run (\(existing)): give another --output, or --resume auto to go on")
                }
            case let path: checkpoint = try Checkpoint.read(path)
            }
            found = checkpoint == nil ? 0 : 1
        }
        guard try world.communicator.broadcast(found) == 1 else { return nil }
        return try ResumeState(try Checkpoint.broadcast(world) { checkpoint! })
    }

    /// Throws ``Failure`` unless the run that goes on is the one that was saved, but for its number of epochs.
    func check(_ configuration: Configuration, inputShape: [Int], fingerprint: String) throws {
        guard checkpoint.inputShape == inputShape else {
            throw Failure(
                .badData, "the checkpoint was trained on rows of shape \(checkpoint.inputShape), the data have \(inputShape)")
        }
        guard checkpoint.dataFingerprint == fingerprint else {
            throw Failure(
                .badData, "the data are not those the checkpoint was trained on: give them, or another --output for a new run")
        }
        try configuration.checkContinues(self.configuration)
    }

    /// The progress, with the sums of this rank's shards alone.
    func progress(of shards: Range<Int>) -> Progress {
        var progress = checkpoint.progress
        progress.sums = Array(progress.sums[shards])
        return progress
    }

    func copyParameters(to parameters: UnsafeMutablePointer<Float>) {
        parameters.update(from: checkpoint.parameters, count: checkpoint.parameters.count)
    }

    /// Copies the slice that the optimiser keeps.
    func copyMoments(to optimizer: OptimizerState) {
        for (saved, kept) in zip(checkpoint.moments, optimizer.moments) {
            for (index, element) in optimizer.range.enumerated() { kept.values[index] = saved.values[element] }
        }
    }
}

extension Configuration {
    /// Throws ``Failure`` (78) unless what determines the bits is as it was saved in a checkpoint, but for the number of epochs.
    func checkContinues(_ saved: Configuration) throws {
        for key in ConfigurationKey.identity where key.name != "epochs" {
            let (before, now) = (key.toml(saved), key.toml(self))
            // Left to the program, they stay as they were.
            if ["shards", "micro-batch"].contains(key.name), now == "0" { continue }
            if before != now {
                throw Failure(
                    .configuration,
                    "\(key.name) is \(now), but was \(before) in the checkpoint: give --\(key.name) \(before), or another "
                        + "--output for a new run")
            }
        }
    }
}

extension Checkpoint {
    /// Root's checkpoint on every rank. Collective.
    ///
    /// - Parameter make: called on root alone.
    static func broadcast(_ world: World, _ make: () throws -> Checkpoint) throws -> Checkpoint {
        var bytes: [UInt8] = []
        try world.onRoot { bytes = try make().encoded() }
        bytes = try world.communicator.broadcast(bytes)
        return try world.together { try decoded(bytes) }
    }
}

extension Communicator {
    /// Root's text on every rank. Collective.
    func broadcastFromRoot(_ world: World, _ make: () throws -> String) throws -> String {
        var text = ""
        try world.onRoot { text = try make() }
        return String(decoding: try broadcast(Array(text.utf8)), as: UTF8.self)
    }
}
