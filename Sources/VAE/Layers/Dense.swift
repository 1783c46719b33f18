internal import CKernels

/// A dense layer, y = f(x W + b).
struct Dense: LinearLayer {
    let input: Shape
    let output: Shape
    let activation: Activation?
    /// W `[inputs, outputs]` and b `[outputs]`.
    let weight: Range<Int>
    let bias: Range<Int>
    /// W as products forward and backward take it; nil where nobody wants the gradient with regard to the input.
    private let packed: Packing.Place
    private let transposed: Packing.Place?

    init(_ input: Shape, _ output: Shape, _ activation: Activation?, isFirst: Bool, _ name: String, _ plan: inout ParameterPlan) {
        (self.input, self.output, self.activation) = (input, output, activation)
        let (inputs, outputs) = (input.count, output.count)
        weight = plan.add("\(name)/weight", [inputs, outputs], .weight)
        bias = plan.add("\(name)/bias", [outputs], .bias)
        packed = plan.add(Packing(.matrix(k: inputs, n: outputs, isTransposed: false), source: weight.lowerBound))
        transposed =
            isFirst
            ? nil
            : plan.add(
                Packing(.matrix(k: outputs, n: inputs, isTransposed: true), source: weight.lowerBound, use: .training))
    }

    var vanishing: Range<Int>? { weight }
    var termsPerRow: Int { 1 }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        how.fill(
            parameters + weight.lowerBound, count: weight.count, inputSize: input.count, outputSize: output.count, layer: number,
            seed: seed)
    }

    func scratchBytes(_ plan: PassPlan) -> Int {
        let (precision, rows, inputs, outputs) = (plan.precision.kernel, plan.rows, input.count, output.count)
        var bytes = kernel_product_scratch(precision, rows, inputs, outputs)
        guard plan.use == .training else { return bytes }
        bytes = max(bytes, kernel_product_scratch(precision, rows, outputs, inputs))
        return plan.folds.reduce(bytes) { max($0, kernel_weight_gradient_scratch(precision, $1.kernel, inputs, outputs)) }
    }

    var products: [LayerProduct] {
        let (inputs, outputs) = (input.count, output.count)
        return [
            LayerProduct(kind: .forward, .matrix(k: inputs, n: outputs)),
            LayerProduct(kind: .weightGradient, .matrix(k: inputs, n: outputs)),
        ] + (transposed == nil ? [] : [LayerProduct(kind: .inputGradient, .matrix(k: outputs, n: inputs))])
    }

    func exportSum(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let product = graph.product(graph.flatten(x), graph.parameter(weight, [input.count, output.count]))
        return graph.apply(.sum, product, graph.parameter(bias))
    }

    func multiply(_ x: UnsafePointer<Float>, _ ends: kernel_product_ends, into y: UnsafeMutablePointer<Float>, _ step: PassStep) {
        step.parameters[packed].multiply(x, rows: step.rows.count, ends: ends, into: y, scratch: step.scratch)
    }

    func multiplyBack(
        _ dy: UnsafePointer<Float>, _ ends: kernel_product_ends, into dx: UnsafeMutablePointer<Float>, _ step: PassStep
    ) {
        step.parameters[transposed!].multiply(dy, rows: step.rows.count, ends: ends, into: dx, scratch: step.scratch)
    }

    func sumGradients(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ precision: kernel_precision, _ step: PassStep
    ) {
        let member = step.member
        kernel_weight_gradient(
            precision, fold.kernel, input.count, output.count, x, dy, weight.lowerBound, member.worker, member.count, step.scratch
        )
        kernel_column_gradient(fold.kernel, output.count, dy, output.count, bias.lowerBound, member.worker, member.count)
    }
}

extension Block.Operation {
    /// A dense layer with so many outputs.
    public static func dense(_ outputs: Int) -> Block.Operation { dense(Shape(outputs)) }

    /// A dense layer whose outputs have a shape, for convolutions behind it. Whatever shape goes in is taken value by value.
    public static func dense(_ output: Shape) -> Block.Operation {
        Block.Operation(
            "dense \(output.text)", isLinear: true, shape: { _ in output },
            mirror: { input in .dense(input) },
            make: { input, activation, isFirst, name, plan in
                Dense(input, output, activation, isFirst: isFirst, name, &plan)
            })
    }
}
