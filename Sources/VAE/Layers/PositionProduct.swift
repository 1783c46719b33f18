internal import CKernels

/// A dense product at every position of a sequence `[positions, inputs]`, y = x W + b: what layers of several products are made of.
struct PositionProduct: Sendable {
    /// The convolution of one tap that it is: its kernels sum the weight's gradient over all positions.
    private let convolution: ConvolutionGeometry
    /// W `[inputs, outputs]` and b `[outputs]`.
    let weight: Range<Int>
    private let bias: Range<Int>
    /// W as products forward and backward take it; nil where nobody wants the gradient with regard to the input.
    private let packed: Packing.Place
    private let transposed: Packing.Place?

    private var positions: Int { convolution.outputPositions }
    private var inputs: Int { convolution.kernel.channels }
    private var outputs: Int { convolution.kernel.outputs }

    /// - Precondition: the sequence is `[positions, inputs]`.
    init(_ sequence: Shape, outputs: Int, isFirst: Bool, _ name: String, _ plan: inout ParameterPlan) {
        let inputs = sequence.sizes[1]
        // One tap fits into any sequence.
        convolution = try! ConvolutionGeometry(sequence, outputs: outputs, ConvolutionWindow(kernel: 1))
        weight = plan.add("\(name)/weight", [inputs, outputs], .weight)
        bias = plan.add("\(name)/bias", [outputs], .bias)
        packed = plan.add(Packing(.matrix(k: inputs, n: outputs, isTransposed: false), source: weight.lowerBound))
        transposed =
            isFirst
            ? nil
            : plan.add(Packing(.matrix(k: outputs, n: inputs, isTransposed: true), source: weight.lowerBound, use: .training))
    }

    /// - Parameter first: the number of the weight's first element among all that the layer draws; a multiple of 4.
    /// - Returns: that of what is drawn behind it.
    func initialize(
        _ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, first: Int, seed: UInt64
    ) -> Int {
        how.fill(
            parameters + weight.lowerBound, count: weight.count, inputSize: inputs, outputSize: outputs, layer: number,
            first: first, seed: seed)
        return first + (weight.count + 3) / 4 * 4
    }

    /// The bytes of scratch memory that each thread needs for so many rows at once.
    func scratchBytes(_ plan: PassPlan, rows: Int) -> Int {
        let (precision, count) = (plan.precision.kernel, rows * positions)
        let bytes = kernel_product_scratch(precision, count, inputs, outputs)
        guard plan.use == .training else { return bytes }
        let back = kernel_product_scratch(precision, count, outputs, inputs)
        return withUnsafePointer(to: convolution.kernel) { convolution in
            plan.folds.reduce(max(bytes, back)) {
                max(
                    $0, kernel_convolution_gradient_scratch(precision, convolution, $1.kernel),
                    kernel_position_gradient_scratch($1.kernel))
            }
        }
    }

    var products: [LayerProduct] {
        [
            LayerProduct(kind: .forward, .convolution(convolution, isTransposed: false)),
            LayerProduct(kind: .weightGradient, .convolution(convolution, isTransposed: false)),
        ] + (transposed == nil ? [] : [LayerProduct(kind: .inputGradient, .convolution(convolution, isTransposed: true))])
    }

    /// x W + b in operators, `[positions, outputs]`.
    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        graph.apply(.sum, graph.product(x, graph.parameter(weight, [inputs, outputs])), graph.parameter(bias))
    }

    /// - Parameter x: of so many rows, `[rows, positions, inputs]`.
    func multiply(_ x: UnsafePointer<Float>, rows: Int, into y: UnsafeMutablePointer<Float>, _ step: PassStep) {
        var ends = kernel_product_ends()
        ends.bias = step.parameters.values + bias.lowerBound
        step.parameters[packed].multiply(x, rows: rows * positions, ends: ends, into: y, scratch: step.scratch)
    }

    /// The gradient with regard to x.
    func multiplyBack(_ dy: UnsafePointer<Float>, rows: Int, into dx: UnsafeMutablePointer<Float>, _ step: PassStep) {
        step.parameters[transposed!].multiply(
            dy, rows: rows * positions, ends: kernel_product_ends(), into: dx, scratch: step.scratch)
    }

    /// This thread's part of the gradients of weight and bias over all rows.
    func sumGradients(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ precision: kernel_precision, _ step: PassStep
    ) {
        let member = step.member
        withUnsafePointer(to: convolution.kernel) {
            kernel_convolution_gradient(
                precision, $0, fold.kernel, x, dy, weight.lowerBound, member.worker, member.count, step.scratch)
        }
        kernel_position_gradient(
            fold.kernel, positions, outputs, dy, bias.lowerBound, member.worker, member.count, step.scratch)
    }
}
