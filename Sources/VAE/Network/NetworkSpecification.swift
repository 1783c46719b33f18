/// What a network is made of: the shape of the rows that go in, and blocks one behind the other. A pure value.
public struct NetworkSpecification: Sendable {
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
}

/// An operation, the function behind it, and what is done to its values then.
public struct Block: Sendable {
    /// Makes the layer of a block; one in the file of each layer.
    public struct Operation: Sendable {
        typealias Make =
            @Sendable (
                _ input: Shape, _ activation: Activation?, _ isFirst: Bool, _ name: String, _ plan: inout ParameterPlan
            ) -> any Layer
        let make: Make

        /// - Parameter make: is told whether nobody wants the gradient with regard to its input, as of a network's first layer.
        init(_ make: @escaping Make) { self.make = make }
    }

    public var operation: Operation
    /// nil for none.
    public var activation: Activation?
    public var normalization: Normalization

    public init(_ operation: Operation, _ activation: Activation? = nil, _ normalization: Normalization = .none) {
        self.operation = operation
        self.activation = activation
        self.normalization = normalization
    }
}
