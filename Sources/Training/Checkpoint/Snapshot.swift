internal import Distributed
internal import Support
internal import VAE

/// The state of a run at one moment: each rank keeps its part of it, in memory that is taken once.
final class Snapshot {
    private let world: World
    private let layout: ParameterLayout
    private let ownedRanges: [Range<Int>]
    /// On root alone.
    private let parameters: AlignedBuffer?
    private let moments: [(name: String, values: AlignedBuffer)]
    /// With the sums of this rank's shards; nil while nothing is kept that would still have to be written.
    private(set) var progress: Progress?

    /// - Parameters:
    ///   - ranges: the parameters of whose moments each rank keeps its own.
    ///   - moments: this rank's.
    init(_ layout: ParameterLayout, ranges: [Range<Int>], moments: OptimizerState.Moments, world: World) {
        self.world = world
        self.layout = layout
        ownedRanges = ranges
        parameters = world.isRoot ? AlignedBuffer(count: layout.count) : nil
        self.moments = moments.map { ($0.name, AlignedBuffer(count: max($0.values.count, 1))) }
    }

    /// Keeps the state as it is now.
    func take(_ progress: Progress, _ parameters: UnsafeMutableBufferPointer<Float>, _ moments: OptimizerState.Moments) {
        self.progress = progress
        self.parameters?.pointer.update(from: parameters.baseAddress!, count: layout.count)
        for (kept, current) in zip(self.moments, moments) where current.values.count > 0 {
            kept.values.pointer.update(from: current.values.baseAddress!, count: current.values.count)
        }
    }

    /// Keeps nothing any more.
    func discard() { progress = nil }

    /// Brings all ranks' parts to root, and keeps nothing any more. Collective.
    ///
    /// - Parameter make: makes the checkpoint of the whole.
    /// - Returns: the checkpoint on root, nil elsewhere.
    func collect(
        _ make: (_ progress: Progress, _ parameters: [Float], _ moments: [(name: String, values: [Float])]) -> Checkpoint
    ) throws -> Checkpoint? {
        var progress = self.progress!
        self.progress = nil
        var whole: [(name: String, values: [Float])] = []
        // With MPI's own reduction every rank keeps all of them.
        let isWhole = ownedRanges[0].count == layout.count
        for (name, values) in moments {
            var all = [Float](repeating: 0, count: world.isRoot ? layout.count : 0)
            if isWhole {
                if world.isRoot { all = Array(UnsafeBufferPointer(start: values.pointer, count: layout.count)) }
            } else {
                try world.communicator.gather(values.pointer, ranges: ownedRanges, into: &all)
            }
            whole.append((name, all))
        }
        progress.sums = Array(try world.communicator.allGather(progress.sums).joined())
        guard let parameters else { return nil }
        return make(progress, Array(UnsafeBufferPointer(start: parameters.pointer, count: layout.count)), whole)
    }
}
