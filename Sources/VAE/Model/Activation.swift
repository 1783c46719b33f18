internal import CKernels

/// The function behind each hidden layer.
public enum Activation: String, Codable, Sendable, CaseIterable {
    /// max(x, 0)
    case relu
    /// x, or 0.01 x below zero.
    case leakyReLU = "leaky-relu"
    /// x, or exp(x) - 1 below zero (Clevert et al. 2016, equation 15, alpha = 1).
    case elu
    /// x Phi(x), exact and not the tanh form, as PyTorch's default (Hendrycks & Gimpel 2016, section 2).
    case gelu
    case tanh
    case sigmoid
    /// x sigmoid(x)
    case silu

    var kernel: kernel_activation {
        switch self {
        case .relu: kernel_relu
        case .leakyReLU: kernel_leaky_relu
        case .elu: kernel_elu
        case .gelu: kernel_gelu
        case .tanh: kernel_tanh
        case .sigmoid: kernel_sigmoid
        case .silu: kernel_silu
        }
    }

    /// Whether the derivative is a function of the input; of the others' it is a function of the output, which needs no memory.
    var needsInput: Bool { self == .gelu || self == .silu }
}
