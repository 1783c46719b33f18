internal import CKernels
internal import Support

extension LatentKind {
    /// The latent of Kingma & Welling 2014; with a beta other than 1 that of a beta-VAE (Higgins et al. 2017).
    public static let normal = LatentKind(known: "normal")
}

/// A posterior N(mean, exp(v)) with a diagonal covariance and the prior N(0, I), z = mean + exp(v / 2) noise (Kingma & Welling 2014, section 3); or
/// the prior N(0, variance I).
///
/// The head of a row is the mean and, behind it, v, which is held to +-20. With a floor the variance is exp(v) + floor, as scVI has it (Lopez et al. 2018).
struct NormalLatent: ImportanceLatent {
    let size: Int
    private let terms: kernel_normal_terms
    let priorDeviation: Float
    private var floor: Float { terms.floor }

    /// - Parameters:
    ///   - size: the numbers of a code.
    ///   - varianceFloor: added to the variances of the posterior.
    init(size: Int, varianceFloor: Float, priorVariance: Float = 1) {
        self.size = size
        terms = kernel_normal_terms(
            floor: varianceFloor, precision: 1 / priorVariance, log_variance: Float(Elementary.log(Double(priorVariance))))
        priorDeviation = priorVariance.squareRoot()
    }

    private init(size: Int, terms: kernel_normal_terms) { (self.size, self.terms, priorDeviation) = (size, terms, 1) }

    /// A posterior whose prior is somebody else's: its KL term is the posterior's part alone, the mean of log q(z | x).
    static func withoutPrior(size: Int, varianceFloor: Float) -> NormalLatent {
        let variance = -Float(Elementary.log(2 * Double.pi))
        return NormalLatent(
            size: size, terms: kernel_normal_terms(floor: varianceFloor, precision: 0, log_variance: variance))
    }

    var headSize: Int { 2 * size }
    var noiseSize: Int { size }
    var hasPrior: Bool { true }

    func sample(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>,
        kl: UnsafeMutablePointer<Double>, rows: Int
    ) {
        kernel_posterior(head, noise, terms, z, kl, rows, size)
    }

    func backward(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, dz: UnsafePointer<Float>, klWeight: Float,
        weights: UnsafePointer<Float>, into dhead: UnsafeMutablePointer<Float>, rows: Int
    ) {
        kernel_posterior_backward(head, noise, terms, dz, klWeight, weights, dhead, rows, size)
    }

    func sample(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, samples: Int, into z: UnsafeMutablePointer<Float>,
        logRatios: UnsafeMutablePointer<Double>, rows: Int
    ) {
        kernel_posterior_samples(head, noise, terms, samples, z, logRatios, rows, size)
    }

    func backward(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, samples: Int, z: UnsafePointer<Float>,
        dz: UnsafePointer<Float>, factors: UnsafePointer<Float>, into dhead: UnsafeMutablePointer<Float>, rows: Int
    ) {
        kernel_posterior_samples_backward(head, noise, terms, samples, z, dz, factors, dhead, rows, size)
    }

    func mean(_ head: UnsafePointer<Float>, into mean: UnsafeMutablePointer<Float>, rows: Int) {
        for row in 0..<rows { (mean + row * size).update(from: head + row * headSize, count: size) }
    }

    func logVariance(_ head: UnsafePointer<Float>, into logVariance: UnsafeMutablePointer<Float>, rows: Int) {
        let limit = Float(KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT)
        for row in 0..<rows {
            for i in 0..<size {
                let held = max(-limit, min(limit, head[row * headSize + size + i]))
                logVariance[row * size + i] =
                    floor > 0 ? Float(Elementary.log(Elementary.exp(Double(held)) + Double(floor))) : held
            }
        }
    }

    func export(_ head: OperatorGraph.Value, into graph: inout OperatorGraph) -> [OperatorGraph.Named] {
        let limit = Double(KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT)
        let mean = graph.part(head, axis: 0, 0..<size)
        var logVariance = graph.hold(graph.part(head, axis: 0, size..<2 * size), -limit, limit)
        if floor > 0 {
            let variance = graph.apply(.exponential, graph.convert(logVariance, to: .float64))
            let raised = graph.apply(.logarithm, graph.apply(.sum, variance, Double(floor)))
            logVariance = graph.convert(raised, to: .float32)
        }
        return [("mean", mean), ("log_variance", logVariance)]
    }

    /// Kingma & Welling 2014, appendix B, of z by the prior's deviation; from N(0, 1) where the prior is somebody else's.
    func kl(mean: Double, logVariance: Double) -> Double {
        let (precision, logPrior) = terms.precision > 0 ? (Double(terms.precision), Double(terms.log_variance)) : (1, 0)
        let ratio = logVariance - logPrior
        return 0.5 * (precision * (mean * mean + Elementary.exp(logVariance)) - 1 - ratio)
    }

    func draw(
        mean: UnsafePointer<Float>, logVariance: UnsafePointer<Float>, deviation: UnsafePointer<Float>,
        noise: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>
    ) -> Double {
        var ratio = 0.0
        for i in 0..<size {
            let e = noise[i]
            let value = mean[i] + deviation[i] * e
            z[i] = value
            // Both normal densities have the same constant.
            let square = Double(terms.precision) * (Double(value) * Double(value))
            ratio += 0.5 * (Double(e) * Double(e) - square + (Double(logVariance[i]) - Double(terms.log_variance)))
        }
        return ratio
    }

    func variance(logVariance: Double) -> Double { Elementary.exp(logVariance) }
}
