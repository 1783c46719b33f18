internal import Distributed
internal import Foundation
internal import Support
internal import Synchronization
internal import VAE

/// Writes checkpoints beside training, one after the other. Used by root alone.
///
/// What it gets is a copy, so training goes on while it is encoded, digested, written, synced, read back, named, and those that are
/// no longer wanted are removed. One is in flight at most: who brings the next one waits.
final class CheckpointWriter {
    private let folder: RunFolder
    private let keep: Int
    private let keepEvery: Int
    private let queue = DispatchQueue(label: "checkpoints")
    private let inFlight = DispatchGroup()
    private let state = Mutex(State())

    private struct State {
        var failure: (any Error)?
        var longest = 0.0
    }

    /// - Parameters:
    ///   - keep: checkpoints to keep.
    ///   - keepEvery: steps whose multiples are kept besides; 0 for none.
    init(_ folder: RunFolder, keep: Int, keepEvery: Int) {
        self.folder = folder
        self.keep = keep
        self.keepEvery = keepEvery
    }

    /// Begins to write and returns, as soon as what is in flight has been written.
    ///
    /// - Parameters:
    ///   - checkpoint: the newest.
    ///   - best: the best so far where it is not written yet; comes before the other, which refers to it.
    /// - Throws: ``Failure`` of an earlier one.
    func write(_ checkpoint: Checkpoint, best: Checkpoint?) throws {
        try wait()
        let (folder, keep, keepEvery) = (folder, keep, keepEvery)
        nonisolated(unsafe) let writer = self
        inFlight.enter()
        queue.async {
            var watch = Stopwatch()
            let result = Result {
                let bytes = try checkpoint.encoded()
                Heartbeat.beat()
                if let best {
                    try folder.write(best.progress == checkpoint.progress ? bytes : best.encoded(), to: folder.best)
                    Heartbeat.beat()
                }
                try folder.save(bytes, step: checkpoint.progress.step, keep: keep, keepEvery: keepEvery)
                Heartbeat.beat()
            }
            writer.state.withLock { state in
                state.longest = max(state.longest, watch.lap())
                if case .failure(let error) = result { state.failure = error }
            }
            writer.inFlight.leave()
        }
    }

    /// Waits until all is written. Throws ``Failure`` if something could not be.
    func wait() throws {
        inFlight.wait()
        if let failure { throw failure }
    }

    /// Why something could not be written.
    var failure: (any Error)? { state.withLock(\.failure) }

    /// The seconds that the slowest took so far; 0 before the first.
    var longestSeconds: Double { state.withLock(\.longest) }
}
