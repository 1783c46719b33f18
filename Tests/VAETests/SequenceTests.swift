import CKernels
import Foundation
import Support
import Testing
import VAE

/// A sequence, the heads of its attention, and the model of both.
struct AttentionExample: Sendable {
    /// Positions, heads, and channels of a head: single ones, odd ones, and more than a vector has.
    static let all = [
        (1, 1, 3), (1, 2, 1), (5, 1, 7), (5, 2, 3), (5, 3, 1), (9, 1, 4), (9, 2, 5), (9, 3, 3), (17, 1, 2),
    ].map { AttentionExample(shape: [$0, $1 * $2], heads: $1) }

    let shape: [Int]
    let heads: Int

    /// Attention twice in the encoder, first of all and behind positions; the decoder is the mirror.
    func model(_ normalization: Normalization, _ positions: PositionKind) throws -> ModelSpecification {
        let blocks = [
            Block(.selfAttention(heads: heads), nil, normalization), Block(.positions(positions)),
            Block(.selfAttention(heads: heads)),
        ]
        let networks = try ModelNetworks(Shape(shape), encoder: blocks, latentSize: 2)
        return ModelSpecification(
            latent: .normal, inputSize: Shape(shape).count, hiddenSizes: [], latentSize: 2, networks: networks)
    }

    func layers(_ positions: PositionKind) -> [String: Reference.Layer] {
        let attention = ReferenceAttention(Shape(shape), heads: heads)
        let table = SequenceReference.waves(Shape(shape))
        func add(_ x: [Double], _ parameter: (String) -> ArraySlice<Double>) -> [Double] {
            zip(x, positions == .learned ? Array(parameter("positions")) : table).map(+)
        }
        return [
            "encoder/0": attention.layer, "encoder/1": add, "encoder/2": attention.layer,
            "decoder/1": attention.layer, "decoder/2": add, "decoder/3": attention.layer,
        ]
    }
}

extension GradientTests {
    @Test(arguments: AttentionExample.all.indices)
    func attention(index: Int) throws {
        let example = AttentionExample.all[index]
        try check(example.model(.none, .learned), rowCount: 3, microBatch: 2, layers: example.layers(.learned))
        if example.shape[1] == 1 { return }
        try check(example.model(.position, .sinusoidal), rowCount: 2, layers: example.layers(.sinusoidal))
    }

    /// Maps become sequences and maps again; each position has a norm of its own, odd channels and one position included.
    @Test func tokensOfMaps() throws {
        let shape = Shape([3, 4, 2])
        let window = ConvolutionWindow(kernel: 2)
        let blocks = [
            Block(.convolution(3, window), .tanh, .position), Block(.tokens), Block(.selfAttention(heads: 3), nil, .position),
            Block(.shaped(to: Shape([1, 18])), nil, .position),
        ]
        let networks = try ModelNetworks(shape, encoder: blocks, latentSize: 2)
        #expect(
            networks.decoder.map { "\($0.operation)" } == [
                "dense 1x18", "shape 6x3", "attention 3", "shape 2x3x3", "transposed-conv 3x4x2 k2",
            ])
        let model = ModelSpecification(
            latent: .normal, inputSize: shape.count, hiddenSizes: [], latentSize: 2, networks: networks)
        let convolution = ReferenceConvolution(shape, Shape([2, 3, 3]), window)
        let attention = ReferenceAttention(Shape([6, 3]), heads: 3)
        func same(_ x: [Double], _: (String) -> ArraySlice<Double>) -> [Double] { x }
        try check(
            model, rowCount: 3, microBatch: 2,
            operations: ["encoder/0": convolution.forward, "decoder/4": convolution.transposed],
            layers: [
                "encoder/1": same, "encoder/2": attention.layer, "encoder/3": same, "decoder/1": same,
                "decoder/2": attention.layer,
                "decoder/3": same,
            ])
    }

    /// Larger, smaller, and both, along one to three axes; the mirror interpolates back.
    @Test(arguments: [
        ([5, 3], [12, 3]), ([5, 4, 2], [3, 9, 2]), ([4, 3, 1], [8, 6, 1]), ([2, 3, 2, 2], [3, 5, 1, 2]), ([4, 3], [4, 3]),
    ])
    func interpolation(from: [Int], to: [Int]) throws {
        let (small, large) = (Shape(from), Shape(to))
        let one = ConvolutionWindow(kernel: 1)
        let blocks = [
            Block(.convolution(from.last!, one), .tanh), Block(.interpolated(to: large)), Block(.convolution(2, one), .tanh),
        ]
        let networks = try ModelNetworks(small, encoder: blocks, latentSize: 2)
        let model = ModelSpecification(
            latent: .normal, inputSize: small.count, hiddenSizes: [], latentSize: 2, networks: networks)
        let first = ReferenceConvolution(small, small, one)
        let last = ReferenceConvolution(large, Shape(to.dropLast() + [2]), one)
        try check(
            model, rowCount: 3, microBatch: 2,
            operations: [
                "encoder/0": first.forward, "encoder/2": last.forward, "decoder/1": last.transposed,
                "decoder/3": first.transposed,
                "encoder/1": { x, _, _ in SequenceReference.interpolate(x, small, large) },
                "decoder/2": { x, _, _ in SequenceReference.interpolate(x, large, small) },
            ])
    }

    /// Passes of any size, threads that share the rows, and passes without gradients give the bits of one pass by one thread. Rows go through
    /// attention some at once: more than that of them.
    @Test(arguments: [([9, 6], 2), ([49, 16], 4), ([300, 4], 1)], Precision.allCases.filter { $0.isFast })
    func passesOfSequencesDoNotMatter(of: (shape: [Int], heads: Int), precision: Precision) throws {
        let configuration = try AttentionExample(shape: of.shape, heads: of.heads).model(.position, .learned)
        let whole = try Example(configuration, rowCount: 70, microBatch: 70, precision: precision)
        let (sums, gradient) = whole.gradient()
        #expect(sums.isFinite && gradient.contains { $0 != 0 })
        for rows in precision == .fp32 ? [1, 13, 64, 69] : [32, 64] {
            let pieces = try Example(configuration, rowCount: 70, microBatch: rows, precision: precision)
            let (others, sum) = pieces.gradient()
            #expect(others == sums && sum == gradient, "\(rows) rows at once")
            #expect(pieces.withBatch { pieces.inference.evaluate($0, pieces.prepared, noise: pieces.noise) } == sums)
        }
        for count in [2, 3] {
            let team = whole.gradient(ofTeam: count)
            #expect(team.0 == sums && team.1 == gradient, "\(count) threads")
        }
    }
}

struct SequenceTests {
    /// Attention of the sizes that networks have against Double, far-apart scores included.
    @Test(arguments: [(49, 4, 16), (64, 2, 64), (196, 3, 32), (197, 1, 13)], [1.0, 8.0])
    func attentionInDouble(of: (positions: Int, heads: Int, width: Int), spread: Double) {
        let channels = of.heads * of.width
        var kernel = kernel_attention(positions: of.positions, heads: of.heads, width: of.width)
        let parts = (0..<of.positions * 3 * channels).map { Float(spread * sin(Double($0 * $0 % 10_007))) }
        var context = [Float](repeating: .nan, count: of.positions * channels)
        let scratch = AlignedBuffer(count: kernel_attend_scratch(&kernel) / 4)
        kernel_attend(&kernel, 1, parts, &context, nil, scratch.pointer)
        let exact = ReferenceAttention(Shape([of.positions, channels]), heads: of.heads).attend(parts.map(Double.init))
        // Rounded scores err by their size.
        let error = zip(context, exact).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        #expect(error < 1e-5 * spread * max(1, spread), "\(error)")
    }

    @Test(arguments: [([7], [16]), ([28, 28], [14, 9]), ([5, 7], [28, 28]), ([4, 5, 6], [9, 5, 2])])
    func interpolationInDouble(from: [Int], to: [Int]) {
        func axes(_ sizes: [Int]) -> [Int] { Array(repeating: 1, count: 3 - sizes.count) + sizes }
        let (input, output) = (Shape(from + [3]), Shape(to + [3]))
        let x = (0..<input.count).map { Float(sin(Double($0 * $0 % 10_007))) }
        var y = [Float](repeating: .nan, count: output.count)
        kernel_interpolate(axes(from), axes(to), 3, 1, x, &y)
        let exact = SequenceReference.interpolate(x.map(Double.init), input, output)
        #expect(zip(y, exact).allSatisfy { abs(Double($0) - $1) < 1e-6 })
        // The gradient is the transpose: <y, A x> = <A' y, x>.
        let dy = (0..<output.count).map { Float(cos(Double($0 * $0 % 997))) }
        var dx = [Float](repeating: .nan, count: input.count)
        kernel_interpolate_backward(axes(from), axes(to), 3, 1, dy, &dx)
        let sums = (
            zip(y, dy).reduce(0) { $0 + Double($1.0) * Double($1.1) }, zip(x, dx).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        )
        #expect(abs(sums.0 - sums.1) < 1e-5 * max(1, abs(sums.0)))
        // Between equal sizes values stay what they are, to the bit.
        var same = [Float](repeating: .nan, count: input.count)
        kernel_interpolate(axes(from), axes(from), 3, 1, x, &same)
        #expect(same == x)
    }

    /// Each weight of a layer is drawn by itself, positions with the deviation that is usual.
    @Test func firstParameters() throws {
        let model = Model(try AttentionExample(shape: [40, 32], heads: 4).model(.none, .learned))
        let parameters = AlignedBuffer(count: model.layout.count)
        model.initialize(parameters.pointer, seed: 5)
        func values(_ name: String) -> [Float] {
            let range = model.layout.entries.first { $0.name == name }!.range
            return range.map { parameters.pointer[$0] }
        }
        let entries = model.layout.entries.filter { $0.name.hasPrefix("encoder/0") }
        #expect(
            entries.map { "\($0.name) \($0.shape)" } == [
                "encoder/0/query-key-value/weight [32, 96]", "encoder/0/query-key-value/bias [96]",
                "encoder/0/projection/weight [32, 32]", "encoder/0/projection/bias [32]",
            ])
        let (parts, projection) = (values("encoder/0/query-key-value/weight"), values("encoder/0/projection/weight"))
        // Uniform numbers of the same limits would be proportional.
        #expect(zip(parts, projection).contains { abs($0 / parts[0] - $1 / projection[0]) > 1e-3 })
        let positions = values("encoder/1/positions")
        let deviation = (positions.reduce(0) { $0 + $1 * $1 } / Float(positions.count)).squareRoot()
        #expect(abs(deviation - 0.02) < 1e-3 && positions.allSatisfy { abs($0) <= 0.0347 })
        #expect(values("decoder/2/positions") != positions)
    }

    @Test(arguments: [
        ([9, 6], Block.Operation.selfAttention(heads: 4), "4 heads do not divide 6 channels"),
        ([9, 6], .selfAttention(heads: 0), "heads must be at least 1"),
        (
            [3, 3, 6], .selfAttention(heads: 2),
            "takes rows of [positions, channels], which \"tokens\" makes of maps, and not of [3, 3, 6]"
        ),
        ([54], .positions(.learned), "takes rows of [positions, channels]"),
        ([54], .tokens, "goes along one to three axes"),
        ([9, 6], .shaped(to: Shape([5, 10])), "[5, 10] has 50 values, where rows of [9, 6] have 54"),
        ([9, 6], .interpolated(to: Shape([3, 3, 6])), "cannot make rows of [3, 3, 6] of such of [9, 6]"),
        ([9, 6], .interpolated(to: Shape([18, 5])), "has 5 channels, which must be those of [9, 6]"),
    ])
    func refusals(shape: [Int], operation: Block.Operation, message: String) {
        let error = #expect(throws: NetworkError.self) { try NetworkSpecification(Shape(shape), [Block(operation)]).shapes() }
        #expect(error?.description.contains("block 0 \"\(operation)\"") == true)
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    /// What operations are written as, the shapes that they make, and what leads back.
    @Test(arguments: [
        ([4, 5, 6], Block.Operation.tokens, "tokens", [20, 6], "shape 4x5x6"),
        ([2, 4, 5, 6], .tokens, "tokens", [40, 6], "shape 2x4x5x6"), ([4, 6], .tokens, "tokens", [4, 6], "shape 4x6"),
        ([24], .shaped(to: Shape([2, 3, 4])), "shape 2x3x4", [2, 3, 4], "shape 24"),
        ([4, 6], .selfAttention(heads: 3), "attention 3", [4, 6], "attention 3"),
        ([4, 6], .positions(.sinusoidal), "positions sinusoidal", [4, 6], "positions sinusoidal"),
        ([4, 6], .positions(.learned), "positions learned", [4, 6], "positions learned"),
        ([4, 5, 6], .interpolated(to: Shape([8, 9, 6])), "interpolate 8x9x6", [8, 9, 6], "interpolate 4x5x6"),
    ])
    func mirrors(shape: [Int], operation: Block.Operation, text: String, output: [Int], mirror: String) throws {
        let network = NetworkSpecification(Shape(shape), [Block(operation)])
        #expect("\(operation)" == text)
        #expect(try network.shapes() == [Shape(output)])
        #expect(try network.mirror(to: Shape(shape)).map { "\($0.operation)" } == [mirror])
    }
}
