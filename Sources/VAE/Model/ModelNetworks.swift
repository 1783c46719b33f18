/// Encoder and decoder as lists of blocks. A pure value, whose shapes were checked when it was made.
public struct ModelNetworks: Sendable, Equatable {
    /// The shape of a row.
    public let shape: Shape
    /// The blocks of the encoder, without the dense layer behind them that gives what the latent wants.
    public let encoder: NetworkSpecification
    /// From codes to what the likelihood wants.
    public let decoder: [Block]
    /// What is done to what the latent gets.
    let head: Normalization
    /// Whether the encoder's first block does nothing but bring the channels of planar rows to the end.
    let turnsRows: Bool

    /// - Parameters:
    ///   - shape: of a row, channels last.
    ///   - encoder: the last block's outputs are what codes are made of.
    ///   - decoder: gives rows of the shape; with `heads` the channels are so many times those of a row. nil for the encoder's mirror.
    ///   - latentSize: the numbers of a code.
    ///   - seesMask: whether the encoder sees the mask, as channels behind those of the values.
    ///   - heads: the numbers that the likelihood wants for each value.
    ///   - head: what is done to what the latent gets.
    ///   - isPlanar: whether rows have all of a channel before the next one.
    public init(
        _ shape: Shape, encoder: [Block], decoder: [Block]? = nil, latentSize: Int, seesMask: Bool = false, heads: Int = 1,
        head: Normalization = .none, isPlanar: Bool = false
    ) throws(NetworkError) {
        let seen = seesMask ? shape.times(2) : shape
        let given = shape.times(heads)
        let network = NetworkSpecification(seen, encoder)
        _ = try network.shapes()
        var blocks: [Block]
        if let decoder {
            blocks = decoder
        } else if !encoder.isEmpty {
            let first = Block(.dense(try network.mirrorInput(to: given)), network.ending(behind: encoder.count - 1))
            blocks = [first] + (try network.mirror(to: given))
        } else {
            blocks = [Block(.dense(given))]
        }
        let behind: Shape
        do {
            behind = try NetworkSpecification(Shape(latentSize), blocks).shapes().last ?? Shape(latentSize)
        } catch {
            throw NetworkError("the decoder's \(error)")
        }
        guard behind.count == given.count else { throw NetworkError("the decoder gives rows of \(behind), not of \(given)") }
        // The likelihood takes them, and writes gradients in their place.
        let last = blocks.last == Block(.softmax) ? "softmax" : blocks.last?.ending.activation?.rawValue
        if let last {
            throw NetworkError(
                "the decoder ends with \(last), but what it gives is for the likelihood to interpret: leave it out"
            )
        }
        // Outside of networks values and mask, and heads, lie one behind the other, and channels too where rows are planar.
        let planes = isPlanar ? shape.sizes[shape.sizes.count - 1] : 1
        let (parts, ends) = (planes * (seesMask ? 2 : 1), planes * heads)
        if ends > 1 { blocks.append(Block(.separated(ends))) }
        self.shape = shape
        self.head = head
        turnsRows = planes > 1 && !seesMask
        self.decoder = blocks
        self.encoder =
            parts > 1
            ? NetworkSpecification(Shape(seen.count), [Block(.interleaved(parts, to: seen))] + encoder) : network
    }

    /// - Parameter outputs: of the encoder for a row, as the latent wants them.
    func encoder(outputs: Int) -> NetworkSpecification {
        NetworkSpecification(encoder.input, encoder.blocks + [Block(.dense(outputs), nil, head)])
    }
}

extension Shape {
    /// The same with so many times the channels.
    fileprivate func times(_ factor: Int) -> Shape { Shape(sizes.dropLast() + [sizes[sizes.count - 1] * factor]) }
}
