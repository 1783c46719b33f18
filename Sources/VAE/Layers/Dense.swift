internal import CKernels

/// A dense layer, y = f(x W + b).
struct Dense: Layer {
    let input: Shape
    let output: Shape
    /// nil where the output is used as it is.
    let activation: Activation?
    /// W `[inputs, outputs]` and b `[outputs]`.
    private let weight: Range<Int>
    private let bias: Range<Int>
    /// W as products forward and backward take it; nil where nobody wants the gradient with regard to the input.
    private let packed: Packing.Place
    private let transposed: Packing.Place?

    init(_ input: Shape, outputs: Int, _ activation: Activation?, isFirst: Bool, _ name: String, _ plan: inout ParameterPlan) {
        self.input = input
        output = Shape(outputs)
        self.activation = activation
        let inputs = input.count
        weight = plan.layout.add("\(name)/weight", [inputs, outputs], .weight)
        bias = plan.layout.add("\(name)/bias", [outputs], .bias)
        packed = plan.add(Packing(k: inputs, n: outputs, source: weight.lowerBound))
        transposed =
            isFirst
            ? nil : plan.add(Packing(k: outputs, n: inputs, source: weight.lowerBound, isTransposed: true, use: .training))
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        how.fill(
            parameters + weight.lowerBound, inputSize: input.count, outputSize: output.count, layer: number, seed: seed)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    func scratchBytes(_ plan: PassPlan) -> Int {
        let (precision, rows, inputs, outputs) = (plan.precision.kernel, plan.rows, input.count, output.count)
        var bytes = kernel_product_scratch(precision, rows, inputs, outputs)
        guard plan.use == .training else { return bytes }
        bytes = max(bytes, kernel_product_scratch(precision, rows, outputs, inputs))
        return plan.folds.reduce(bytes) { max($0, kernel_weight_gradient_scratch(precision, $1.kernel, inputs, outputs)) }
    }

    var products: [LayerProduct] {
        let (inputs, outputs) = (input.count, output.count)
        return [LayerProduct(kind: .forward, k: inputs, n: outputs), LayerProduct(kind: .weightGradient, k: inputs, n: outputs)]
            + (transposed == nil ? [] : [LayerProduct(kind: .inputGradient, k: outputs, n: inputs)])
    }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        /// What was before the activation, where the derivative needs that.
        private let raw: UnsafeMutablePointer<Float>?
        private let layer: Dense
        private let precision: kernel_precision
        private let inputs: Int
        private let outputs: Int

        init(_ layer: Dense, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            precision = plan.precision.kernel
            (inputs, outputs) = (layer.input.count, layer.output.count)
            output = memory.floats(plan.rows * outputs)
            raw = layer.activation?.needsInput == true ? memory.floats(plan.rows * outputs) : nil
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let first = step.rows.lowerBound * outputs
            var ends = kernel_product_ends()
            ends.bias = step.parameters.values + layer.bias.lowerBound
            ends.end = layer.activation?.end ?? kernel_end_none
            ends.slope = Activation.leakySlope
            let product = (raw ?? output) + first
            step.parameters[layer.packed].multiply(
                x + step.rows.lowerBound * inputs, rows: step.rows.count, ends: ends, into: product, scratch: step.scratch)
            if let activation = layer.activation, activation.end == nil {
                kernel_activate(activation.kernel, output + first, product, step.rows.count * outputs)
            }
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            guard let activation = layer.activation, !isApplied else { return }
            let first = step.rows.lowerBound * outputs
            kernel_activate_backward(activation.kernel, dy + first, (raw ?? output) + first, step.rows.count * outputs)
        }

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            let member = step.member
            kernel_weight_gradient(
                precision, fold.kernel, inputs, outputs, x, dy, layer.weight.lowerBound, member.worker, member.count,
                step.scratch)
            kernel_column_gradient(fold.kernel, outputs, dy, layer.bias.lowerBound, member.worker, member.count)
        }

        func backward(
            _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, ending: OutputDerivative?, _ step: PassStep
        ) {
            let first = step.rows.lowerBound * inputs
            var ends = kernel_product_ends()
            if let ending {
                ends.end = ending.end
                ends.slope = Activation.leakySlope
                ends.values = ending.output + first
            }
            step.parameters[layer.transposed!].multiply(
                dy + step.rows.lowerBound * outputs, rows: step.rows.count, ends: ends, into: dx + first, scratch: step.scratch)
        }

        var outputDerivative: OutputDerivative? {
            layer.activation?.derivativeEnd.map { OutputDerivative(end: $0, output: UnsafePointer(output)) }
        }

        var appliesDerivatives: Bool { true }
    }
}

extension Block.Operation {
    /// A dense layer with so many outputs.
    public static func dense(_ outputs: Int) -> Block.Operation {
        Block.Operation { input, activation, isFirst, name, plan in
            Dense(input, outputs: outputs, activation, isFirst: isFirst, name, &plan)
        }
    }
}
