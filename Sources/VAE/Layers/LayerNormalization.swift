internal import CKernels

extension Normalization {
    public static let layer = Normalization(known: "layer")
    public static let position = Normalization(known: "position")
}

/// y = (x - mean) / sqrt(variance + 1e-5) gain + shift, with mean and variance over the values of a row, or over the channels of each of its
/// positions (Ba et al. 2016, equation 4). Unlike by batch normalisation a row's result depends on no other row, in training and later.
struct LayerNormalization: Layer {
    let input: Shape
    var output: Shape { input }
    /// What is normalised by itself: a row, or each of its positions; and the values of each.
    private let positions: Int
    private let size: Int
    /// `[size]` each.
    private let gain: Range<Int>
    private let shift: Range<Int>

    static let read: Normalization.Read = { words throws(NetworkError) in
        try NetworkError.refuse(words, behind: "layer-norm")
        return Normalization.Kind { LayerNormalization($0, $1, &$2) }
    }

    static let readByPosition: Normalization.Read = { words throws(NetworkError) in
        try NetworkError.refuse(words, behind: "position-norm")
        return Normalization.Kind { LayerNormalization($0, isByPosition: true, $1, &$2) }
    }

    /// - Parameter isByPosition: whether each position of rows `[axes, channels]` is normalised by itself.
    init(_ input: Shape, isByPosition: Bool = false, _ name: String, _ plan: inout ParameterPlan) {
        self.input = input
        size = isByPosition ? input.sizes[input.sizes.count - 1] : input.count
        positions = input.count / size
        gain = plan.add("\(name)/gain", [size], .gain)
        shift = plan.add("\(name)/shift", [size], .shift)
    }

    var vanishing: Range<Int>? { gain }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        (parameters + gain.lowerBound).update(repeating: 1, count: gain.count)
    }

    func scratchBytes(_ plan: PassPlan) -> Int {
        plan.folds.reduce(0) { max($0, kernel_position_gradient_scratch($1.kernel)) }
    }

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let normal = graph.normalize(graph.reshape(x, [positions, size]), axes: [1], epsilon: KERNEL_NORMALIZE_EPSILON)
        return graph.reshape(graph.affine(normal, gain: gain, shift: shift), output.sizes)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        /// Mean and factor of each position of a row.
        private let moments: UnsafeMutablePointer<Float>
        /// What gain and shift get of each position, `[rows, positions, size]`: their gradients are the sums of the columns.
        private let gainParts: UnsafeMutablePointer<Float>?
        private let shiftParts: UnsafeMutablePointer<Float>?
        private let layer: LayerNormalization

        init(_ layer: LayerNormalization, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            let count = plan.rows * layer.input.count
            output = memory.floats(count)
            moments = memory.floats(plan.rows * layer.positions * 2)
            let trains = plan.use == .training
            gainParts = trains ? memory.floats(count) : nil
            shiftParts = trains ? memory.floats(count) : nil
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let (position, first) = (step.rows.lowerBound * layer.positions, step.rows.lowerBound * layer.input.count)
            kernel_normalize(
                output + first, moments + 2 * position, x + first, step.parameters.values + layer.gain.lowerBound,
                step.parameters.values + layer.shift.lowerBound, step.rows.count * layer.positions, layer.size)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            let (position, first) = (step.rows.lowerBound * layer.positions, step.rows.lowerBound * layer.input.count)
            (shiftParts! + first).update(from: dy + first, count: step.rows.count * layer.input.count)
            kernel_normalize_backward(
                dy + first, x + first, moments + 2 * position, step.parameters.values + layer.gain.lowerBound, gainParts! + first,
                step.rows.count * layer.positions, layer.size)
        }

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            func sum(_ parts: UnsafePointer<Float>, _ place: Range<Int>) {
                kernel_position_gradient(
                    fold.kernel, layer.positions, layer.size, parts, place.lowerBound, step.member.worker, step.member.count,
                    step.scratch)
            }
            sum(gainParts!, layer.gain)
            sum(shiftParts!, layer.shift)
        }

        var isBackwardInPlace: Bool { true }
    }
}
