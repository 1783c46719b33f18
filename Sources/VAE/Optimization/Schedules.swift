internal import Support

/// How the learning rate changes over a run: a function of the step alone.
///
/// During the first `warmupSteps` steps it rises in a straight line to `rate`; then it follows the shape.
public struct LearningRateSchedule: Sendable, Equatable {
    public enum Shape: String, Codable, Sendable, CaseIterable {
        case constant
        /// In a straight line to `finalFactor * rate` at the last step.
        case linear
        /// By half a cosine to `finalFactor * rate` at the last step (Loshchilov & Hutter 2017, equation 5, without restarts).
        case cosine
        /// Multiplied by `finalFactor` every `interval` steps.
        case step
        /// In equal ratios to `finalFactor * rate` at the last step.
        case exponential
    }

    public var shape: Shape
    public var rate: Double
    public var warmupSteps: Int
    public var finalFactor: Double
    /// Steps between drops of the shape `step`.
    public var interval: Int

    public init(
        shape: Shape = .constant, rate: Double, warmupSteps: Int = 0, finalFactor: Double = 0, interval: Int = 1
    ) {
        self.shape = shape
        self.rate = rate
        self.warmupSteps = warmupSteps
        self.finalFactor = finalFactor
        self.interval = max(interval, 1)
    }

    /// The learning rate of a step, counted from 0.
    public func value(step: Int, totalSteps: Int) -> Float {
        if step < warmupSteps { return Float(rate * Double(step + 1) / Double(warmupSteps)) }
        let since = step - warmupSteps
        let part = min(1, Double(since) / Double(max(totalSteps - warmupSteps - 1, 1)))
        let factor =
            switch shape {
            case .constant: 1.0
            case .linear: 1 + (finalFactor - 1) * part
            case .cosine: finalFactor + (1 - finalFactor) * (1 + Elementary.cos(Double.pi * part)) / 2
            case .step: Elementary.pow(finalFactor, Double(since / interval))
            case .exponential: Elementary.pow(finalFactor, part)
            }
        return Float(rate * factor)
    }
}

/// How the weight of the KL term changes over a run (KL annealing, Bowman et al. 2016, section 3.1): a function of the step alone.
public struct BetaSchedule: Sendable, Equatable {
    public enum Shape: String, Codable, Sendable, CaseIterable {
        case constant
        /// From 0 in a straight line to `beta` over the warm-up.
        case linear
        /// The warm-up again and again: `cycles` times from 0 to `beta` over the first half of each (Fu et al. 2019, section 3).
        case cyclical
    }

    public var shape: Shape
    public var beta: Double
    public var warmupSteps: Int
    public var cycles: Int
    public var totalSteps: Int

    public init(shape: Shape = .constant, beta: Double, warmupSteps: Int = 0, cycles: Int = 4, totalSteps: Int = 1) {
        self.shape = shape
        self.beta = beta
        self.warmupSteps = warmupSteps
        self.cycles = max(cycles, 1)
        self.totalSteps = max(totalSteps, 1)
    }

    /// The weight of a step, counted from 0.
    public func value(step: Int) -> Float {
        switch shape {
        case .constant: return Float(beta)
        case .linear: return Float(beta * min(1, Double(step) / Double(max(warmupSteps, 1))))
        case .cyclical:
            let period = Double(totalSteps) / Double(cycles)
            let place = (Double(step) / period).truncatingRemainder(dividingBy: 1)
            return Float(beta * min(1, 2 * place))
        }
    }
}
