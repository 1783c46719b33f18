/// An operation, the function behind it, and what is done to its values then.
public struct Block: Sendable, Equatable {
    /// Makes the layer of a block; one in the file of each layer.
    public struct Operation: Sendable, Equatable, CustomStringConvertible {
        typealias Shapes = @Sendable (_ input: Shape) throws(NetworkError) -> Shape
        typealias Mirror = @Sendable (_ input: Shape) -> Operation
        typealias Make =
            @Sendable (
                _ input: Shape, _ activation: Activation?, _ isFirst: Bool, _ name: String, _ plan: inout ParameterPlan
            ) -> any Layer

        /// As users type it; what has the same text does the same.
        public let description: String
        let shape: Shapes
        let mirror: Mirror
        let make: Make
        /// Whether it has weights, and so can have an activation behind it.
        let takesActivation: Bool

        /// - Parameters:
        ///   - shape: what it makes of rows of a shape, or why it cannot.
        ///   - mirror: what makes of its outputs rows of the input's shape again, but for the channels, which are those that it is told.
        ///   - make: is told whether nobody wants the gradient with regard to its input, as of a network's first layer.
        init(
            _ description: String, takesActivation: Bool = false, shape: @escaping Shapes, mirror: @escaping Mirror,
            make: @escaping Make
        ) {
            (self.description, self.takesActivation) = (description, takesActivation)
            (self.shape, self.mirror, self.make) = (shape, mirror, make)
        }

        public static func == (a: Operation, b: Operation) -> Bool { a.description == b.description }
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
