internal import CKernels

/// A dense layer at work on the rows of a pass: what it keeps of them, forward and backward. The threads of a team share it: each takes
/// rows of its own through the layer, and then elements of the weights' gradient over all rows.
final class DensePass {
    let layer: Dense
    /// `[rows, outputSize]`, behind activation and normalisation.
    let output: AlignedBuffer
    /// What the activation gives: the output, but of a layer that is normalised.
    let activated: AlignedBuffer
    /// With regard to the output, and after ``backwardThroughActivation(rows:_:)`` to the product; nil of a model that does not train.
    let gradient: AlignedBuffer?

    private let weights: PackedMatrix
    private let transposed: PackedMatrix?
    private let precision: Precision
    /// What was before the activation, where the derivative needs that.
    private let raw: AlignedBuffer?
    private let normalized: NormalizedActivations?

    init(_ model: Model, layer index: Int, rows: Int) {
        layer = model.layers[index]
        weights = model.weights[index]
        transposed = model.transposed[index]
        precision = model.precision
        let count = rows * layer.outputSize
        output = AlignedBuffer(count: count)
        raw = layer.activation?.needsInput == true ? AlignedBuffer(count: count) : nil
        normalized = NormalizedActivations(layer, rows: rows, trains: model.trains)
        activated = normalized?.values ?? output
        // The likelihood puts the gradient with regard to the last layer's output in its place.
        let isLast = index == model.layers.count - 1
        gradient = model.trains ? (isLast ? output : AlignedBuffer(count: count)) : nil
    }

    /// y = f(x W + b) of some of the rows.
    ///
    /// - Parameter input: of all rows, `[rows, inputSize]`.
    func forward(
        _ input: UnsafePointer<Float>, rows: Range<Int>, _ parameters: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let first = rows.lowerBound * layer.outputSize
        var ends = kernel_product_ends()
        ends.bias = parameters + layer.bias.lowerBound
        ends.end = layer.activation?.end ?? kernel_end_none
        ends.slope = leakySlope
        let values = activated.pointer + first
        let product = raw.map { $0.pointer + first } ?? values
        weights.multiply(
            input + rows.lowerBound * layer.inputSize, rows: rows.count, ends: ends, into: product, scratch: scratch)
        if let activation = layer.activation, activation.end == nil {
            kernel_activate(activation.kernel, values, product, rows.count * layer.outputSize)
        }
        normalized?.normalize(into: output.pointer, rows: rows, parameters)
    }

    /// The gradient with regard to the output becomes that with regard to the product. Nothing is left to do where the layer above has
    /// done it, see ``backward(rows:into:scratch:)``.
    func backwardThroughActivation(rows: Range<Int>, _ parameters: UnsafePointer<Float>) {
        normalized?.backward(gradient!.pointer, rows: rows, parameters)
        guard let activation = layer.activation, inputEnds == nil else { return }
        let first = rows.lowerBound * layer.outputSize
        kernel_activate_backward(
            activation.kernel, gradient!.pointer + first, (raw ?? activated).pointer + first, rows.count * layer.outputSize)
    }

    /// The gradient with regard to the input of some of the rows.
    ///
    /// - Parameter target: of all rows, `[rows, inputSize]`.
    /// - Parameter below: the layer whose output the input is: where its derivative is simple it is applied on the way; nil for none.
    func backward(
        rows: Range<Int>, into target: UnsafeMutablePointer<Float>, below: DensePass?, scratch: UnsafeMutablePointer<Float>
    ) {
        let first = rows.lowerBound * layer.inputSize
        var ends = kernel_product_ends()
        if let below, let end = below.inputEnds {
            ends.end = end
            ends.slope = leakySlope
            ends.values = UnsafePointer(below.output.pointer + first)
        }
        transposed!.multiply(
            gradient!.pointer + rows.lowerBound * layer.outputSize, rows: rows.count, ends: ends, into: target + first,
            scratch: scratch)
    }

    /// The gradients of the parameters over all rows of the pass, summed as `fold` says: this member's part of them.
    ///
    /// - Precondition: all members have taken their rows as far as ``backwardThroughActivation(rows:_:)``.
    func parameterGradients(
        _ input: UnsafePointer<Float>, _ fold: ShardFold, _ member: TeamMember, scratch: UnsafeMutablePointer<Float>
    ) {
        kernel_weight_gradient(
            precision.kernel, fold.kernel, layer.inputSize, layer.outputSize, input, gradient!.pointer, layer.weight.lowerBound,
            member.worker, member.count, scratch)
        kernel_column_gradient(
            fold.kernel, layer.outputSize, gradient!.pointer, layer.bias.lowerBound, member.worker, member.count)
        normalized?.parameterGradients(fold, member)
    }

    /// The bytes of scratch memory that a thread needs for so many rows, by itself and with a team of all rows.
    func scratchBytes(rows: Int, _ folds: [ShardFold]) -> Int {
        let gradients = folds.map {
            kernel_weight_gradient_scratch(precision.kernel, $0.kernel, layer.inputSize, layer.outputSize)
        }
        return ([weights.scratchBytes(rows: rows), transposed?.scratchBytes(rows: rows) ?? 0] + gradients).max()!
    }

    /// What a product that gives the gradient with regard to this layer's output can do to give it with regard to its product at once.
    private var inputEnds: kernel_end? { normalized == nil ? layer.activation?.derivativeEnd : nil }
}

/// The slope of leaky ReLU below zero.
private let leakySlope: Float = 0.01

extension Activation {
    /// What the product of the layer does itself; nil where the function needs a pass of its own.
    var end: kernel_end? {
        switch self {
        case .relu: kernel_end_relu
        case .leakyReLU: kernel_end_leaky_relu
        default: nil
        }
    }

    /// The same for the derivative.
    var derivativeEnd: kernel_end? {
        switch self {
        case .relu: kernel_end_relu_derivative
        case .leakyReLU: kernel_end_leaky_relu_derivative
        default: nil
        }
    }
}
