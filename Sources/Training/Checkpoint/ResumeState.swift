package import Datasets
package import Distributed
internal import Foundation
internal import Logging
internal import Support
internal import VAE

/// The checkpoint that a run goes on from; parameters and moments on root alone.
package struct ResumeState {
    private let checkpoint: Checkpoint
    private let configuration: Configuration
    /// What must be the same to go on.
    private let identity: RunIdentity
    /// Whose the folder is that the run goes on in, on root; nil where another checkpoint was named.
    private let owner: RunOwner?

    package var features: DataSource.Features? { checkpoint.features }
    package var conditions: Conditions? { checkpoint.conditions }
    var categories: [Int] { checkpoint.categories }
    var classes: [String] { checkpoint.classes }
    package var shardCount: Int { checkpoint.shardCount }
    /// Of the trained parameters that the run began with; empty for none.
    var startDigest: String { configuration.training.fromDigest }
    package var preparation: Preparation { checkpoint.preparation(configuration) }

    private init(_ checkpoint: Checkpoint, _ owner: RunOwner?) throws {
        self.checkpoint = checkpoint
        self.owner = owner
        identity = try RunIdentity(checkpoint)
        configuration = identity.configuration
    }

    /// Finds and reads the checkpoint by the configuration's `resume`; nil for a new run. Collective.
    static func find(
        _ configuration: Configuration, folder: RunFolder, world: World, log: Logger
    ) throws -> ResumeState? {
        var found: Int64 = 0
        var checkpoint: Checkpoint?
        var owner: RunOwner?
        var run: RunFolder? = folder
        try world.onRoot {
            switch configuration.run.resume {
            case "auto":
                checkpoint = try folder.newestCheckpoint { log.warning("\($0)") }
                owner = checkpoint.map { RunOwner(folder, $0) }
            case "never":
                if let existing = folder.checkpointPaths().first {
                    throw Failure(
                        .cannotCreate,
                        "\(folder.path) already holds a run (\(existing)): give another --output, or --resume auto to go on")
                }
            case let path:
                let place = CheckpointPlace(path)
                run = place.run
                checkpoint = try place.newest { log.warning("\($0)") }
            }
            found = checkpoint == nil ? 0 : 1
        }
        guard try world.communicator.broadcast(found) == 1 else { return nil }
        let state = try ResumeState(try Checkpoint.share(world) { checkpoint! }, owner)
        // Root alone may see the files.
        try world.onRoot { try state.check { try $0.checkStart(configuration, of: run) } }
        return state
    }

    /// How the steps were made, for a run that goes on now.
    package func history(_ now: Configuration) -> RunHistory {
        checkpoint.history.goingOn(after: checkpoint.progress.step, configuration, now)
    }

    /// What there is to know of going on; nil for nothing.
    package var warning: String? {
        let before = checkpoint.history.arithmetic
        let (products, now) = (checkpoint.history.products, configuration.training.precision.order)
        if before == Arithmetic.number {
            guard products != now else { return nil }
            return
                "the checkpoint's products were computed in the order of \(products), but this processor's have that of \(now): from step "
                + "\(checkpoint.progress.step + 1) on the bits are not those that either gives alone (docs/reproducibility.md)"
        }
        return
            "the checkpoint is of arithmetic \(before), but this program computes by arithmetic \(Arithmetic.number): from step "
            + "\(checkpoint.progress.step + 1) on the bits are not those that either gives alone (docs/reproducibility.md)"
    }

    /// Runs a check of whether the run may go on; what it throws says whose the folder is.
    package func check(_ body: (RunIdentity) throws -> Void) throws {
        do {
            try body(identity)
        } catch let failure as Failure {
            throw owner.map { Failure(failure.code, "\($0): \(failure.message)") } ?? failure
        }
    }

    /// The progress, with the sums of this rank's shards alone.
    package func progress(of shards: Range<Int>) -> Progress {
        var progress = checkpoint.progress
        progress.sums = Array(progress.sums[shards])
        return progress
    }

    /// Called on root alone.
    func copyParameters(to parameters: UnsafeMutablePointer<Float>) {
        parameters.update(from: checkpoint.parameters, count: checkpoint.parameters.count)
    }

    /// Copies to each rank the slice that its optimiser keeps. Collective.
    ///
    /// - Parameter ranges: the slices of all ranks.
    func copyMoments(to optimizer: OptimizerState, ranges: [Range<Int>], world: World) throws {
        for (index, kept) in optimizer.moments.enumerated() {
            let saved = world.isRoot ? checkpoint.moments[index].values : []
            try saved.withUnsafeBufferPointer {
                try world.communicator.scatter($0.baseAddress, ranges: ranges, into: kept.values.baseAddress!)
            }
        }
    }
}

extension Checkpoint {
    /// Root's checkpoint, and on the other ranks its ``description``. Collective.
    ///
    /// - Parameter make: called on root alone.
    package static func share(_ world: World, _ make: () throws -> Checkpoint) throws -> Checkpoint {
        var checkpoint: Checkpoint?
        var bytes: [UInt8] = []
        try world.onRoot {
            checkpoint = try make()
            bytes = try checkpoint!.description.encoded()
        }
        bytes = try world.communicator.broadcast(bytes)
        return try world.together { try checkpoint ?? decoded(description: bytes) }
    }
}
