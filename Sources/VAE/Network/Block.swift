/// An operation, and what is done to its values then: a function and a normalisation, in either order.
public struct Block: Sendable, Equatable {
    /// Makes the layer of a block; one in the file of each layer.
    public struct Operation: Sendable, Equatable, CustomStringConvertible {
        typealias Shapes = @Sendable (_ input: Shape) throws(NetworkError) -> Shape
        typealias Mirror = @Sendable (_ input: Shape) throws(NetworkError) -> Operation
        typealias Make =
            @Sendable (
                _ input: Shape, _ activation: Activation?, _ isFirst: Bool, _ name: String, _ plan: inout ParameterPlan
            ) -> any Layer

        /// As users type it; what has the same text does the same.
        public let description: String
        let shape: Shapes
        let mirror: Mirror
        let make: Make
        /// Whether it has weights. Such layers apply the activation themselves, and what stands behind them in an encoder stands behind their
        /// mirror in its decoder.
        let isLinear: Bool
        /// Whether it gives each value a value, and so its values are no activations of their own, but those of the block below.
        let isAside: Bool
        /// Whether it makes whatever channels are wanted, and so its mirror; others give the channels that they get.
        let makesChannels: Bool

        /// - Parameters:
        ///   - shape: what it makes of rows of a shape, or why it cannot.
        ///   - mirror: what makes of its outputs rows of the input's shape again, but for the channels, which are those that it is told.
        ///   - make: is told whether nobody wants the gradient with regard to its input, as of a network's first layer. The activation is nil
        ///     unless it is linear.
        init(
            _ description: String, isLinear: Bool = false, isAside: Bool = false, makesChannels: Bool? = nil,
            shape: @escaping Shapes, mirror: @escaping Mirror, make: @escaping Make
        ) {
            (self.description, self.isLinear, self.isAside) = (description, isLinear, isAside)
            self.makesChannels = makesChannels ?? isLinear
            (self.shape, self.mirror, self.make) = (shape, mirror, make)
        }

        public static func == (a: Operation, b: Operation) -> Bool { a.description == b.description }
    }

    /// What is done to an operation's values.
    public struct Ending: Sendable, Equatable {
        /// nil for none.
        public var activation: Activation?
        public var normalization = Normalization.none
        /// Whether values are normalised before the activation: "batch-norm, relu".
        public var normalizesFirst = false

        public init(activation: Activation? = nil, normalization: Normalization = .none, normalizesFirst: Bool = false) {
            (self.activation, self.normalization, self.normalizesFirst) = (activation, normalization, normalizesFirst)
        }

        /// In the order in which it is usual: what is normalised over rows or groups of channels is normalised before the activation.
        public static func usual(_ activation: Activation, _ normalization: Normalization) -> Ending {
            Ending(activation: activation, normalization: normalization, normalizesFirst: normalization.isUsuallyFirst)
        }

        /// As users type it.
        var items: [String] {
            let activation = activation.map { [$0.rawValue] } ?? []
            let normalization = normalization == .none ? [] : [normalization.itemText]
            return normalizesFirst ? normalization + activation : activation + normalization
        }
    }

    public var operation: Operation
    public var ending: Ending
    /// The conditions that join what a linear operation sums; 0 for none.
    public var conditions = 0

    public init(_ operation: Operation, _ activation: Activation? = nil, _ normalization: Normalization = .none) {
        self.init(operation, Ending(activation: activation, normalization: normalization))
    }

    public init(_ operation: Operation, _ ending: Ending) { (self.operation, self.ending) = (operation, ending) }

    /// As users type it: "conv 32 k4 s2 p1", "batch-norm", "relu".
    public var items: [String] { [operation.description] + ending.items }

    /// The same as one text.
    public var text: String { items.joined(separator: ", ") }
}
