internal import CKernels

/// Linear interpolation along each axis, for each channel by itself: position p of n lies at (p + 1/2) m / n - 1/2 of m, held to 0...m - 1, as with
/// PyTorch's align_corners=False. Makes maps larger behind or in place of transposed convolutions (Odena et al. 2016), or smaller.
struct Interpolation: Layer {
    let input: Shape
    let output: Shape
    private let from: [Int]
    private let to: [Int]
    private let channels: Int

    /// - Precondition: both shapes have as many axes, and the same channels.
    init(_ input: Shape, _ output: Shape) {
        (self.input, self.output) = (input, output)
        channels = output.sizes[output.sizes.count - 1]
        (from, to) = (input.sizes.kernelAxes, output.sizes.kernelAxes)
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: Interpolation

        init(_ layer: Interpolation, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            output = memory.floats(plan.rows * layer.output.count)
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let first = step.rows.lowerBound
            kernel_interpolate(
                layer.from, layer.to, layer.channels, step.rows.count, x + first * layer.input.count,
                output + first * layer.output.count)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?, _ step: PassStep
        ) {
            let first = step.rows.lowerBound
            kernel_interpolate_backward(
                layer.from, layer.to, layer.channels, step.rows.count, dy + first * layer.output.count,
                dx + first * layer.input.count)
        }
    }
}

extension [Int] {
    /// Three axes, of sizes with channels behind them.
    fileprivate var kernelAxes: [Int] { Array(repeating: 1, count: 4 - count) + dropLast() }
}

extension Block.Operation {
    /// Rows of such a shape, by linear interpolation of maps of the same channels.
    public static func interpolated(to output: Shape) -> Block.Operation {
        Block.Operation(
            "interpolate \(output.text)",
            shape: { input throws(NetworkError) in
                let (axes, channels) = try output.axesAndChannels()
                guard input.sizes.count == axes.count + 1 else {
                    throw NetworkError("cannot make rows of \(output) of such of \(input)")
                }
                guard input.sizes[axes.count] == channels else {
                    throw NetworkError("has \(channels) channels, which must be those of \(input)")
                }
                return output
            },
            mirror: { input in .interpolated(to: input) },
            make: { input, activation, _, _, _ in
                precondition(activation == nil)
                return Interpolation(input, output)
            })
    }
}
