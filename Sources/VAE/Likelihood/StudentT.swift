internal import CKernels
internal import Randomness
internal import Support

/// Student's t variables of so many `degrees` of freedom around the decoder's output: tails that outliers hardly pull (Lange et al. 1989, "Robust
/// statistical modeling using the t distribution", section 2). Their scale is `likelihood-scale`, or its square is learned as a variance, as
/// ``LearnedGaussian`` has it.
struct StudentT: Likelihood {
    private let settings: LikelihoodSettings

    init(_ settings: LikelihoodSettings) { self.settings = settings }

    private var isFixed: Bool { settings.variance == .fixed }
    var heads: Int { settings.variance == .value ? 2 : 1 }
    var sharedHeads: [SharedHead] { settings.variance.sharedHeads }

    func loss(_ rows: LossRows, _ output: UnsafeMutablePointer<Float>, _ step: LossStep) {
        loss(
            isFixed ? kernel_likelihood_student_t : kernel_likelihood_student_t_learned,
            settings: [settings.scale, settings.degrees], rows, output, step)
    }

    private func scale(_ output: UnsafePointer<Float>, row: Int, feature: Int, features: Int) -> Float {
        if isFixed { return settings.scale }
        let limit = Float(KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT)
        return Elementary.exp(0.5 * max(-limit, min(limit, output[(row * 2 + 1) * features + feature])))
    }

    func export(
        _ output: OperatorGraph.Value, features: Int, _ library: LibraryValues?, into graph: inout OperatorGraph
    ) throws(NetworkError) -> [OperatorGraph.Named] {
        [("mean", graph.head(0, of: output, features))]
    }

    /// By Bailey's polar formula, without rejections (Bailey 1994, "Polar generation of random variates with the t-distribution").
    func draw(
        _ output: UnsafePointer<Float>, _ seen: SeenRows, noise: NoiseKey, features: Int, into drawn: UnsafeMutablePointer<Float>
    ) {
        mean(output, seen.library, into: drawn, rows: seen.rows.count, features: features)
        let n = Double(settings.degrees)
        for (row, number) in seen.rows.enumerated() {
            for i in 0..<features where seen.mask[row * features + i] == 0 {
                let words = noise.words(row: UInt64(number), index: UInt32(i))
                // In 0...1 without 0, and an angle.
                let u = (Double(words.x) + 1) * 0x1p-32
                let angle = Double(words.z) * 0x1p-31 * Double.pi
                let radius = (n * (Elementary.pow(u, -2 / n) - 1)).squareRoot()
                drawn[row * features + i] +=
                    scale(output, row: row, feature: i, features: features) * Float(radius * Elementary.cos(angle))
            }
        }
    }
}
