internal import CKernels
package import Distributed
internal import Support

/// The statistics that features are scaled by.
extension Preparation {
    /// Gives all rows of a shard in the data's order, not a number where values are missing; for several workers at once.
    package typealias ShardScan = (_ worker: Int, _ shard: Int, _ row: (UnsafeMutablePointer<Double>) -> Void) throws -> Void

    /// Takes the statistics of all training rows, shard by shard in their order, so that they do not depend on the number of
    /// ranks. Collective.
    ///
    /// - Parameters:
    ///   - shards: of this rank.
    ///   - scan: gives rows as they come, which then can be changed.
    /// - Throws: ``SharedFailure`` where rows cannot be read or cannot be scaled, or ``MPIError``.
    package mutating func measure(
        shards: Range<Int>, format: RowFormat, world: World, pool: WorkerPool, scan: ShardScan
    ) throws {
        guard needsStatistics else { return }
        let own = try world.together { try moments(shards, features: format.features, pool: pool, scan: scan) }
        // Every rank joins some features over all shards, so that none takes what all shards have of all of them.
        let all = try own.map { try world.communicator.columns(of: $0, columnCount: format.features) }
        let features = ShardPlan.part(world.rank, of: world.size, count: format.features).count
        var joined = (0..<features).map { FeatureMoments(all, $0) }
        for first in stride(from: features, to: all[0].count, by: max(features, 1)) {
            for feature in 0..<features { joined[feature].join(FeatureMoments(all, first + feature)) }
        }
        let whole = try world.communicator.allGather(joined).flatMap { $0 }
        try world.together { try take(whole, isWide: format.isWide) }
    }

    /// The same, of rows that are kept as they come.
    package mutating func measure(_ rows: any TrainingRows, world: World, pool: WorkerPool) throws {
        let format = rows.format
        let buffers = (0..<pool.count).map { _ in AlignedMemory<Double>(count: format.features) }
        try measure(shards: rows.shards, format: format, world: world, pool: pool) { worker, shard, body in
            try rows.scan(shard: shard) { kept in
                format.decode(kept.numbers, into: buffers[worker].pointer)
                body(buffers[worker].pointer)
            }
        }
    }

    /// Counts, first, least and greatest values, means and squared deviations of shards, feature by feature.
    private func moments(
        _ shards: Range<Int>, features: Int, pool: WorkerPool, scan: ShardScan
    ) throws -> [[Double]] {
        let own = FeatureMoments.starts.map { start in
            let values = UnsafeMutablePointer<Double>.allocate(capacity: shards.count * features)
            values.initialize(repeating: start, count: shards.count * features)
            return values
        }
        defer { for values in own { values.deallocate() } }
        let failures = UnsafeMutablePointer<(any Error)?>.allocate(capacity: pool.count)
        failures.initialize(repeating: nil, count: pool.count)
        defer {
            failures.deinitialize(count: pool.count)
            failures.deallocate()
        }
        pool.run { worker in
            do {
                for index in ShardPlan.part(worker, of: pool.count, count: shards.count) {
                    let sums = own.map { $0 + index * features }
                    try scan(worker, shards.lowerBound + index) { row in
                        transform(row, features: features)
                        kernel_exact_take_moments(row, sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], features)
                    }
                }
            } catch {
                failures[worker] = error
            }
        }
        for worker in 0..<pool.count { if let failure = failures[worker] { throw failure } }
        return own.map { Array(UnsafeBufferPointer(start: $0, count: shards.count * features)) }
    }
}

/// Of one feature, over some rows.
package struct FeatureMoments: BitwiseCopyable {
    package var count: Double
    /// The first value, which the mean is a difference from: so it keeps the digits of a small spread.
    package let first: Double
    package var low: Double
    package var high: Double
    package var mean: Double
    package var squares: Double

    /// Of no rows, in the order of ``init(_:_:)``.
    package static let starts = [0, 0, Double.infinity, -Double.infinity, 0, 0]

    /// From the kernel's columns.
    package init(_ columns: [[Double]], _ index: Int) {
        count = columns[0][index]
        first = columns[1][index]
        low = columns[2][index]
        high = columns[3][index]
        mean = columns[4][index]
        squares = columns[5][index]
    }

    package var isConstant: Bool { count > 0 && low == high }
    /// Whether values differ by what rounding errors of double precision do.
    package var differsByRounding: Bool { low < high && high - low <= 4 * max(abs(low), abs(high)).ulp }
    package var deviation: Double { (squares / count).squareRoot() }

    /// Chan, Golub & LeVeque 1979, equation 2.1.
    package mutating func join(_ other: FeatureMoments) {
        if other.count == 0 { return }
        if count == 0 {
            self = other
            return
        }
        let total = count + other.count
        let difference = other.first - first + (other.mean - mean)
        squares += other.squares + difference * difference * count * other.count / total
        mean += difference * other.count / total
        count = total
        low = min(low, other.low)
        high = max(high, other.high)
    }
}
