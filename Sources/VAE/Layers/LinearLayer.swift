internal import CKernels

/// A layer that is linear but for a bias and the activation behind it, y = f(x W + b): dense layers and convolutions differ in what x W is.
protocol LinearLayer: Layer {
    /// nil where the output is used as it is.
    var activation: Activation? { get }
    /// Of each output channel.
    var bias: Range<Int> { get }

    /// x W + b in operators, under any shape of as many values.
    func exportSum(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value

    /// The product of the thread's rows; x and y are those of the first of them.
    func multiply(_ x: UnsafePointer<Float>, _ ends: kernel_product_ends, into y: UnsafeMutablePointer<Float>, _ step: PassStep)
    /// The product that leads back, from dy to dx.
    func multiplyBack(
        _ dy: UnsafePointer<Float>, _ ends: kernel_product_ends, into dx: UnsafeMutablePointer<Float>, _ step: PassStep)
    /// This thread's part of the gradients of weight and bias over all rows.
    func sumGradients(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ precision: kernel_precision, _ step: PassStep)
}

extension LinearLayer {
    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { LinearPass(self, plan, memory) }

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) throws(NetworkError) -> OperatorGraph.Value {
        let sum = exportSum(x, into: &graph)
        return graph.reshape(try activation?.export(sum, into: &graph) ?? sum, output.sizes)
    }
}

/// A linear layer at work. Products apply what activations and derivatives they can while they store.
private final class LinearPass<Linear: LinearLayer>: LayerPass {
    let output: UnsafeMutablePointer<Float>
    /// What was before the activation, where the derivative needs that.
    private let raw: UnsafeMutablePointer<Float>?
    private let layer: Linear
    private let precision: kernel_precision
    private let inputs: Int
    private let outputs: Int

    init(_ layer: Linear, _ plan: PassPlan, _ memory: PassMemory) {
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
        layer.multiply(x + step.rows.lowerBound * inputs, ends, into: product, step)
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
        layer.sumGradients(x, dy, fold, precision, step)
    }

    func backward(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, ending: OutputDerivative?,
        _ step: PassStep
    ) {
        let first = step.rows.lowerBound * inputs
        var ends = kernel_product_ends()
        if let ending {
            ends.end = ending.end
            ends.slope = Activation.leakySlope
            ends.values = ending.output + first
        }
        layer.multiplyBack(dy + step.rows.lowerBound * outputs, ends, into: dx + first, step)
    }

    var outputDerivative: OutputDerivative? {
        layer.activation?.derivativeEnd.map { OutputDerivative(end: $0, output: UnsafePointer(output)) }
    }

    var appliesDerivatives: Bool { true }
}
