internal import CKernels

/// The function behind a layer, by the name that users give. The list is CKernels' (`activations/`): a new one needs nothing here.
public struct Activation: RawRepresentable, CaseIterable, Hashable, Sendable {
    public let rawValue: String
    let kernel: kernel_activation

    public static let allCases: [Activation] = (1...UInt32(kernel_activation_count())).map {
        let kernel = kernel_activation(rawValue: $0)
        return Activation(rawValue: String(cString: kernel_activation_name(kernel)), kernel: kernel)
    }

    public init?(rawValue: String) {
        guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
        self = known
    }

    private init(rawValue: String, kernel: kernel_activation) { (self.rawValue, self.kernel) = (rawValue, kernel) }

    public static func == (a: Activation, b: Activation) -> Bool { a.rawValue == b.rawValue }
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }

    public static let relu = Activation(rawValue: "relu")!
    /// That of counts is log(1 + x).
    public static let symlog = Activation(rawValue: "symlog")!

    /// Whether the derivative is a function of the input; of the others' it is a function of the output, which needs no memory.
    var needsInput: Bool { kernel_activation_needs_input(kernel) != 0 }

    /// What a product does itself when it stores; nil where the function needs a pass of its own.
    var end: kernel_end? {
        switch kernel {
        case kernel_relu: kernel_end_relu
        case kernel_leaky_relu: kernel_end_leaky_relu
        default: nil
        }
    }

    /// The same for the derivative.
    var derivativeEnd: kernel_end? {
        switch kernel {
        case kernel_relu: kernel_end_relu_derivative
        case kernel_leaky_relu: kernel_end_leaky_relu_derivative
        default: nil
        }
    }

    /// The function in operators.
    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) throws(NetworkError) -> OperatorGraph.Value {
        switch kernel {
        case kernel_relu: return graph.apply(.rectifier, x)
        case kernel_leaky_relu: return graph.apply(.leakyRectifier(slope: Self.leakySlope), x)
        case kernel_elu: return graph.apply(.exponentialRectifier, x)
        case kernel_tanh: return graph.apply(.hyperbolicTangent, x)
        case kernel_sigmoid: return graph.apply(.sigmoid, x)
        case kernel_silu: return graph.apply(.product, x, graph.apply(.sigmoid, x))
        case kernel_gelu:
            let half = graph.apply(.product, graph.apply(.errorFunction, graph.apply(.product, x, 0.5.squareRoot())), 0.5)
            return graph.apply(.product, x, graph.apply(.sum, half, 0.5))
        case kernel_symlog:
            let magnitude = graph.apply(.logarithm, graph.apply(.sum, graph.apply(.absolute, x), 1))
            return graph.apply(.product, graph.apply(.sign, x), magnitude)
        case kernel_softplus:
            let exponential = graph.apply(.exponential, graph.apply(.negative, graph.apply(.absolute, x)))
            return graph.apply(.sum, graph.apply(.rectifier, x), graph.apply(.logarithm, graph.apply(.sum, exponential, 1)))
        default: throw NetworkError("the activation \(rawValue) cannot be exported")
        }
    }

    /// The slope of leaky ReLU below zero.
    static let leakySlope: Float = 0.01
}

/// The derivative of a layer's last function, for the product above to apply.
struct OutputDerivative {
    let end: kernel_end
    /// The layer's output, `[rows, output]`.
    let output: UnsafePointer<Float>
}
