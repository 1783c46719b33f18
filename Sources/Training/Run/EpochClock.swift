internal import Dispatch
internal import Distributed

/// What the steps since its start took on this rank.
struct EpochClock {
    private let start = DispatchTime.now().uptimeNanoseconds
    private let data: Double
    private let times: ReductionTimes
    private let rows: Int

    init(trainer: Trainer) {
        data = trainer.dataSeconds.reduce(0, +) + trainer.waitSeconds
        times = trainer.reduction.times
        rows = trainer.globalRows
    }

    /// Seconds in all, seconds of waiting for rows and decoding them and of waiting for other ranks, and the rows that all ranks used.
    func stop(_ trainer: Trainer) -> (seconds: Double, data: Double, wait: Double, rows: Int) {
        (
            max(Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9, 1e-9),
            trainer.dataSeconds.reduce(0, +) + trainer.waitSeconds - data, trainer.reduction.times.wait - times.wait,
            trainer.globalRows - rows
        )
    }
}
