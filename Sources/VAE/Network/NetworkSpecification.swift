/// What a network is made of: the shape of the rows that go in, and blocks one behind the other. A pure value.
public struct NetworkSpecification: Sendable, Equatable {
    public var input: Shape
    public var blocks: [Block]

    public init(_ input: Shape, _ blocks: [Block]) {
        self.input = input
        self.blocks = blocks
    }

    /// Dense layers with so many outputs, the last of which gives what it sums.
    ///
    /// - Precondition: there is one size at least.
    public static func dense(
        _ input: Shape, _ sizes: [Int], _ activation: Activation, _ normalization: Normalization
    ) -> NetworkSpecification {
        NetworkSpecification(
            input, sizes.dropLast().map { Block(.dense($0), activation, normalization) } + [Block(.dense(sizes.last!))])
    }

    /// The shapes of a row behind every block; throws where one cannot follow, naming it.
    public func shapes() throws(NetworkError) -> [Shape] {
        var (shape, shapes) = (input, [Shape]())
        for (index, block) in blocks.enumerated() {
            do {
                shape = try block.operation.shape(shape)
            } catch {
                throw NetworkError("block \(index) \"\(block.operation)\", for rows of \(shape): \(error)")
            }
            shapes.append(shape)
        }
        return shapes
    }

    /// What leads from the last block's outputs back to rows of `output`: each block's mirror in the reverse order, to the very sizes. A
    /// block's outputs become what they were in this network: with the activation and normalisation of the block below; the last gives what it sums.
    ///
    /// - Parameter output: the input's shape, but for the channels.
    public func mirror(to output: Shape) throws(NetworkError) -> [Block] {
        let shapes = [input] + (try self.shapes())
        return blocks.indices.reversed().map { index in
            let operation = blocks[index].operation.mirror(index > 0 ? shapes[index] : output)
            let below = index > 0 ? blocks[index - 1].normalization : .none
            return Block(operation, operation.takesActivation ? activation(behind: index - 1) : nil, below)
        }
    }

    /// What the values behind a block have gone through: of one that takes no activation, that of the blocks below.
    func activation(behind index: Int) -> Activation? {
        index < 0 ? nil : blocks[...index].last { $0.operation.takesActivation }?.activation
    }
}
