extension LatentKind {
    /// The code of a plain autoencoder.
    public static let deterministic = LatentKind(known: "deterministic")
}

/// A code that is the encoder's output: a plain autoencoder, without posterior or prior.
struct Deterministic: Latent {
    let size: Int

    var headSize: Int { size }
    var noiseSize: Int { 0 }
    var hasPrior: Bool { false }
    var priorDeviation: Float { 1 }

    func sample(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>,
        kl: UnsafeMutablePointer<Double>, rows: Int
    ) {
        z.update(from: head, count: rows * size)
        kl.update(repeating: 0, count: rows)
    }

    func backward(
        _ head: UnsafePointer<Float>, noise: UnsafePointer<Float>, dz: UnsafePointer<Float>, klWeight: Float,
        weights: UnsafePointer<Float>, into dhead: UnsafeMutablePointer<Float>, rows: Int
    ) {
        dhead.update(from: dz, count: rows * size)
    }

    func mean(_ head: UnsafePointer<Float>, into mean: UnsafeMutablePointer<Float>, rows: Int) {
        mean.update(from: head, count: rows * size)
    }

    func logVariance(_ head: UnsafePointer<Float>, into logVariance: UnsafeMutablePointer<Float>, rows: Int) {
        logVariance.update(repeating: 0, count: rows * size)
    }

    func export(_ head: OperatorGraph.Value, into graph: inout OperatorGraph) -> [OperatorGraph.Named] { [("code", head)] }

    func kl(mean: Double, logVariance: Double) -> Double { 0 }

    func draw(
        mean: UnsafePointer<Float>, logVariance: UnsafePointer<Float>, deviation: UnsafePointer<Float>,
        noise: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>
    ) -> Double {
        z.update(from: mean, count: size)
        return 0
    }

    func variance(logVariance: Double) -> Double { 0 }
}
