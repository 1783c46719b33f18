internal import Randomness

/// A layer of a network as its places in the flat buffers: it has no state, and all threads share it.
///
/// A new layer is a file with a type of this kind, its ``LayerPass``, and the ``Operation`` or ``Normalization`` that makes it.
protocol Layer: Sendable {
    /// The shapes of a row before and behind it.
    var input: Shape { get }
    var output: Shape { get }

    /// Writes the first parameters; all are 0 before.
    ///
    /// - Parameter number: of the block among all of the model's, which keys what is drawn.
    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64)

    /// The layer in operators, as it is when a model is applied.
    ///
    /// - Parameter x: of the shape ``input``; what is given has that of ``output``.
    /// - Throws: ``NetworkError`` where no operators do the same.
    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) throws(NetworkError) -> OperatorGraph.Value

    /// What the layer keeps of the rows of a pass.
    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass

    /// The bytes of scratch memory that each thread needs.
    func scratchBytes(_ plan: PassPlan) -> Int

    /// The matrix products of a step of training, to be measured.
    var products: [LayerProduct] { get }

    /// The parameters that let it give 0 where they are 0, bias and shift aside; nil for none.
    var vanishing: Range<Int>? { get }

    /// The most terms that a row gives to a sum in the gradients of the parameters, as one for each position: at least as many.
    var termsPerRow: Int { get }

    /// Whether in training a row's output depends on the other rows of its shard.
    var couplesRows: Bool { get }
}

extension Layer {
    func scratchBytes(_ plan: PassPlan) -> Int { 0 }
    var products: [LayerProduct] { [] }
    var vanishing: Range<Int>? { nil }
    var termsPerRow: Int { max(input.positions, output.positions) }
    var couplesRows: Bool { false }
}

/// What a pass is for: with gradients, or without, when it takes no memory for them.
public enum Use: Sendable {
    case training, inference
}

/// All that is known of a pass before there are rows.
struct PassPlan {
    let precision: Precision
    let use: Use
    /// The most rows at once.
    let rows: Int
    /// The ways in which gradients will be summed.
    var folds: [ShardFold] = []

    /// The same of so many samples of each row.
    func samples(_ count: Int) -> PassPlan {
        var plan = PassPlan(precision: precision, use: use, rows: rows * count)
        plan.folds = folds.map { $0.ofSamples ?? $0 }
        return plan
    }
}

/// A layer at work on the rows of a pass. The threads of a team share it: each takes rows of its own through it, and then computes its part of
/// the sums over all rows.
///
/// Backwards a team goes through three functions, in this order, and meets between the first and the second, see ``NetworkPass``.
protocol LayerPass: AnyObject {
    /// `[rows, output]`
    var output: UnsafeMutablePointer<Float> { get }

    /// The output of this thread's rows.
    ///
    /// - Parameter x: of all rows, `[rows, input]`; stays where it is until the pass has gone backwards.
    func forward(_ x: UnsafePointer<Float>, _ step: PassStep)

    /// What can be done row by row: `dy`, the gradient with regard to the output of all rows, becomes what the other two take, in place.
    ///
    /// - Parameter isApplied: whether the layer above has applied ``outputDerivative``.
    func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep)

    /// The gradients of the layer's parameters over all rows, summed as `fold` says: this thread's part of them.
    func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep)

    /// The gradient with regard to the input of this thread's rows; not called where ``isBackwardInPlace``.
    ///
    /// - Parameter ending: what is to be applied to it on the way; nil unless ``appliesDerivatives``.
    func backward(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, ending: OutputDerivative?,
        _ step: PassStep)

    /// Whether ``backwardRows(_:_:isApplied:_:)`` leaves the gradient with regard to the input in `dy`; ``sumGradients(_:_:_:_:)`` must
    /// not read that then, because the layer below changes it before all meet.
    var isBackwardInPlace: Bool { get }

    /// The derivative of the layer's last function, where it is simple enough for the layer above to apply it; that depends on the output alone.
    var outputDerivative: OutputDerivative? { get }

    /// Whether ``backward(_:into:ending:_:)`` can apply the derivative of the layer below.
    var appliesDerivatives: Bool { get }
}

extension LayerPass {
    func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {}
    func backward(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, ending: OutputDerivative?,
        _ step: PassStep
    ) {
        preconditionFailure("works in place")
    }
    var isBackwardInPlace: Bool { false }
    var outputDerivative: OutputDerivative? { nil }
    var appliesDerivatives: Bool { false }
}

/// What one thread takes through a pass.
struct PassStep {
    let parameters: PreparedParameters
    /// The thread's own rows, and the place of each in its data set.
    let rows: Range<Int>
    let member: TeamMember
    /// Memory of the thread's own.
    let scratch: UnsafeMutablePointer<Float>
    /// `[rows, conditions]` of all rows; nil where the network has none.
    var conditions: UnsafePointer<Float>?
    /// nil where nothing is trained.
    var training: TrainingStep?

    /// The same where nothing is trained.
    var applying: PassStep {
        var step = self
        step.training = nil
        return step
    }
}

/// What layers that train otherwise than they are applied know of the step.
struct TrainingStep {
    /// Which of the pass's rows are of which shard, and how they are summed.
    let fold: ShardFold
    /// One over the number of rows of the step, of all ranks.
    let scale: Float
    /// Of the step's noise, and the place of each row in its data set, which keys it.
    let noise: NoiseKey
    let rowNumbers: UnsafePointer<Int64>
}
