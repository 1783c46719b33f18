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
            input, sizes.dropLast().map { Block(.dense($0), .usual(activation, normalization)) } + [Block(.dense(sizes.last!))])
    }

    /// The shapes of a row behind every block; throws where one cannot follow, naming it.
    public func shapes() throws(NetworkError) -> [Shape] {
        var (shape, shapes) = (input, [Shape]())
        for (index, block) in blocks.enumerated() {
            do {
                let output = try block.operation.shape(shape)
                try block.ending.normalization.check(output)
                shape = output
            } catch {
                throw NetworkError("block \(index) \"\(block.text)\", for rows of \(shape): \(error)")
            }
            shapes.append(shape)
        }
        return shapes
    }

    /// What leads from the last block's outputs back to rows of `output`: each block's mirror in the reverse order, to the very sizes. The mirrors'
    /// outputs become what they were in this network: with the activation and normalisation of the block below; the last gives what it sums.
    /// What is done to the input before any operation has no mirror.
    ///
    /// - Parameter output: the input's shape, but for the channels.
    public func mirror(to output: Shape) throws(NetworkError) -> [Block] {
        let shapes = [input] + (try self.shapes())
        // The mirrors of what is below it give the channels that they get.
        let lowest = blocks.firstIndex { $0.operation.makesChannels } ?? blocks.count
        var mirrored: [Block] = []
        for index in (firstOperation..<blocks.count).reversed() {
            let before = index > lowest ? shapes[index] : shapes[index].scaled(from: input, to: output)
            let operation = try blocks[index].operation.mirror(before)
            let endsSo = operation.isLinear || blocks[index].ending != Block.Ending()
            mirrored.append(Block(operation, endsSo ? ending(behind: index - 1) : Block.Ending()))
        }
        // What stands alone here may be the ending of what is before it there.
        return try NetworkText.blocks(mirrored.flatMap(\.items))
    }

    /// The shape of the rows that ``mirror(to:)`` takes: the last block's, but for the channels where no mirror makes those of `output`.
    func mirrorInput(to output: Shape) throws(NetworkError) -> Shape {
        let last = try shapes().last ?? input
        return blocks.contains { $0.operation.makesChannels } ? last : last.scaled(from: input, to: output)
    }

    /// The same with conditions at all that has weights but the last of it, which gives what others interpret, unless it is all there is.
    ///
    /// - Parameter count: the numbers of a row's conditions.
    func conditioned(_ count: Int) -> NetworkSpecification {
        var conditioned = self
        let linear = blocks.indices.filter { blocks[$0].operation.isLinear }
        for index in linear.count > 1 ? linear.dropLast() : linear[...] { conditioned.blocks[index].conditions = count }
        return conditioned
    }

    private var firstOperation: Int { blocks.firstIndex { !$0.operation.isAside } ?? blocks.count }

    /// What the values behind a block have gone through: of one that does nothing to them, as pooling, what those below did.
    func ending(behind index: Int) -> Block.Ending {
        (index < firstOperation
            ? nil : blocks[firstOperation...index].last { $0.operation.isLinear || $0.ending != Block.Ending() })?.ending
            ?? Block.Ending()
    }

    /// The list as users type it.
    public var text: String { blocks.map(\.text).joined(separator: ", ") }
}

extension Shape {
    /// The same with as many channels more or less as one shape has than another, if they are whole ones.
    fileprivate func scaled(from: Shape, to: Shape) -> Shape {
        let (channels, factor) = (sizes[sizes.count - 1], to.sizes[to.sizes.count - 1])
        let (whole, rest) = (channels * factor).quotientAndRemainder(dividingBy: from.sizes[from.sizes.count - 1])
        return rest == 0 ? Shape(sizes.dropLast() + [whole]) : self
    }
}
