internal import CKernels

/// Maps of another size, for each channel by itself: larger behind or in place of transposed convolutions (Odena et al. 2016), or smaller.
struct Resizing: Layer {
    /// What a position p of n along an axis gets of the m that there are.
    enum Kind: Sendable {
        /// The value p m / n, rounded down.
        case nearest
        /// Between the two values next to (p + 1/2) m / n - 1/2, held to 0...m - 1, as with PyTorch's align_corners=False.
        case linear
    }

    let input: Shape
    let output: Shape
    private let kind: Kind
    private let from: [Int]
    private let to: [Int]
    private let channels: Int

    init(_ kind: Kind, _ input: Shape, _ output: Shape) {
        (self.kind, self.input, self.output) = (kind, input, output)
        channels = output.sizes[output.sizes.count - 1]
        // Rows of channels alone are maps of one position.
        from = input.sizes.count > 1 ? input.sizes.asAxes : [1, 1, 1]
        to = output.sizes.asAxes
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        // Rows of channels alone are maps of one position.
        let axes = output.sizes.count - 1
        let sizes = input.sizes.count > 1 ? input.sizes : Array(repeating: 1, count: axes) + [channels]
        var map = graph.reshape(x, sizes)
        for axis in 0..<axes where sizes[axis] != output.sizes[axis] {
            map = export(map, axis: axis, to: output.sizes[axis], into: &graph)
        }
        return map
    }

    /// Other positions along one axis.
    private func export(
        _ x: OperatorGraph.Value, axis: Int, to size: Int, into graph: inout OperatorGraph
    ) -> OperatorGraph.Value {
        let known = x.shape[axis]
        if kind == .nearest { return graph.take(x, axis: axis, (0..<size).map { $0 * known / size }) }
        // In units of 1 / (2 size), so that nothing is rounded but the weights.
        let places = (0..<size).map { max(0, (2 * $0 + 1) * known - size) }
        let first = places.map { $0 / (2 * size) }
        let second = first.map { min($0 + 1, known - 1) }
        let weights = places.map { Float($0 % (2 * size)) / Float(2 * size) }
        let shape = [size] + Array(repeating: 1, count: x.shape.count - axis - 1)
        let near = graph.apply(
            .product, graph.take(x, axis: axis, first), graph.constant(.float32(weights.map { 1 - $0 }), shape))
        let far = graph.apply(.product, graph.take(x, axis: axis, second), graph.constant(.float32(weights), shape))
        return graph.apply(.sum, near, far)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: Resizing

        init(_ layer: Resizing, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            output = memory.floats(plan.rows * layer.output.count)
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let resize = layer.kind == .nearest ? kernel_resize : kernel_interpolate
            let first = step.rows.lowerBound
            resize(
                layer.from, layer.to, layer.channels, step.rows.count, x + first * layer.input.count,
                output + first * layer.output.count)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?, _ step: PassStep
        ) {
            let resize = layer.kind == .nearest ? kernel_resize_backward : kernel_interpolate_backward
            let first = step.rows.lowerBound
            resize(
                layer.from, layer.to, layer.channels, step.rows.count, dy + first * layer.output.count,
                dx + first * layer.input.count)
        }
    }
}

extension [Int] {
    /// Three axes, of sizes with channels behind them.
    fileprivate var asAxes: [Int] { Array(repeating: 1, count: 4 - count) + dropLast() }
}

extension Block.Operation {
    /// Rows of such a shape, by the nearest values of maps of the same channels, or of channels alone.
    public static func resized(to output: Shape) -> Block.Operation { resized(.nearest, "resize", to: output) }

    /// Rows of such a shape, by linear interpolation of maps of the same channels.
    public static func interpolated(to output: Shape) -> Block.Operation { resized(.linear, "interpolate", to: output) }

    private static func resized(_ kind: Resizing.Kind, _ word: String, to output: Shape) -> Block.Operation {
        Block.Operation(
            "\(word) \(output.text)",
            shape: { input throws(NetworkError) in
                let channels = try output.axesAndChannels().channels
                guard input.sizes.count == output.sizes.count || (kind == .nearest && input.sizes.count == 1) else {
                    throw NetworkError("cannot make rows of \(output) of such of \(input)")
                }
                guard input.sizes[input.sizes.count - 1] == channels else {
                    throw NetworkError("has \(channels) channels, which must be those of \(input)")
                }
                return output
            },
            mirror: { input in resized(kind, word, to: input) },
            make: { input, activation, _, _, _ in
                precondition(activation == nil)
                return Resizing(kind, input, output)
            })
    }
}
