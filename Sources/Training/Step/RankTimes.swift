internal import Distributed
internal import Foundation

/// Where the time of an epoch's steps went on one rank, in seconds.
struct RankTimes: BitwiseCopyable {
    var seconds: Double
    /// Waiting for rows to be read, and decoding them.
    var data: Double
    /// Waiting for other ranks.
    var wait: Double
    /// The rows that this rank took, and all ranks together.
    var rows: Double
    var allRows: Double

    /// The rest: what the network and the optimiser took, and saving within an epoch.
    var compute: Double { max(0, seconds - data - wait) }
    /// The time that this rank needs for one row of its own.
    var pace: Double { (seconds - wait) / max(rows, 1) }
}

/// Tells which rank the others wait for, epoch by epoch. Used by root alone, but for its making.
struct SlowRanks {
    let hosts: [String]
    /// The ratio to the others' median from which a rank is slow.
    private let limit: Double
    /// Who was slow in the epoch before: one epoch may be anything on a machine that others use too.
    private var last: Int?
    /// Of whom it was said, once.
    private var told: Set<Int> = []

    /// Of an epoch, in each of which the others must lose so much to one rank.
    private static let leastShare = 0.2
    private static let leastSeconds = 1.0

    /// Collective. Throws ``MPIError``.
    init(_ world: World, threads: Int) throws {
        hosts = try world.communicator.allGather(Array(world.host.utf8)).map { String(decoding: $0, as: UTF8.self) }
        // Where ranks take turns on a processor, who comes last has waited for it: twice the median is usual.
        limit = try world.sharesProcessors(threads: threads) ? 3 : 1.25
    }

    /// The rank that the others waited for in two epochs on end, in words; nil if there is none, or it was said before.
    ///
    /// - Parameter times: of all ranks.
    mutating func slowest(_ times: [RankTimes]) -> String? {
        let slow = find(times)
        defer { last = slow?.rank }
        guard let slow, slow.rank == last, told.insert(slow.rank).inserted else { return nil }
        let others = times.indices.filter { $0 != slow.rank }.map { times[$0] }
        let waits = others.map(\.wait)
        return String(
            format: "rank %ld (%@) is slow: its steps take %.1f times the median; the others waited %.0f%% of the epoch "
                + "(median %.1f s, worst %.1f s of %.1f s)", slow.rank, hosts[slow.rank], slow.ratio,
            100 * Self.median(waits) / times[slow.rank].seconds, Self.median(waits), waits.max()!, times[slow.rank].seconds)
    }

    private func find(_ times: [RankTimes]) -> (rank: Int, ratio: Double)? {
        guard times.count > 1, let rank = times.indices.max(by: { times[$0].pace < times[$1].pace }) else { return nil }
        let others = times.indices.filter { $0 != rank }.map { times[$0] }
        let (median, wait) = (Self.median(others.map(\.pace)), Self.median(others.map(\.wait)))
        guard median > 0, times[rank].pace >= limit * median, wait >= Self.leastSeconds,
            wait >= Self.leastShare * times[rank].seconds
        else { return nil }
        return (rank, times[rank].pace / median)
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[(values.count - 1) / 2] }
}
