internal import CKernels

/// A function behind what does not apply it itself, as behind a normalisation: y = f(x).
struct ActivationLayer: Layer {
    let input: Shape
    var output: Shape { input }
    private let activation: Activation

    init(_ input: Shape, _ activation: Activation) { (self.input, self.activation) = (input, activation) }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) throws(NetworkError) -> OperatorGraph.Value {
        try activation.export(x, into: &graph)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: ActivationLayer
        private let size: Int

        init(_ layer: ActivationLayer, _ plan: PassPlan, _ memory: PassMemory) {
            (self.layer, size) = (layer, layer.input.count)
            output = memory.floats(plan.rows * size)
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let first = step.rows.lowerBound * size
            kernel_activate(layer.activation.kernel, output + first, x + first, step.rows.count * size)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            guard !isApplied else { return }
            let first = step.rows.lowerBound * size
            let values = layer.activation.needsInput ? x : UnsafePointer(output)
            kernel_activate_backward(layer.activation.kernel, dy + first, values + first, step.rows.count * size)
        }

        var isBackwardInPlace: Bool { true }

        var outputDerivative: OutputDerivative? {
            layer.activation.derivativeEnd.map { OutputDerivative(end: $0, output: UnsafePointer(output)) }
        }
    }
}

extension Block.Operation {
    /// A function by itself, where no operation is before it.
    public static func activated(_ activation: Activation) -> Block.Operation {
        Block.Operation(
            activation.rawValue, isAside: true, shape: { $0 }, mirror: { _ in .activated(activation) },
            make: { input, _, _, _, _ in ActivationLayer(input, activation) })
    }
}
