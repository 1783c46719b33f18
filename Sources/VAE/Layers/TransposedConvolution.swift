internal import CKernels

/// A transposed convolution, y = f(W^T x + b): what leads a convolution's gradients back, from its outputs' shape to its inputs'.
///
/// y[q, c] sums x[p, o] W[t, c, o] over all positions p and taps t with q = p stride + t dilation - padding (Dumoulin & Visin 2016, chapter 4).
struct TransposedConvolution: LinearLayer {
    let activation: Activation?
    let bias: Range<Int>
    /// Of the convolution that it is the transpose of: our inputs are its outputs.
    private let places: ConvolutionPlaces
    private var geometry: ConvolutionGeometry { places.geometry }

    var input: Shape { geometry.output }
    var output: Shape { geometry.input }

    init(_ geometry: ConvolutionGeometry, _ activation: Activation?, isFirst: Bool, _ name: String, _ plan: inout ParameterPlan) {
        self.activation = activation
        places = ConvolutionPlaces(geometry, kernel_convolve_transposed, isFirst: isFirst, name, &plan)
        bias = plan.add("\(name)/bias", [geometry.kernel.channels], .bias)
    }

    var vanishing: Range<Int>? { places.weight }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        // Of all taps every stride-th sees an output; PyTorch's default counts them all, and on the other side.
        let (sums, leads) = (max(1, geometry.fanOut / geometry.strides), max(1, geometry.fanIn / geometry.strides))
        how.fill(
            parameters + places.weight.lowerBound, count: places.weight.count, inputSize: how == .pytorch ? geometry.fanIn : sums,
            outputSize: leads, layer: number, seed: seed)
    }

    func scratchBytes(_ plan: PassPlan) -> Int { places.scratchBytes(plan) }
    var products: [LayerProduct] { places.products }

    /// What the taps reach is cut to the output's sizes; behind what they do not reach the bias is alone.
    func exportSum(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        var window = geometry.window
        let sizes = Array(output.sizes.dropLast())
        var (reached, beyond) = (sizes, sizes.map { _ in 0 })
        for axis in sizes.indices {
            let reach = (input.sizes[axis] - 1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis] + 1
            let excess = reach - window.before[axis] - sizes[axis]
            window.behind[axis] = max(0, excess)
            beyond[axis] = max(0, -excess)
            reached[axis] -= beyond[axis]
        }
        let channels = output.sizes.last!
        let inputs = [graph.channelsFirst(x), places.exportWeight(into: &graph)]
        var sum = graph.channelsLast(graph.add(.transposedConvolution(window), inputs, [channels] + reached))
        if beyond.contains(where: { $0 > 0 }) { sum = graph.add(.zerosBehind(beyond + [0]), [sum], output.sizes) }
        return graph.apply(.sum, sum, graph.parameter(bias))
    }

    func multiply(_ x: UnsafePointer<Float>, _ ends: kernel_product_ends, into y: UnsafeMutablePointer<Float>, _ step: PassStep) {
        places.convolve(places.packed, x, ends, into: y, step)
    }

    func multiplyBack(
        _ dy: UnsafePointer<Float>, _ ends: kernel_product_ends, into dx: UnsafeMutablePointer<Float>, _ step: PassStep
    ) {
        places.convolve(places.back!, dy, ends, into: dx, step)
    }

    func sumGradients(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ precision: kernel_precision, _ step: PassStep
    ) {
        places.sumWeight(dy, x, fold, precision, step)
        places.sumBias(dy, positions: geometry.inputPositions, channels: geometry.kernel.channels, bias.lowerBound, fold, step)
    }
}

extension Block.Operation {
    /// The transpose of a convolution of rows of such a shape: the mirror of that convolution, to the very sizes.
    public static func transposedConvolution(to output: Shape, _ window: ConvolutionWindow) -> Block.Operation {
        @Sendable func geometry(_ input: Shape) throws(NetworkError) -> ConvolutionGeometry {
            let (axes, channels) = try input.axesAndChannels()
            guard output.sizes.count == input.sizes.count else {
                throw NetworkError("cannot make rows of \(output) of such of \(input)")
            }
            return try ConvolutionGeometry(output, outputs: channels, window, sizes: axes)
        }
        return Block.Operation(
            "transposed-conv \(output.text) \(window.text)", isLinear: true,
            shape: { input throws(NetworkError) in
                _ = try geometry(input)
                return output
            },
            mirror: { input in .convolution(input.sizes[input.sizes.count - 1], window) },
            make: { input, activation, isFirst, name, plan in
                // The specification was checked.
                TransposedConvolution(try! geometry(input), activation, isFirst: isFirst, name, &plan)
            })
    }

    /// The transpose of a convolution, to so many channels and (size - 1) stride - 2 padding + (kernel - 1) dilation + 1 positions along each axis, as
    /// PyTorch has it.
    public static func transposedConvolution(_ channels: Int, _ window: ConvolutionWindow) -> Block.Operation {
        @Sendable func fixed(_ input: Shape) throws(NetworkError) -> Block.Operation {
            let (axes, _) = try input.axesAndChannels()
            let full = try window.checked(axes: axes.count)
            let sizes = axes.indices.map { axis in
                (axes[axis] - 1) * full.stride[axis] - 2 * full.padding[axis] + (full.kernel[axis] - 1) * full.dilation[axis] + 1
            }
            guard sizes.allSatisfy({ $0 > 0 }) else { throw NetworkError("would make maps of no positions") }
            return .transposedConvolution(to: Shape(sizes + [channels]), window)
        }
        return Block.Operation(
            "transposed-conv \(channels) \(window.text)", isLinear: true,
            shape: { input throws(NetworkError) in try fixed(input).shape(input) },
            mirror: { input in .convolution(input.sizes[input.sizes.count - 1], window) },
            make: { input, activation, isFirst, name, plan in
                try! fixed(input).make(input, activation, isFirst, name, &plan)
            })
    }
}
