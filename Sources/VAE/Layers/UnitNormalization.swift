internal import CKernels

extension Normalization {
    public static let unit = Normalization(known: "unit")
}

/// y = x / |x|, a row brought to the length 1; a row of zeros stays one. So clicks of users who clicked much or little weigh alike (Liang et al. 2018,
/// section 3).
struct UnitNormalization: Layer {
    let input: Shape
    var output: Shape { input }

    static let read: Normalization.Read = { words throws(NetworkError) in
        try NetworkError.refuse(words, behind: "unit-norm")
        return Normalization.Kind { input, _, _ in UnitNormalization(input: input) }
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let row = graph.flatten(x)
        let squares = graph.reduce(.sum, graph.apply(.product, row, row), axes: [0])
        let isThere = graph.apply(.isGreater, squares, 0)
        let length = graph.choose(isThere, graph.apply(.squareRoot, squares), graph.number(1, as: squares))
        return graph.reshape(graph.apply(.quotient, row, length), output.sizes)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(input.count, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        /// Of each row, `[rows]`.
        private let lengths: UnsafeMutablePointer<Float>
        private let size: Int

        init(_ size: Int, _ plan: PassPlan, _ memory: PassMemory) {
            self.size = size
            output = memory.floats(plan.rows * size)
            lengths = memory.floats(plan.rows)
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let row = step.rows.lowerBound
            kernel_unit_normalize(output + row * size, lengths + row, x + row * size, step.rows.count, size)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            let row = step.rows.lowerBound
            kernel_unit_normalize_backward(dy + row * size, output + row * size, lengths + row, step.rows.count, size)
        }

        var isBackwardInPlace: Bool { true }
    }
}
