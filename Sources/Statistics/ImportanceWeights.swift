internal import Support

/// Sums of importance weights, sample after sample, in a form that cannot overflow.
package struct ImportanceWeights {
    /// The largest logarithm so far, and the sums of the weights and their squares relative to it.
    private var largest = -Double.infinity
    private var sum = 0.0
    private var squares = 0.0
    private var count = 0

    package init() {}

    package mutating func add(_ logWeight: Double) {
        count += 1
        // Not a weight that can be compared: it makes all of the sum one.
        guard logWeight > -.infinity else { return }
        if logWeight > largest {
            let factor = Elementary.exp(largest - logWeight)
            sum *= factor
            squares *= factor * factor
            largest = logWeight
        }
        let weight = Elementary.exp(logWeight - largest)
        sum += weight
        squares += weight * weight
    }

    /// The logarithm of the weights' sum.
    package var logSum: Double { largest + Elementary.log(sum) }

    /// The logarithm of the weights' mean.
    package var logMean: Double { logSum - Elementary.log(Double(count)) }

    /// The variance of ``logMean``, by the delta method; needs two samples.
    package var variance: Double {
        let k = Double(count)
        return max(0, (k * squares / (sum * sum) - 1) / (k - 1))
    }
}
