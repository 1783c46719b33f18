/// Where the parameters of a model lie, and which of them are packed for products: grows while its layers are made, takes no memory.
struct ParameterPlan: Sendable {
    var layout = ParameterLayout()
    private(set) var packings: [Packing] = []

    /// Gives the place of the packed matrix in ``PreparedParameters``.
    mutating func add(_ packing: Packing) -> Packing.Place {
        packings.append(packing)
        return Packing.Place(index: packings.count - 1)
    }
}

/// A matrix `b[k, n]` of the flat parameters that products take packed.
struct Packing: Sendable {
    let k: Int
    let n: Int
    /// The first of its elements in the flat buffer.
    let source: Int
    /// Whether it lies there as `[n, k]`.
    var isTransposed = false
    /// What it is packed for: inference alone needs no matrix of ``Use/training``.
    var use = Use.inference

    struct Place: Sendable {
        let index: Int
    }
}
