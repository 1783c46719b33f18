internal import Foundation
internal import Pages
internal import Training

/// What a run's `ranks.csv` shows: where each rank's time went.
struct RankWaits {
    /// Mean seconds per epoch of a rank.
    private struct Rank {
        var compute = 0.0
        var data = 0.0
        var wait = 0.0
        var own: Double { compute + data }
    }

    private var ranks: [Rank]
    private let epochs: ClosedRange<Int>

    private static let mostBars = 128

    /// The mean over the last epochs, as long as there were as many ranks as in the last one. nil where there are none.
    init?(_ path: String) {
        guard let table = EpochTable(path, most: EpochTable.shown) else { return nil }
        var byEpoch: [Int: [Int: Rank]] = [:]
        for row in table.rows {
            func number(_ column: String) -> Double? { row[column].flatMap { $0.isFinite ? $0 : nil } }
            guard let epoch = number("epoch").flatMap(Int.init(exactly:)), let rank = number("rank").flatMap(Int.init(exactly:)),
                let compute = number("compute_s"), let data = number("data_wait_s"), let wait = number("reduce_wait_s")
            else { continue }
            byEpoch[epoch, default: [:]][rank] = Rank(compute: compute, data: data, wait: wait)
        }
        guard let last = byEpoch.keys.max(), let count = byEpoch[last]?.count else { return nil }
        var first = last
        while byEpoch[first - 1]?.count == count { first -= 1 }
        epochs = first...last
        ranks = [Rank](repeating: Rank(), count: count)
        for epoch in epochs {
            for (rank, times) in byEpoch[epoch]! where ranks.indices.contains(rank) {
                ranks[rank].compute += times.compute / Double(epochs.count)
                ranks[rank].data += times.data / Double(epochs.count)
                ranks[rank].wait += times.wait / Double(epochs.count)
            }
        }
    }

    /// Adds a chart where there are several ranks: one waits for nobody.
    func add(to page: inout HTMLPage) {
        guard ranks.count > 1 else { return }
        // Of very many ranks that are neighbours the one that works longest stands for all.
        let step = (ranks.count + Self.mostBars - 1) / Self.mostBars
        let shown = stride(from: 0, to: ranks.count, by: step).map { first in
            (first..<min(first + step, ranks.count)).max { ranks[$0].own < ranks[$1].own }!
        }
        let highest = ranks.map { $0.own + $0.wait }.max()!
        var chart = Chart(x: -0.6...Double(ranks.count) - 0.4, y: 0...max(highest * 1.02, 1e-6), height: 220, wholeX: true)
        let parts: [(name: String, colour: String, value: (Rank) -> Double)] = [
            ("computing", Palette.colours[0], \.compute), ("waiting for data", Palette.colours[3], \.data),
            ("waiting for other ranks", Palette.colours[1], \.wait),
        ]
        for (index, rank) in shown.enumerated() {
            var base = 0.0
            for part in parts {
                let top = base + part.value(ranks[rank])
                chart.bar(Double(index * step) + Double(step - 1) / 2, from: base, top, width: Double(step), colour: part.colour)
                base = top
            }
        }
        let waits = ranks.map(\.wait).sorted()
        let own = ranks.indices.max { ranks[$0].own < ranks[$1].own }!
        let over = epochs.count == 1 ? "epoch \(epochs.lowerBound)" : "epochs \(epochs.lowerBound) to \(epochs.upperBound), mean"
        let seen = String(
            format: "Waiting for other ranks: median %.3g s, worst %.3g s. Rank %ld works longest, %.3g s.",
            waits[(waits.count - 1) / 2], waits.last!, own, ranks[own].own)
        page.section(
            "Waits per rank", note: "Seconds per epoch (\(over)). \(seen)",
            chart.svg(xTitle: "rank", yTitle: "s per epoch", alt: "Time of each of \(ranks.count) ranks. \(seen)")
                + HTMLPage.legend(parts.map { (name: $0.name, colour: $0.colour) }))
    }
}
