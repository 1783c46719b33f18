internal import CKernels
internal import Randomness

extension LikelihoodName {
    public static let gaussian = LikelihoodName(known: "gaussian")
}

/// Normal variables of one fixed standard deviation, `likelihood-scale`.
struct Gaussian: Likelihood {
    private let deviation: Float

    init(_ settings: LikelihoodSettings) { deviation = settings.scale }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(kernel_likelihood_gaussian, settings: [deviation, 0], rows, output, step)
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        [("mean", graph.head(0, of: output, features))]
    }

    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        drawNormal(output, seen, noise: noise, features: features, into: drawn) { _, _ in deviation }
    }
}
