import Foundation
import VAE

/// The likelihoods of counts in Double, by the C library's log Gamma: what their kernels are compared with.
struct CountReference {
    /// -log p(x | output) of the values that are there.
    let loss: Double

    /// nil for other likelihoods.
    init?(
        _ likelihood: LikelihoodName, _ x: [Double], _ output: [Double], _ means: LikelihoodSettings.Means = .shares
    ) {
        let features = x.count
        let there = x.indices.filter { !x[$0].isNaN }
        let library = there.reduce(0) { $0 + x[$1] }
        let sum = there.reduce(0) { $0 + exp(output[$1]) }
        func mean(_ i: Int) -> Double { means == .rates ? exp(output[i]) : library * exp(output[i]) / sum }

        func poisson(_ i: Int) -> Double { mean(i) - (x[i] > 0 ? x[i] * log(mean(i)) : 0) + logGamma(x[i] + 1) }

        func negativeBinomial(_ i: Int, head: Int) -> Double {
            let c = exp(min(max(output[head * features + i], -10), 18))
            return logGamma(c) + logGamma(x[i] + 1) - logGamma(x[i] + c) + (c + x[i]) * log1p(mean(i) / c)
                - (x[i] > 0 ? x[i] * log(mean(i) / c) : 0)
        }

        func zeroInflated(_ i: Int) -> Double {
            let zero = 1 / (1 + exp(-output[features + i]))
            return -log((x[i] == 0 ? zero : 0) + (1 - zero) * exp(-negativeBinomial(i, head: 2)))
        }

        let of: (Int) -> Double
        switch likelihood.rawValue {
        case "poisson", "multinomial": of = poisson
        case "nb": of = { negativeBinomial($0, head: 1) }
        case "zinb": of = zeroInflated
        default: return nil
        }
        let total = there.reduce(0) { $0 + of($1) }
        // Given their sum, Poisson variables are a multinomial one's.
        let ofSum =
            likelihood.rawValue == "multinomial" && library > 0 ? library - library * log(library) + logGamma(library + 1) : 0
        loss = total - ofSum
    }
}

/// The C library's.
func logGamma(_ x: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(x, &sign)
}
