import Testing
import VAE

struct NetworkTextTests {
    private func encoder(_ shape: [Int], _ items: [String]) throws -> NetworkSpecification {
        NetworkSpecification(Shape(shape), try NetworkText.blocks(items))
    }

    @Test func convolutionalEncoder() throws {
        let network = try encoder(
            [28, 28, 1], ["conv 32 k4 s2 p1", "relu", "conv 64 k4 s2 p1", "silu", "layer-norm", "dense 256", "relu"])
        #expect(try network.shapes() == [Shape([14, 14, 32]), Shape([7, 7, 64]), Shape(256)])
        let window = ConvolutionWindow(kernel: 4, stride: 2, padding: 1)
        let silu = Activation(rawValue: "silu")!
        #expect(
            network.blocks == [
                Block(.convolution(32, window), .relu), Block(.convolution(64, window), silu, .layer), Block(.dense(256), .relu),
            ])
        let networks = try ModelNetworks(network.input, encoder: network.blocks, latentSize: 20)
        #expect(
            networks.decoder == [
                Block(.dense(256), .relu), Block(.dense(Shape([7, 7, 64])), silu, .layer),
                Block(.transposedConvolution(to: Shape([14, 14, 32]), window), .relu),
                Block(.transposedConvolution(to: Shape([28, 28, 1]), window)),
            ])
    }

    /// The mirror gives the very sizes, odd ones too, and what it is written as is read as the same.
    @Test(arguments: [28, 35, 64, 101, 214, 400], ["k4 s2 p1", "k3 s2 p1", "k5 s3", "k3x4 s2x3 p1x0 d2x1"])
    func mirrors(size: Int, window: String) throws {
        let network = try encoder([size, size + 3, 2], ["conv 8 \(window)", "relu", "conv 16 \(window) g2", "relu"])
        let shapes = try network.shapes()
        let networks = try ModelNetworks(network.input, encoder: network.blocks, latentSize: 3)
        #expect(
            try NetworkSpecification(Shape(3), networks.decoder).shapes()
                == [shapes[1], shapes[0], Shape([size, size + 3, 2])])
        for blocks in [network.blocks, networks.decoder] {
            #expect(try NetworkText.blocks(blocks.map(\.operation.description)).map(\.operation) == blocks.map(\.operation))
        }
    }

    /// The mirror of what has no weights has no activation: the values have gone through it before.
    @Test func poolingEncoder() throws {
        let network = try encoder(
            [15, 15, 2],
            ["conv 8 k3 p1", "relu", "max-pool k2 s2", "conv 16 k3 p1", "tanh", "average-pool k3 s2 p1", "global-pool"])
        #expect(
            try network.shapes() == [Shape([15, 15, 8]), Shape([7, 7, 8]), Shape([7, 7, 16]), Shape([4, 4, 16]), Shape(16)])
        let decoder = try ModelNetworks(network.input, encoder: network.blocks, latentSize: 3).decoder
        #expect(
            decoder.map { "\($0.operation)" } == [
                "dense 16", "resize 4x4x16", "resize 7x7x16", "transposed-conv 7x7x8 k3 p1", "resize 15x15x8",
                "transposed-conv 15x15x2 k3 p1",
            ])
        #expect(decoder.map { $0.ending.activation?.rawValue } == ["tanh", nil, nil, "relu", nil, nil])
        #expect(try NetworkText.blocks(decoder.map(\.operation.description)).map(\.operation) == decoder.map(\.operation))
    }

    /// What stands behind an operation belongs to it in its order; what has no place there is a block of its own. Written again it is the same.
    @Test func orders() throws {
        let text =
            "relu, conv 8 k3 p1, batch-norm e0.001 m0.01, relu, max-pool k2 s2, tanh, layer-norm, silu, residual (batch-norm, relu, conv 8 k3), dropout 0.25, "
            + "transposed-conv 4 k4 s2 p1"
        let blocks = try NetworkText.blocks(text)
        #expect(blocks.map(\.text).joined(separator: ", ") == text)
        #expect(
            blocks.map(\.text) == [
                "relu", "conv 8 k3 p1, batch-norm e0.001 m0.01, relu", "max-pool k2 s2, tanh, layer-norm", "silu",
                "residual (batch-norm, relu, conv 8 k3)", "dropout 0.25", "transposed-conv 4 k4 s2 p1",
            ])
        #expect(blocks.map(\.ending.normalizesFirst) == [false, true, false, false, false, false, false])
        #expect(try NetworkText.blocks("  ") == [] && NetworkText.blocks(blocks.flatMap(\.items)) == blocks)
        #expect(try encoder([8, 8, 1], ["transposed-conv 4 k4 s2 p1"]).shapes() == [Shape([16, 16, 4])])
    }

    /// Dropout stands between the same layers in the mirror, and what is behind layers with weights stays behind such.
    @Test func mirrorsOfEndings() throws {
        let network = try encoder(
            [8, 8, 1],
            [
                "conv 4 k4 s2 p1", "batch-norm", "relu", "dropout 0.1", "residual (conv 4 k3 p1, tanh, conv 4 k3 p1)", "relu",
                "dense 9", "silu",
            ])
        let decoder = try ModelNetworks(network.input, encoder: network.blocks, latentSize: 3).decoder
        #expect(
            decoder.map(\.text) == [
                "dense 9, silu", "dense 4x4x4, relu",
                "residual (transposed-conv 4x4x4 k3 p1, tanh, transposed-conv 4x4x4 k3 p1), batch-norm, relu", "dropout 0.1",
                "transposed-conv 8x8x1 k4 s2 p1",
            ])
    }

    /// Two in one block would have parameters of the same names.
    @Test func normalizationsBehindEachOther() throws {
        let text = "layer-norm, relu, batch-norm, batch-norm unscaled, conv 4 k3, layer-norm, position-norm, unit-norm, tanh"
        let blocks = try NetworkText.blocks(text)
        #expect(
            blocks.map(\.text) == [
                "layer-norm, relu", "batch-norm", "batch-norm unscaled", "conv 4 k3, layer-norm", "position-norm",
                "unit-norm, tanh",
            ])
        let networks = try ModelNetworks(Shape([8, 8, 1]), encoder: blocks, latentSize: 3)
        let model = Model(
            ModelSpecification(latent: .normal, inputSize: 64, hiddenSizes: [], latentSize: 3, networks: networks))
        let names = model.layout.entries.map(\.name)
        #expect(Set(names).count == names.count && names.contains("encoder/4/gain"))
    }

    /// What the likelihood wants of each value, or a mask adds, goes up to the first block that can make channels.
    @Test(arguments: [
        ("batch-norm, conv 4 k3 p1", ["dense 8x6x4", "transposed-conv 8x6x2 k3 p1"]),
        ("softplus", ["dense 8x6x2"]),
        ("tokens", ["dense 48x2", "shape 8x6x2"]),
        ("max-pool k2 s2, softmax", ["dense 4x3x2", "softmax", "resize 8x6x2"]),
        (
            "average-pool k2 s2, dropout 0, conv 4 k3 p1, relu",
            ["dense 4x3x4, relu", "transposed-conv 4x3x2 k3 p1", "dropout 0.0", "resize 8x6x2"]
        ),
        (
            "tokens, positions learned, attention 1, dense 5",
            ["dense 5", "dense 48x2", "attention 1", "positions learned", "shape 8x6x2"]
        ),
        ("shape 4x3x4, conv 4 k3 p1", ["dense 4x3x4", "transposed-conv 4x3x8 k3 p1", "shape 8x6x2"]),
        ("global-pool, dense 3", ["dense 3", "dense 2", "resize 8x6x2"]),
        (
            "residual (conv 2 k3 p1), conv 4 k3 p1",
            ["dense 8x6x4", "transposed-conv 8x6x2 k3 p1", "residual (transposed-conv 8x6x2 k3 p1)"]
        ),
    ])
    func mirrorsWithOtherChannels(encoder items: String, decoder: [String]) throws {
        let blocks = try NetworkText.blocks(items)
        let networks = try ModelNetworks(Shape([8, 6, 1]), encoder: blocks, latentSize: 3, heads: 2)
        #expect(networks.decoder.dropLast().map(\.text) == decoder)
        let masked = try ModelNetworks(Shape([4, 6, 1]), encoder: blocks, latentSize: 3, seesMask: true)
        #expect(try NetworkSpecification(Shape(3), masked.decoder).shapes().last == Shape([4, 6, 1]))
    }

    /// The likelihood says what is done to the decoder's values.
    @Test func activationAtTheEnd() throws {
        let decoder = try NetworkText.blocks("dense 8, relu, dense 6, sigmoid")
        let error = #expect(throws: NetworkError.self) {
            try ModelNetworks(Shape(6), encoder: [], decoder: decoder, latentSize: 2)
        }
        #expect(error?.description.contains("the decoder ends with sigmoid") == true)
    }

    @Test func axesOfEveryNumber() throws {
        #expect(try encoder([100, 3], ["conv 8 k5 s2 p2"]).shapes() == [Shape([50, 8])])
        #expect(try encoder([9, 10, 11, 1], ["conv 4 k3x2x1 s1x2x3"]).shapes() == [Shape([7, 5, 4, 4])])
    }

    @Test(arguments: [
        (["conv k4"], "item 1, \"conv k4\": the number of channels is missing"),
        (["conv 32"], "the kernel is missing"),
        (["conv 32 k4 k3"], "\"k\" is there twice"),
        (["conv 32 k4 q2"], "\"q2\" is none of kernel, stride"),
        (["conv 32 k0"], "\"k0\" is none of"),
        (["conv 32 k4 s-1"], "\"s-1\" is none of"),
        (["conv 99999999999999999999 k4"], "the number of channels is missing"),
        (["dense"], "one number of outputs is missing"),
        (["dropout"], "a probability must follow"),
        (["dropout 1"], "a probability must follow"),
        (["dropout -0.1"], "a probability must follow"),
        (["dense 3", "batch-norm 5"], "\"5\" is none of epsilon, momentum and unscaled"),
        (["dense 3", "batch-norm e0"], "\"e0\" is none of epsilon, momentum and unscaled"),
        (["dense 3", "group-norm x"], "\"x\" is no number of groups"),
        (["residual (conv 3, relu)"], "item 1, \"residual (conv 3, relu)\": item 1, \"conv 3\": the kernel is missing"),
        (["residual"], "there is no \"residual\"; there are conv,"),
        (["dense 16777216x16777216"], "one number of outputs is missing"),
        (["dense 3", "none-norm"], "there is no \"none-norm\"; there are conv,"),
        (["dense 3", "relu 5"], "\"5\" has no meaning behind \"relu\""),
        ([""], "is empty"),
        (["transposed-conv k4"], "the channels or the shape that it makes is missing"),
    ])
    func faults(items: [String], message: String) {
        let error = #expect(throws: NetworkError.self) { try NetworkText.blocks(items) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ([784], ["conv 32 k4"], "block 0 \"conv 32 k4\", for rows of [784]: goes along one to three axes"),
        (
            [6], ["dense 6", "group-norm 4"],
            "block 0 \"dense 6, group-norm 4\", for rows of [6]: 4 groups do not divide 6 channels"
        ),
        ([6, 6, 1], ["conv 8 k16777216 p16777216"], "would be larger than the memory of any machine"),
        ([6], ["residual ()"], "has no blocks"),
        ([3, 3, 1], ["conv 8 k4"], "a kernel that reaches over 4 does not fit into 3 values and a padding of 0"),
        ([8, 8, 3], ["conv 8 k3 g2"], "2 groups do not divide 3 channels into 8"),
        ([8, 8, 3], ["conv 8 k3x3x3"], "kernel for 3 axes, where the rows have 2"),
        ([8, 8, 3], ["conv 8 k4 s2 p1", "conv 8 k4 s2 p1", "conv 8 k4 s2"], "block 2 \"conv 8 k4 s2\", for rows of [2, 2, 8]"),
    ])
    func shapesThatDoNotChain(shape: [Int], items: [String], message: String) throws {
        let network = try encoder(shape, items)
        let error = #expect(throws: NetworkError.self) { try network.shapes() }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
}
