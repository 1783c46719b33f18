internal import CKernels

/// What likelihoods are written with.
extension OperatorGraph {
    /// One of the numbers that a decoder gives for each feature, `[features]`.
    ///
    /// - Parameter heads: `[headCount, features]`
    mutating func head(_ index: Int, of heads: Value) -> Value {
        reshape(part(heads, axis: 0, index..<index + 1), [heads.shape[1]])
    }

    /// The second head as a log variance, held to its limits.
    mutating func logVariance(of heads: Value) -> Value {
        let limit = Double(KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT)
        return hold(head(1, of: heads), -limit, limit)
    }
}
