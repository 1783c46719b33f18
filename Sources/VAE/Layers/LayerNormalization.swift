internal import CKernels

extension Normalization {
    public static let layer = Normalization(known: "layer")
}

/// y = (x - mean) / sqrt(variance + 1e-5) gain + shift, with mean and variance over the values of a row (Ba et al. 2016, equation 4). Unlike
/// by batch normalisation a row's result depends on no other row, in training and later.
struct LayerNormalization: Layer {
    let input: Shape
    var output: Shape { input }
    /// `[input]` each.
    private let gain: Range<Int>
    private let shift: Range<Int>

    static let read: Normalization.Read = { words throws(NetworkError) in
        try NetworkError.refuse(words, behind: "layer-norm")
        return Normalization.Kind { LayerNormalization($0, $1, &$2) }
    }

    init(_ input: Shape, _ name: String, _ plan: inout ParameterPlan) {
        self.input = input
        gain = plan.add("\(name)/gain", [input.count], .gain)
        shift = plan.add("\(name)/shift", [input.count], .shift)
    }

    var vanishing: Range<Int>? { gain }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        (parameters + gain.lowerBound).update(repeating: 1, count: gain.count)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        /// Each row's mean and factor.
        private let moments: UnsafeMutablePointer<Float>
        /// What gain and shift get of each row, `[rows, input]`: their gradients are the sums of the columns.
        private let gainParts: UnsafeMutablePointer<Float>?
        private let shiftParts: UnsafeMutablePointer<Float>?
        private let layer: LayerNormalization
        private let size: Int

        init(_ layer: LayerNormalization, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            size = layer.input.count
            output = memory.floats(plan.rows * size)
            moments = memory.floats(plan.rows * 2)
            let trains = plan.use == .training
            gainParts = trains ? memory.floats(plan.rows * size) : nil
            shiftParts = trains ? memory.floats(plan.rows * size) : nil
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let (row, first) = (step.rows.lowerBound, step.rows.lowerBound * size)
            kernel_normalize(
                output + first, moments + 2 * row, x + first, step.parameters.values + layer.gain.lowerBound,
                step.parameters.values + layer.shift.lowerBound, step.rows.count, size)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            let (row, first) = (step.rows.lowerBound, step.rows.lowerBound * size)
            (shiftParts! + first).update(from: dy + first, count: step.rows.count * size)
            kernel_normalize_backward(
                dy + first, x + first, moments + 2 * row, step.parameters.values + layer.gain.lowerBound, gainParts! + first,
                step.rows.count, size)
        }

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            let member = step.member
            kernel_column_gradient(fold.kernel, size, gainParts!, layer.gain.lowerBound, member.worker, member.count)
            kernel_column_gradient(fold.kernel, size, shiftParts!, layer.shift.lowerBound, member.worker, member.count)
        }

        var isBackwardInPlace: Bool { true }
    }
}
