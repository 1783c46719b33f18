internal import CKernels

/// y = x + C W for conditions C `[rows, conditions]` of the rows, at every position of a map: what joining them to the input of the layer before
/// gives, whose weights for them are W `[conditions, channels]` (Sohn et al. 2015; scVI's "deeply injected" covariates, Lopez et al. 2018).
struct ConditionShift: Layer {
    let input: Shape
    var output: Shape { input }
    private let conditions: Int
    private let channels: Int
    private let weight: Range<Int>
    /// The inputs that the layer before sums, without the conditions.
    private let inputsBefore: Int

    private var positions: Int { input.count / channels }

    /// - Parameter before: the layer that the conditions join the input of.
    init(behind before: some LinearLayer, conditions: Int, _ name: String, _ plan: inout ParameterPlan) {
        (input, self.conditions) = (before.output, conditions)
        channels = before.bias.count
        inputsBefore = (before.vanishing?.count ?? 0) / channels
        weight = plan.add("\(name)/condition", [conditions, channels], .weight)
    }

    /// As columns of the weight before, behind those that it has.
    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        how.fill(
            parameters + weight.lowerBound, count: weight.count, inputSize: inputsBefore + conditions, outputSize: channels,
            layer: number, first: (inputsBefore * channels + 3) / 4 * 4, seed: seed)
    }

    func scratchBytes(_ plan: PassPlan) -> Int {
        guard plan.use == .training else { return 0 }
        return plan.folds.reduce(0) {
            max($0, kernel_weight_gradient_scratch(Precision.fp32.kernel, $1.kernel, conditions, channels))
        }
    }

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let shift = graph.product(graph.conditions!, graph.parameter(weight, [conditions, channels]))
        let shifted = graph.apply(.sum, graph.reshape(x, [positions, channels]), graph.reshape(shift, [1, channels]))
        return graph.reshape(shifted, output.sizes)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: ConditionShift
        /// Of maps: the gradients of a row's positions, added up.
        private let sums: UnsafeMutablePointer<Float>?

        init(_ layer: ConditionShift, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            output = memory.floats(plan.rows * layer.input.count)
            sums = plan.use == .training && layer.positions > 1 ? memory.floats(plan.rows * layer.channels) : nil
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let (row, first) = (step.rows.lowerBound, step.rows.lowerBound * layer.input.count)
            kernel_add_condition(
                output + first, x + first, step.conditions! + row * layer.conditions,
                step.parameters.values + layer.weight.lowerBound, step.rows.count, layer.positions, layer.channels,
                layer.conditions)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            guard let sums else { return }
            let row = step.rows.lowerBound
            kernel_sum_positions(
                sums + row * layer.channels, dy + row * layer.input.count, step.rows.count, layer.positions, layer.channels)
        }

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            kernel_weight_gradient(
                Precision.fp32.kernel, fold.kernel, layer.conditions, layer.channels, step.conditions!,
                sums.map { UnsafePointer($0) } ?? dy, layer.weight.lowerBound, step.member.worker, step.member.count, step.scratch
            )
        }

        /// The gradient is that of the output. Others may sum over it while the layer below changes its own in place.
        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?, _ step: PassStep
        ) {
            let first = step.rows.lowerBound * layer.input.count
            (dx + first).update(from: dy + first, count: step.rows.count * layer.input.count)
        }
    }
}
