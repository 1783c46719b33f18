internal import CKernels

/// y = exp(x) / sum of exp(x), a row's values as shares of 1.
struct Softmax: Layer {
    let input: Shape
    var output: Shape { input }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        graph.reshape(graph.softmax(graph.flatten(x)), output.sizes)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(input.count, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let size: Int

        init(_ size: Int, _ plan: PassPlan, _ memory: PassMemory) {
            self.size = size
            output = memory.floats(plan.rows * size)
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let first = step.rows.lowerBound * size
            kernel_softmax(output + first, x + first, step.rows.count, size)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            let first = step.rows.lowerBound * size
            kernel_softmax_backward(dy + first, output + first, step.rows.count, size)
        }

        var isBackwardInPlace: Bool { true }
    }
}

extension Block.Operation {
    /// A row's values as shares of 1.
    public static var softmax: Block.Operation {
        Block.Operation(
            "softmax", isAside: true, shape: { $0 }, mirror: { _ in .softmax },
            make: { input, _, _, _, _ in Softmax(input: input) })
    }
}
