/// The same values under another shape.
struct Reshaping: Layer {
    let input: Shape
    let output: Shape

    /// - Precondition: both shapes have as many values.
    init(_ input: Shape, _ output: Shape) {
        precondition(input.count == output.count)
        (self.input, self.output) = (input, output)
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        graph.reshape(x, output.sizes)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let size: Int

        init(_ layer: Reshaping, _ plan: PassPlan, _ memory: PassMemory) {
            size = layer.output.count
            output = memory.floats(plan.rows * size)
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let first = step.rows.lowerBound * size
            (output + first).update(from: x + first, count: step.rows.count * size)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        var isBackwardInPlace: Bool { true }
    }
}

extension Block.Operation {
    /// Rows of such a shape, of the same values in the same order.
    public static func shaped(to output: Shape) -> Block.Operation {
        reshaping("shape \(output.text)") { input throws(NetworkError) in
            guard input.count == output.count else {
                throw NetworkError("\(output) has \(output.count) values, where rows of \(input) have \(input.count)")
            }
            return output
        }
    }

    /// Rows `[positions, channels]` of maps: all positions one after the other, the last axis fastest.
    public static let tokens = reshaping("tokens") { input throws(NetworkError) in
        let channels = try input.axesAndChannels().channels
        return Shape([input.count / channels, channels])
    }

    private static func reshaping(_ text: String, _ shape: @escaping Shapes) -> Block.Operation {
        Block.Operation(
            text, shape: shape, mirror: { input in .shaped(to: input) },
            make: { input, activation, _, _, _ in
                precondition(activation == nil)
                // The specification was checked.
                return Reshaping(input, try! shape(input))
            })
    }
}
