internal import CKernels

/// Consecutive rows of one shard in a pass of rows through a network, and what becomes of their gradient.
public struct ShardRows: Sendable, Equatable {
    /// Where a sum of gradients lies.
    public enum Place: Sendable, Equatable {
        /// In the `index`-th of the flat gradients.
        case gradient(Int)
        /// In the cache, while a pass lasts.
        case cache(Int)
    }

    public var rowCount: Int
    /// The rows of the shard that went through in earlier passes.
    public var before: Int
    /// Whether these are the shard's last rows of the step.
    public var isLast: Bool
    /// The sums that are complete to the left, added one after the other as `place + sum` when the shard is.
    public var adds: [Place]
    /// Where the sum goes then.
    public var destination: Place

    public init(rowCount: Int, before: Int = 0, isLast: Bool = true, adds: [Place] = [], destination: Place = .gradient(0)) {
        self.rowCount = rowCount
        self.before = before
        self.isLast = isLast
        self.adds = adds
        self.destination = destination
    }
}

/// How the gradients of a pass's rows are summed: every shard's rows in their order, finished shards along the tree.
///
/// The sums are the same however a step's rows are cut into passes; what an unfinished shard has so far waits in `unfinished`.
public final class ShardFold {
    public let rowCount: Int
    let kernel: UnsafeMutablePointer<kernel_fold>
    /// The rows of each shard.
    let shards: [Range<Int>]
    /// The same of as many rows for each row as it has samples, which are neighbours; nil where it has one.
    let ofSamples: ShardFold?
    /// The same sums of values that whole shards give, a row for each shard of ``shards``: as gradients, and as statistics, which are never rounded.
    let ofShards: UnsafeMutablePointer<kernel_fold>
    let ofStatistics: UnsafeMutablePointer<kernel_fold>
    private let runs: UnsafeMutablePointer<kernel_shard_rows>
    private let wholeRuns: UnsafeMutablePointer<kernel_shard_rows>
    private let gradients: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>

    /// - Parameters:
    ///   - runs: the pass's rows, shard after shard.
    ///   - gradients: flat gradients, which must stay where they are as long as this lives.
    ///   - unfinished: for a shard that is cut three flat gradients: its chain of terms, its block of chains, and the sum of its blocks.
    ///   - isRounded: whether every shard's gradient and every sum is rounded to bfloat16.
    ///   - samples: of each row; shards with several are never cut.
    public init(
        _ runs: [ShardRows], gradients: [UnsafeMutablePointer<Float>],
        unfinished: [UnsafeMutablePointer<Float>?] = [nil, nil, nil],
        isRounded: Bool = false, samples: Int = 1
    ) {
        ofSamples =
            samples == 1
            ? nil
            : ShardFold(
                runs.map { run in
                    precondition(run.isLast && run.before == 0)
                    var run = run
                    run.rowCount *= samples
                    return run
                }, gradients: gradients, isRounded: isRounded)
        rowCount = runs.reduce(0) { $0 + $1.rowCount }
        self.runs = .allocate(capacity: max(runs.count, 1))
        wholeRuns = .allocate(capacity: max(runs.count, 1))
        var end = 0
        shards = runs.map { run in
            end += run.rowCount
            return end - run.rowCount..<end
        }
        self.gradients = .allocate(capacity: gradients.count)
        self.gradients.initialize(from: gradients.map { Optional($0) }, count: gradients.count)
        var levels = 0
        func code(_ place: ShardRows.Place) -> Int32 {
            switch place {
            case .gradient(let index): return Int32(index)
            case .cache(let index):
                levels = max(levels, index + 1)
                return ~Int32(index)
            }
        }
        for (index, run) in runs.enumerated() {
            precondition(run.adds.count <= Int(KERNEL_FOLD_DEPTH))
            var kernel = kernel_shard_rows()
            kernel.row_count = run.rowCount
            kernel.before = run.before
            kernel.is_last = run.isLast ? 1 : 0
            kernel.add_count = Int32(run.adds.count)
            withUnsafeMutableBytes(of: &kernel.adds) { bytes in
                let adds = bytes.assumingMemoryBound(to: Int32.self)
                for (place, add) in run.adds.enumerated() { adds[place] = code(add) }
            }
            kernel.destination = code(run.destination)
            (self.runs + index).initialize(to: kernel)
            kernel.row_count = 1
            (wholeRuns + index).initialize(to: kernel)
        }
        kernel = .allocate(capacity: 1)
        kernel.initialize(
            to: kernel_fold(
                runs: self.runs, run_count: runs.count, row_count: rowCount, sums: self.gradients,
                unfinished: (unfinished[0], unfinished[1], unfinished[2]), level_count: levels, is_rounded: isRounded ? 1 : 0))
        (ofShards, ofStatistics) = (.allocate(capacity: 1), .allocate(capacity: 1))
        ofShards.initialize(to: kernel.pointee)
        ofShards.pointee.runs = UnsafePointer(wholeRuns)
        ofShards.pointee.row_count = runs.count
        ofStatistics.initialize(to: ofShards.pointee)
        ofStatistics.pointee.is_rounded = 0
    }

    deinit {
        for fold in [kernel, ofShards, ofStatistics] { fold.deallocate() }
        wholeRuns.deallocate()
        runs.deallocate()
        gradients.deallocate()
    }
}

/// One of the threads that take the rows of a pass through a network together.
public struct TeamMember {
    public let worker: Int
    public let count: Int
    private let barrier: () -> Void

    /// - Parameter meet: waits until all members are there.
    public init(worker: Int, of count: Int, meet: @escaping () -> Void) {
        (self.worker, self.count, barrier) = (worker, count, meet)
    }

    /// A thread that works alone.
    public static var alone: TeamMember { TeamMember(worker: 0, of: 1) {} }

    /// This member's share of `0..<count`.
    public func part(of total: Int) -> Range<Int> { worker * total / count..<(worker + 1) * total / count }

    func meet() { if count > 1 { barrier() } }
}

extension ShardFold {
    /// The terms of a chain, and those of a block of chains.
    public static var segment: Int { Int(KERNEL_SEGMENT) }
    public static var block: Int { Int(KERNEL_BLOCK) }
}
