internal import CKernels
internal import Support

public enum OptimizerKind: String, Codable, Sendable, CaseIterable {
    /// Gradient descent with momentum.
    case sgd
    /// Kingma & Ba 2015, algorithm 1; weight decay is added to the gradient.
    case adam
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2).
    case adamw
}

/// An optimiser and its constants, with PyTorch's meaning and defaults; weight decay goes for all parameters.
public struct OptimizerConfiguration: Codable, Sendable, Equatable {
    public var kind: OptimizerKind
    public var momentum: Float
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    public var weightDecay: Float

    public init(
        kind: OptimizerKind = .adam, momentum: Float = 0, beta1: Float = 0.9, beta2: Float = 0.999,
        epsilon: Float = 1e-8, weightDecay: Float = 0
    ) {
        self.kind = kind
        self.momentum = momentum
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

/// The optimiser's state for one slice of the flat parameters.
public final class OptimizerState {
    public let configuration: OptimizerConfiguration
    /// The elements of the flat parameters whose state this is.
    public let range: Range<Int>
    /// From this element on there are statistics, which have no moments: what is summed of them is their change.
    private let statistics: Int
    /// Elements that stay as they are, in ascending order.
    private let frozen: [Range<Int>]
    private let buffers: [AlignedBuffer]

    /// - Parameters:
    ///   - statistics: ``ParameterLayout/statistics``.
    ///   - frozen: elements that are never updated, in ascending order; their moments stay 0.
    public init(_ configuration: OptimizerConfiguration, range: Range<Int>, statistics: Int = .max, frozen: [Range<Int>] = []) {
        self.configuration = configuration
        self.range = range
        self.statistics = statistics
        self.frozen = frozen
        // Processors take a load for one of what was just stored where the lowest 12 bits of the addresses are equal: moments and parameters are
        // walked through together, so they begin far from each other within a page.
        buffers = Self.momentNames(configuration.kind).indices.map {
            AlignedBuffer(count: range.count, usesLargePages: true, pageOffset: 1024 * ($0 + 1))
        }
    }

    /// The names of the moments that a kind keeps.
    public static func momentNames(_ kind: OptimizerKind) -> [String] { kind == .sgd ? ["m"] : ["m", "v"] }

    public typealias Moments = [(name: String, values: UnsafeMutableBufferPointer<Float>)]

    /// The moments of the slice.
    public var moments: Moments {
        zip(Self.momentNames(configuration.kind), buffers).map {
            ($0, UnsafeMutableBufferPointer(start: $1.pointer, count: range.count))
        }
    }

    /// What of an update depends on the step alone.
    public struct Step: Sendable {
        let learningRate: Float
        /// The learning rate over the first moment's bias correction.
        let correctedRate: Float
        /// One over the root of the second moment's.
        let inverseRoot: Float
    }

    /// - Parameter step: updates made before this one.
    public func step(_ step: Int, learningRate: Float) -> Step {
        guard configuration.kind != .sgd else {
            return Step(learningRate: learningRate, correctedRate: learningRate, inverseRoot: 1)
        }
        let correction1 = 1 - Elementary.pow(Double(configuration.beta1), Double(step + 1))
        let correction2 = 1 - Elementary.pow(Double(configuration.beta2), Double(step + 1))
        return Step(
            learningRate: learningRate, correctedRate: Float(Double(learningRate) / correction1),
            inverseRoot: Float(1 / correction2.squareRoot()))
    }

    /// Updates some parameters of the slice.
    ///
    /// - Parameters:
    ///   - parameters: element 0 of the flat parameters.
    ///   - gradient: the gradient of `part`.
    ///   - part: a part of ``range``, of parameters or of statistics.
    ///   - factor: multiplies the gradient.
    public func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, range part: Range<Int>, factor: Float,
        step: Step
    ) {
        precondition(part.isEmpty || (range.lowerBound <= part.lowerBound && part.upperBound <= range.upperBound))
        var first = part.lowerBound
        for still in frozen where still.overlaps(part) {
            let trained = first..<max(first, still.lowerBound)
            updateTrained(parameters, gradient: gradient + (first - part.lowerBound), range: trained, factor: factor, step: step)
            first = still.upperBound
        }
        guard first < part.upperBound else { return }
        updateTrained(
            parameters, gradient: gradient + (first - part.lowerBound), range: first..<part.upperBound, factor: factor, step: step
        )
    }

    private func updateTrained(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, range part: Range<Int>, factor: Float,
        step: Step
    ) {
        guard part.lowerBound < statistics else {
            let target = parameters + part.lowerBound
            return kernel_add(target, target, gradient, part.count)
        }
        let c = configuration
        let target = parameters + part.lowerBound
        let offset = part.lowerBound - range.lowerBound
        switch c.kind {
        case .sgd:
            kernel_sgd(
                target, gradient, buffers[0].pointer + offset, factor, step.learningRate, c.momentum, c.weightDecay,
                part.count)
        case .adam, .adamw:
            let decoupled = c.kind == .adamw
            let constants = kernel_adam_step(
                factor: factor, rate: step.correctedRate, inverse_root: step.inverseRoot, beta1: c.beta1, beta2: c.beta2,
                epsilon: c.epsilon, decay: decoupled ? 0 : c.weightDecay,
                shrink: decoupled ? step.learningRate * c.weightDecay : 0)
            kernel_adam(
                target, gradient, buffers[0].pointer + offset, buffers[1].pointer + offset, constants, part.count)
        }
    }

    /// The same with the `step` counted from 0, whose constants are computed for this call alone.
    public func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, range part: Range<Int>,
        factor: Float, learningRate: Float, step: Int
    ) {
        update(parameters, gradient: gradient, range: part, factor: factor, step: self.step(step, learningRate: learningRate))
    }
}
