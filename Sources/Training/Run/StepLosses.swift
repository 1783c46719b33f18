internal import Distributed
internal import VAE

/// The mean loss of every N steps, over all ranks' rows.
struct StepLosses {
    private let every: Int
    /// The epoch, and its sums when the last line was written.
    private var epoch = -1
    private var noted = LossSums()

    /// - Parameter every: steps from one to the next; 0 for none.
    init(every: Int) { self.every = every }

    /// The mean loss of the rows since the last one, where it is time for it, in nats; the first of an epoch, and
    /// of a run that goes on, are those since the epoch's beginning. Collective.
    mutating func next(_ trainer: Trainer, _ world: World) throws -> Double? {
        guard every > 0 else { return nil }
        if epoch != trainer.progress.epoch { (epoch, noted) = (trainer.progress.epoch, LossSums()) }
        guard trainer.progress.step % every == 0 else { return nil }
        let sums = try trainer.epochSums(world)
        defer { noted = sums }
        let since = LossSums(
            terms: sums.terms - noted.terms, weight: sums.weight - noted.weight, rowCount: sums.rowCount - noted.rowCount)
        return EvidenceLowerBound.loss(since, beta: Double(trainer.beta))
    }
}
