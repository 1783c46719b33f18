internal import VAE

/// The learning rate and the weight of the KL term of every step of a run.
struct Schedules {
    private let rates: LearningRateSchedule
    private let betas: BetaSchedule
    private let totalSteps: Int

    init(_ configuration: Configuration, stepsPerEpoch: Int) {
        let (optimizer, objective) = (configuration.optimizer, configuration.objective)
        totalSteps = stepsPerEpoch * configuration.training.epochs
        rates = LearningRateSchedule(
            shape: optimizer.schedule, rate: optimizer.lr, warmupSteps: optimizer.warmupSteps,
            finalFactor: optimizer.lrFinalFactor, interval: optimizer.lrStepEpochs * stepsPerEpoch)
        betas = BetaSchedule(
            shape: objective.betaSchedule, beta: objective.beta,
            warmupSteps: Int(objective.betaWarmupEpochs * Double(stepsPerEpoch)), cycles: objective.betaCycles,
            totalSteps: totalSteps)
    }

    /// - Parameter step: from 0.
    func rate(step: Int) -> Float { rates.value(step: step, totalSteps: totalSteps) }

    /// - Parameter step: from 0.
    func beta(step: Int) -> Float { betas.value(step: step) }
}
