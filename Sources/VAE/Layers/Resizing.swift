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
