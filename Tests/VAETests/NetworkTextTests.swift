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
        #expect(decoder.map { $0.activation?.rawValue } == ["tanh", nil, nil, "relu", nil, nil])
        #expect(try NetworkText.blocks(decoder.map(\.operation.description)).map(\.operation) == decoder.map(\.operation))
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
        (["relu"], "an operation comes first"),
        (["dense 3", "relu", "tanh"], "item 3, \"tanh\": \"dense 3\" has an activation, relu"),
        (["dense 3", "layer-norm", "relu"], "an activation stands before the normalisation"),
        (["dense 3", "none-norm"], "there is no \"none-norm\"; there are conv,"),
        (["dense 3", "relu 5"], "\"5\" has no meaning behind \"relu\""),
        ([""], "is empty"),
        (["max-pool k2", "relu"], "there is no activation behind \"max-pool k2\""),
        (["transposed-conv 28 k4"], "the shape that it makes is missing"),
    ])
    func faults(items: [String], message: String) {
        let error = #expect(throws: NetworkError.self) { try NetworkText.blocks(items) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ([784], ["conv 32 k4"], "block 0 \"conv 32 k4\", for rows of [784]: goes along one to three axes"),
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
