internal import CKernels

/// One value of what a window sees, for each channel by itself: its largest, or its mean over the positions that are there.
struct Pooling: Layer {
    enum Kind: String, Sendable {
        /// Of equal values the first counts.
        case max
        case average
    }

    let input: Shape
    let output: Shape
    private let kind: Kind
    private let kernel: kernel_convolution

    init(_ kind: Kind, _ geometry: ConvolutionGeometry, output: Shape) {
        (self.kind, input, self.output, kernel) = (kind, geometry.input, output, geometry.kernel)
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) throws(NetworkError) -> OperatorGraph.Value {
        let window = kernel.window(axes: input.sizes.count - 1)
        let first = graph.channelsFirst(x)
        let sizes = Array(output.sizes.count > 1 ? output.sizes.dropLast() : window.kernel.map { _ in 1 })
        let shape = [kernel.channels] + sizes
        switch kind {
        case .max:
            guard zip(window.before, window.kernel).allSatisfy({ $0 < $1 }) else {
                throw NetworkError("max-pool with a padding as large as its kernel cannot be exported")
            }
            let largest = graph.channelsLast(graph.add(.largestOfWindow(window), [first], shape))
            return graph.reshape(largest, output.sizes)
        case .average:
            var window = window
            window.groups = kernel.channels
            let taps = window.kernel.reduce(1, *)
            let ones = graph.constant(
                .float32(Array(repeating: 1, count: kernel.channels * taps)), [kernel.channels, 1] + window.kernel)
            let sum = graph.channelsLast(graph.add(.convolution(window), [first, ones], shape))
            let shares = graph.constant(.float32(seenCounts(window, sizes).map { $0 > 0 ? 1 / $0 : 0 }), sizes + [1])
            return graph.reshape(graph.apply(.product, sum, shares), output.sizes)
        }
    }

    /// The positions that each output sees, which are fewer at the edges of a map.
    private func seenCounts(_ window: Operator.Window, _ sizes: [Int]) -> [Float] {
        var counts: [Float] = [1]
        for axis in sizes.indices {
            let own = (0..<sizes[axis]).map { place in
                (0..<window.kernel[axis]).count { tap in
                    let seen = place * window.stride[axis] + tap * window.dilation[axis] - window.before[axis]
                    return (0..<input.sizes[axis]).contains(seen)
                }
            }
            counts = counts.flatMap { count in own.map { count * Float($0) } }
        }
        return counts
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: Pooling

        init(_ layer: Pooling, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            output = memory.floats(plan.rows * layer.output.count)
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let (from, to) = (x + step.rows.lowerBound * layer.input.count, output + step.rows.lowerBound * layer.output.count)
            withUnsafePointer(to: layer.kernel) {
                switch layer.kind {
                case .max: kernel_pool_max($0, step.rows.count, from, to)
                case .average: kernel_pool_average($0, step.rows.count, from, to)
                }
            }
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?, _ step: PassStep
        ) {
            let first = step.rows.lowerBound
            let (inputs, outputs) = (first * layer.input.count, first * layer.output.count)
            withUnsafePointer(to: layer.kernel) {
                switch layer.kind {
                case .max: kernel_pool_max_backward($0, step.rows.count, x + inputs, dy + outputs, dx + inputs)
                case .average: kernel_pool_average_backward($0, step.rows.count, dy + outputs, dx + inputs)
                }
            }
        }
    }
}

extension Block.Operation {
    /// The largest value of each window, for each channel.
    public static func maxPooling(_ window: ConvolutionWindow) -> Block.Operation { pooling(.max, window) }

    /// The mean of what each window sees, for each channel.
    public static func averagePooling(_ window: ConvolutionWindow) -> Block.Operation { pooling(.average, window) }

    /// The mean over all positions, for each channel: rows of `[channels]`.
    public static let globalPooling = Block.Operation(
        "global-pool",
        shape: { input throws(NetworkError) in Shape(try input.axesAndChannels().channels) },
        mirror: { input in .resized(to: input) },
        make: { input, activation, _, _, _ in
            precondition(activation == nil)
            let (axes, channels) = try! input.axesAndChannels()
            let geometry = try! ConvolutionGeometry(input, outputs: channels, ConvolutionWindow(kernel: axes))
            return Pooling(.average, geometry, output: Shape(channels))
        })

    /// The window's groups are of no account: all channels stay by themselves.
    private static func pooling(_ kind: Pooling.Kind, _ window: ConvolutionWindow) -> Block.Operation {
        @Sendable func geometry(_ input: Shape) throws(NetworkError) -> ConvolutionGeometry {
            guard window.groups == 1 else { throw NetworkError("pooling has no groups") }
            return try ConvolutionGeometry(input, outputs: try input.axesAndChannels().channels, window)
        }
        return Block.Operation(
            "\(kind.rawValue)-pool \(window.text)",
            shape: { input throws(NetworkError) in try geometry(input).output },
            mirror: { input in .resized(to: input) },
            make: { input, activation, _, _, _ in
                precondition(activation == nil)
                let geometry = try! geometry(input)
                return Pooling(kind, geometry, output: geometry.output)
            })
    }
}
