import VAE

/// A convolution in Double, written down plainly: all pairs of a position and a tap, whoever sees whom.
struct ReferenceConvolution {
    private typealias Product = (x: Int, y: Int, w: Int)

    private let inputs: (count: Int, channels: Int)
    private let outputs: (count: Int, channels: Int)
    /// The input's element, the output's, and the weight's.
    private let products: [Product]

    init(_ input: Shape, _ output: Shape, _ window: ConvolutionWindow) {
        inputs = (input.count, input.sizes.last!)
        outputs = (output.count, output.sizes.last!)
        products = Self.products(
            Array(input.sizes.dropLast()), inputs.channels, Array(output.sizes.dropLast()), outputs.channels, window)
    }

    private static func places(_ sizes: [Int]) -> [[Int]] {
        sizes.reduce([[]]) { places, size in places.flatMap { place in (0..<size).map { place + [$0] } } }
    }

    private static func number(_ sizes: [Int], _ place: [Int]) -> Int { zip(sizes, place).reduce(0) { $0 * $1.0 + $1.1 } }

    private static func along(_ numbers: [Int], _ axis: Int) -> Int { numbers.count == 1 ? numbers[0] : numbers[axis] }

    private static func products(
        _ input: [Int], _ channels: Int, _ output: [Int], _ outputs: Int, _ window: ConvolutionWindow
    ) -> [Product] {
        let kernel = input.indices.map { along(window.kernel, $0) }
        let (perGroup, outputsPerGroup) = (channels / window.groups, outputs / window.groups)
        var products: [Product] = []
        for p in places(output) {
            for (tap, t) in places(kernel).enumerated() {
                let q = input.indices.map {
                    p[$0] * along(window.stride, $0) + t[$0] * along(window.dilation, $0) - along(window.padding, $0)
                }
                guard zip(q, input).allSatisfy({ $0 >= 0 && $0 < $1 }) else { continue }
                for o in 0..<outputs {
                    let group = o / outputsPerGroup
                    for c in 0..<perGroup {
                        let weight = ((group * kernel.reduce(1, *) + tap) * perGroup + c) * outputsPerGroup + o % outputsPerGroup
                        products.append(
                            (number(input, q) * channels + group * perGroup + c, number(output, p) * outputs + o, weight))
                    }
                }
            }
        }
        return products
    }

    func forward(_ x: [Double], _ w: ArraySlice<Double>, _ bias: ArraySlice<Double>) -> [Double] {
        var y = (0..<outputs.count).map { bias[bias.startIndex + $0 % outputs.channels] }
        for product in products { y[product.y] += x[product.x] * w[w.startIndex + product.w] }
        return y
    }

    func transposed(_ y: [Double], _ w: ArraySlice<Double>, _ bias: ArraySlice<Double>) -> [Double] {
        var x = (0..<inputs.count).map { bias[bias.startIndex + $0 % inputs.channels] }
        for product in products { x[product.x] += y[product.y] * w[w.startIndex + product.w] }
        return x
    }
}

/// An encoder of convolutions with its mirror, and the same in Double.
struct ConvolutionExample {
    /// Convolutions and their mirrors: odd sizes, groups, depthwise, dilation, strides, some wider than the kernel, along one to three axes.
    static let all = [
        ConvolutionExample(
            shape: [7, 5, 3],
            layers: [
                (4, ConvolutionWindow(kernel: 3, stride: 2, padding: 1)),
                (6, ConvolutionWindow(kernel: [2, 3], stride: [1, 2], padding: [0, 1])),
            ]),
        ConvolutionExample(
            shape: [4, 3, 4],
            layers: [
                (8, ConvolutionWindow(kernel: 3, padding: 1, groups: 2)),
                (8, ConvolutionWindow(kernel: 3, stride: 2, padding: 1, groups: 8)),
            ]),
        ConvolutionExample(
            shape: [11, 2],
            layers: [
                (6, ConvolutionWindow(kernel: 3, padding: 2, dilation: 2)),
                (5, ConvolutionWindow(kernel: 4, stride: 3, padding: 3, dilation: 2)),
            ]),
        ConvolutionExample(shape: [8, 1], layers: [(3, ConvolutionWindow(kernel: 2, stride: 3))]),
        ConvolutionExample(shape: [3, 4, 3, 2], layers: [(4, ConvolutionWindow(kernel: 2, stride: 2, padding: 1))]),
    ]

    let shape: [Int]
    let layers: [(channels: Int, window: ConvolutionWindow)]

    func model(
        _ activation: Activation, latent: LatentKind = .normal, normalization: Normalization = .none,
        likelihood: LikelihoodName = .bernoulli, seesMask: Bool = false, isPlanar: Bool = false
    ) throws -> ModelSpecification {
        let blocks = layers.map { Block(.convolution($0.channels, $0.window), activation, normalization) }
        let networks = try ModelNetworks(
            Shape(shape), encoder: blocks, latentSize: 2, seesMask: seesMask, heads: Self.heads(likelihood),
            isPlanar: isPlanar)
        return ModelSpecification(
            latent: latent, inputSize: Shape(shape).count, seesMask: seesMask, hiddenSizes: [], latentSize: 2, networks: networks,
            likelihood: likelihood)
    }

    static func heads(_ likelihood: LikelihoodName) -> Int { likelihood.make().heads }

    /// `[outer, inner, channels]` to `[inner, outer, channels]`.
    private static func exchange(_ x: [Double], _ outer: Int, _ inner: Int) -> [Double] {
        let channels = x.count / outer / inner
        return x.indices.map { x[($0 / channels % outer * inner + $0 / channels / outer) * channels + $0 % channels] }
    }

    /// By the names of the model's blocks.
    func operations(
        likelihood: LikelihoodName = .bernoulli, seesMask: Bool = false, isPlanar: Bool = false
    ) -> [String: Reference.Operation] {
        let blocks = layers.map { Block(.convolution($0.channels, $0.window)) }
        func widened(_ factor: Int) -> Shape { Shape(shape.dropLast() + [shape.last! * factor]) }
        let seen = widened(seesMask ? 2 : 1)
        let shapes = [seen] + (try! NetworkSpecification(seen, blocks).shapes())
        let (planes, positions, heads) = (isPlanar ? shape.last! : 1, shape.dropLast().reduce(1, *), Self.heads(likelihood))
        let parts = planes * (seesMask ? 2 : 1)
        let first = parts > 1 ? 1 : 0
        var operations: [String: Reference.Operation] = [:]
        for (index, layer) in layers.enumerated() {
            operations["encoder/\(index + first)"] = ReferenceConvolution(shapes[index], shapes[index + 1], layer.window).forward
            operations["decoder/\(layers.count - index)"] =
                ReferenceConvolution(index > 0 ? shapes[index] : widened(heads), shapes[index + 1], layer.window).transposed
        }
        if parts > 1 { operations["encoder/0"] = { x, _, _ in Self.exchange(x, parts, positions) } }
        let ends = planes * heads
        if ends > 1 { operations["decoder/\(layers.count + 1)"] = { x, _, _ in Self.exchange(x, positions, ends) } }
        return operations
    }
}
