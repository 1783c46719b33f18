internal import CKernels

/// What likelihoods are written with.
extension OperatorGraph {
    /// One of the numbers that a decoder gives for each feature, `[features]`.
    ///
    /// - Parameter output: of the decoder, head after head.
    mutating func head(_ index: Int, of output: Value, _ features: Int) -> Value {
        part(output, axis: 0, index * features..<(index + 1) * features)
    }

    /// The second head as a log variance, held to its limits.
    mutating func logVariance(of output: Value, _ features: Int) -> Value {
        let limit = Double(KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT)
        return hold(head(1, of: output, features), -limit, limit)
    }
}
