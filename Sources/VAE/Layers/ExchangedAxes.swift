/// Rows of `[outer, inner, channels]` become `[inner, outer, channels]`: values and their mask, which lie one behind the other, become channels of
/// each position, and the heads of a likelihood, which are channels of each position, one map behind the other.
struct ExchangedAxes: Layer {
    let input: Shape
    let output: Shape
    private let outer: Int
    private let inner: Int
    private let channels: Int

    /// - Precondition: the sizes' product is that of both shapes.
    init(_ input: Shape, _ output: Shape, outer: Int, inner: Int) {
        (self.input, self.output, self.outer, self.inner) = (input, output, outer, inner)
        channels = input.count / outer / inner
        precondition(channels * outer * inner == input.count && output.count == input.count)
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let exchanged = graph.permute(graph.reshape(x, [outer, inner, channels]), [1, 0, 2])
        return graph.reshape(exchanged, output.sizes)
    }

    /// The same of the values of one row.
    func exchanged(_ values: [Float]) -> [Float] {
        var exchanged = values
        for o in 0..<outer {
            for i in 0..<inner {
                for c in 0..<channels { exchanged[(i * outer + o) * channels + c] = values[(o * inner + i) * channels + c] }
            }
        }
        return exchanged
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: ExchangedAxes

        init(_ layer: ExchangedAxes, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            output = memory.floats(plan.rows * layer.output.count)
        }

        private func exchange(
            _ from: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>, outer: Int, inner: Int, _ step: PassStep
        ) {
            let (size, channels) = (layer.input.count, layer.channels)
            for row in step.rows {
                for o in 0..<outer {
                    for i in 0..<inner {
                        let (read, write) = (row * size + (o * inner + i) * channels, row * size + (i * outer + o) * channels)
                        for c in 0..<channels { to[write + c] = from[read + c] }
                    }
                }
            }
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            exchange(x, into: output, outer: layer.outer, inner: layer.inner, step)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?,
            _ step: PassStep
        ) {
            exchange(dy, into: dx, outer: layer.inner, inner: layer.outer, step)
        }
    }
}

extension Block.Operation {
    /// `parts` maps one behind the other become channels of one map, of such a shape.
    public static func interleaved(_ parts: Int, to output: Shape) -> Block.Operation {
        let sizes = (outer: parts, inner: output.sizes.dropLast().reduce(1, *))
        return exchanged(
            "interleave \(parts) \(output.text)", output, mirror: { _ in .separated(parts) }, sizes: { _ in sizes })
    }

    /// The channels of each position become so many maps of fewer channels, one behind the other; the shape stays what it is called.
    public static func separated(_ parts: Int) -> Block.Operation {
        exchanged(
            "separate \(parts)", nil, mirror: { .interleaved(parts, to: $0) },
            sizes: { (outer: $0.sizes.dropLast().reduce(1, *), inner: parts) })
    }

    private static func exchanged(
        _ text: String, _ output: Shape?, mirror: @escaping Mirror, sizes: @escaping @Sendable (Shape) -> (outer: Int, inner: Int)
    ) -> Block.Operation {
        Block.Operation(
            text,
            shape: { input throws(NetworkError) in
                let (outer, inner) = sizes(input)
                guard input.count % (outer * inner) == 0, output == nil || output!.count == input.count else {
                    throw NetworkError("cannot be taken apart")
                }
                return output ?? input
            },
            mirror: mirror,
            make: { input, activation, _, _, _ in
                precondition(activation == nil)
                let (outer, inner) = sizes(input)
                return ExchangedAxes(input, output ?? input, outer: outer, inner: inner)
            })
    }
}
