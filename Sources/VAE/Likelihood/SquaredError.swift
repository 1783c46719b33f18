internal import CKernels
internal import Randomness

extension LikelihoodName {
    public static let squaredError = LikelihoodName(known: "mse")
}

/// The squared error, summed over features; not a log likelihood, so the "ELBO" with it has no unit.
struct SquaredError: Likelihood {
    var isDistribution: Bool { false }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_squared_error, rows, output, step)
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        [("mean", graph.head(0, of: output, features))]
    }

    /// There is nothing to draw from but the mean.
    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        mean(output, seen.library, into: drawn, rows: seen.rows.count, features: features)
    }
}
