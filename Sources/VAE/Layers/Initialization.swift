internal import Randomness

/// How the first weights are drawn; biases begin at 0.
public enum Initialization: String, Codable, Sendable, CaseIterable {
    /// Uniform in +-sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010, equation 16).
    case glorot
    /// Uniform in +-sqrt(6 / inputs) (He et al. 2015, section 2.2, as a uniform distribution).
    case he
    /// Uniform in +-sqrt(1 / inputs), as PyTorch's Linear begins: good where layers are normalised.
    case pytorch

    /// Writes a weight of `count` elements, of which each output sums `inputSize` and each input leads to `outputSize`; every element is a
    /// function of the seed, the layer and its place.
    ///
    /// - Parameter first: the number of its first element among all that the layer draws; a multiple of 4.
    func fill(
        _ weights: UnsafeMutablePointer<Float>, count: Int, inputSize: Int, outputSize: Int, layer: Int, first: Int = 0,
        seed: UInt64
    ) {
        let limit =
            switch self {
            case .glorot: (6 / Float(inputSize + outputSize)).squareRoot()
            case .he: (6 / Float(inputSize)).squareRoot()
            case .pytorch: (1 / Float(inputSize)).squareRoot()
            }
        Self.fill(weights, count: count, limit: limit, layer: layer, first: first, seed: seed)
    }

    /// Uniform in +-limit.
    static func fill(
        _ weights: UnsafeMutablePointer<Float>, count: Int, limit: Float, layer: Int, first: Int = 0, seed: UInt64
    ) {
        let key = NoiseKey(seed: seed, epoch: 0, purpose: .initialization)
        for start in stride(from: 0, to: count, by: 4) {
            let words = key.words(row: UInt64(layer), index: UInt32((first + start) / 4))
            for offset in 0..<min(4, count - start) {
                // Multiples of 2^-24 in -1..<1.
                let unit = Float(Int32(words[offset] >> 7) - 1 << 24) * 0x1p-24
                weights[start + offset] = unit * limit
            }
        }
    }
}
