internal import CKernels

/// A convolution along one, two or three axes, y = f(x * W + b), channels last.
///
/// y[p, o] sums x[p stride + t dilation - padding, c] W[t, c, o] over taps t and channels c; what lies outside of x is 0.
struct Convolution: LinearLayer {
    let activation: Activation?
    let bias: Range<Int>
    private let places: ConvolutionPlaces
    private var geometry: ConvolutionGeometry { places.geometry }

    var input: Shape { geometry.input }
    var output: Shape { geometry.output }

    init(_ geometry: ConvolutionGeometry, _ activation: Activation?, isFirst: Bool, _ name: String, _ plan: inout ParameterPlan) {
        self.activation = activation
        places = ConvolutionPlaces(geometry, kernel_convolve_forward, isFirst: isFirst, name, &plan)
        bias = plan.add("\(name)/bias", [geometry.kernel.outputs], .bias)
    }

    var vanishing: Range<Int>? { places.weight }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        how.fill(
            parameters + places.weight.lowerBound, count: places.weight.count, inputSize: geometry.fanIn,
            outputSize: geometry.fanOut,
            layer: number, seed: seed)
    }

    func scratchBytes(_ plan: PassPlan) -> Int { places.scratchBytes(plan) }
    var products: [LayerProduct] { places.products }

    func exportSum(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let inputs = [graph.channelsFirst(x), places.exportWeight(into: &graph), graph.parameter(bias)]
        let sizes = Array(output.sizes.dropLast())
        return graph.channelsLast(graph.add(.convolution(geometry.window), inputs, [output.sizes.last!] + sizes))
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
        places.sumWeight(x, dy, fold, precision, step)
        places.sumBias(
            dy, positions: geometry.outputPositions, channels: geometry.kernel.outputs, bias.lowerBound, fold, step)
    }
}

/// Where a convolution's weight lies, and its products, of which convolutions and transposed ones are made alike.
struct ConvolutionPlaces: Sendable {
    let geometry: ConvolutionGeometry
    let weight: Range<Int>
    /// The weight for the way forward, and back; nil where nobody wants the gradient with regard to the input.
    let packed: Packing.Place
    let back: Packing.Place?
    private let isTransposed: Bool

    init(
        _ geometry: ConvolutionGeometry, _ forward: kernel_direction, isFirst: Bool, _ name: String, _ plan: inout ParameterPlan
    ) {
        self.geometry = geometry
        isTransposed = forward == kernel_convolve_transposed
        let other = isTransposed ? kernel_convolve_forward : kernel_convolve_transposed
        weight = plan.add("\(name)/weight", geometry.weight, .weight)
        packed = plan.add(Packing(.convolution(geometry.kernel, forward), source: weight.lowerBound))
        back =
            isFirst
            ? nil : plan.add(Packing(.convolution(geometry.kernel, other), source: weight.lowerBound, use: .training))
    }

    func convolve(
        _ place: Packing.Place, _ from: UnsafePointer<Float>, _ ends: kernel_product_ends, into to: UnsafeMutablePointer<Float>,
        _ step: PassStep
    ) {
        step.parameters[place].multiply(from, rows: step.rows.count, ends: ends, into: to, scratch: step.scratch)
    }

    /// - Parameters:
    ///   - x: the convolution's inputs.
    ///   - g: the gradients with regard to its outputs. A transposed convolution's inputs and gradients are these the other way round.
    func sumWeight(
        _ x: UnsafePointer<Float>, _ g: UnsafePointer<Float>, _ fold: ShardFold, _ precision: kernel_precision, _ step: PassStep
    ) {
        withUnsafePointer(to: geometry.kernel) {
            kernel_convolution_gradient(
                precision, $0, fold.kernel, x, g, weight.lowerBound, step.member.worker, step.member.count, step.scratch)
        }
    }

    func sumBias(
        _ dy: UnsafePointer<Float>, positions: Int, channels: Int, _ bias: Int, _ fold: ShardFold, _ step: PassStep
    ) {
        kernel_position_gradient(
            fold.kernel, positions, channels, dy, bias, step.member.worker, step.member.count, step.scratch)
    }

    /// The weight `[outputs, channels of a group, kernel]`, which is that of the transposed convolution as well.
    func exportWeight(into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let (groups, taps) = (geometry.kernel.groups, geometry.taps)
        let (channels, outputs) = (geometry.kernel.channels / groups, geometry.kernel.outputs / groups)
        let own = graph.values(weight)
        var values = [Float](repeating: 0, count: weight.count)
        for group in 0..<groups {
            for tap in 0..<taps {
                for channel in 0..<channels {
                    let place = own.startIndex + ((group * taps + tap) * channels + channel) * outputs
                    for output in 0..<outputs {
                        values[((group * outputs + output) * channels + channel) * taps + tap] = own[place + output]
                    }
                }
            }
        }
        return graph.parameter(weight, values, [groups * outputs, channels] + geometry.window.kernel)
    }

    func scratchBytes(_ plan: PassPlan) -> Int {
        let precision = plan.precision.kernel
        return withUnsafePointer(to: geometry.kernel) { c in
            let forward = isTransposed ? kernel_convolve_transposed : kernel_convolve_forward
            let other = isTransposed ? kernel_convolve_forward : kernel_convolve_transposed
            let bytes = kernel_convolve_scratch(precision, c, forward)
            guard plan.use == .training else { return bytes }
            return plan.folds.reduce(max(bytes, kernel_convolve_scratch(precision, c, other))) {
                max(
                    $0, kernel_convolution_gradient_scratch(precision, c, $1.kernel), kernel_position_gradient_scratch($1.kernel))
            }
        }
    }

    var products: [LayerProduct] {
        [
            LayerProduct(kind: .forward, .convolution(geometry, isTransposed: isTransposed)),
            LayerProduct(kind: .weightGradient, .convolution(geometry, isTransposed: isTransposed)),
        ] + (back == nil ? [] : [LayerProduct(kind: .inputGradient, .convolution(geometry, isTransposed: !isTransposed))])
    }
}

extension Block.Operation {
    /// A convolution to so many channels of rows `[axes, channels]`.
    public static func convolution(_ channels: Int, _ window: ConvolutionWindow) -> Block.Operation {
        Block.Operation(
            "conv \(channels) \(window.text)", isLinear: true,
            shape: { input throws(NetworkError) in try ConvolutionGeometry(input, outputs: channels, window).output },
            mirror: { input in .transposedConvolution(to: input, window) },
            make: { input, activation, isFirst, name, plan in
                // The specification was checked.
                let geometry = try! ConvolutionGeometry(input, outputs: channels, window)
                return Convolution(geometry, activation, isFirst: isFirst, name, &plan)
            })
    }
}
