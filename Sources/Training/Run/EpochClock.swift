internal import Distributed
internal import Support

/// What the steps since its start took on this rank.
struct EpochClock {
    private let watch = Stopwatch()
    private let begin: (data: Double, wait: Double, rows: Int, ownRows: Int)

    init(trainer: Trainer) { begin = Self.totals(trainer) }

    /// What it took until now.
    func stop(_ trainer: Trainer) -> RankTimes {
        let end = Self.totals(trainer)
        return RankTimes(
            seconds: max(watch.elapsed, 1e-9), data: end.data - begin.data,
            wait: end.wait - begin.wait, rows: Double(end.ownRows - begin.ownRows), allRows: Double(end.rows - begin.rows))
    }

    private static func totals(_ trainer: Trainer) -> (data: Double, wait: Double, rows: Int, ownRows: Int) {
        // Workers decode side by side: of what they took, the mean has passed.
        let decoding = trainer.dataSeconds.reduce(0, +) / Double(trainer.dataSeconds.count)
        return (decoding + trainer.waitSeconds, trainer.reduction.times.wait, trainer.globalRows, trainer.ownRows)
    }
}
