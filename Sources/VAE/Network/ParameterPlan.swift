internal import CKernels

/// Where the parameters of a model lie, and which of them are packed for products: grows while its layers are made, takes no memory.
struct ParameterPlan: Sendable {
    var layout = ParameterLayout()
    private(set) var packings: [Packing] = []

    /// Gives the place of the packed weight in ``PreparedParameters``.
    mutating func add(_ packing: Packing) -> Packing.Place {
        packings.append(packing)
        return Packing.Place(index: packings.count - 1)
    }
}

/// A weight among the flat parameters that products take packed.
struct Packing: Sendable {
    enum Form: Sendable {
        /// A matrix `b[k, n]`, stored as `[n, k]` where it is transposed.
        case matrix(k: Int, n: Int, isTransposed: Bool)
        case convolution(kernel_convolution, kernel_direction)
    }

    let form: Form
    /// The first of its elements in the flat buffer.
    let source: Int
    /// What it is packed for: inference alone needs no weight of ``Use/training``.
    let use: Use

    init(_ form: Form, source: Int, use: Use = .inference) { (self.form, self.source, self.use) = (form, source, use) }

    struct Place: Sendable {
        let index: Int
    }
}
