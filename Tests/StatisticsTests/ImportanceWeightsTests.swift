import Foundation
import Statistics
import Testing

/// Sums of weights against scipy's `logsumexp`, however large or small they are.
struct ImportanceWeightsTests {
    private func sum(_ logarithms: [Double]) -> ImportanceWeights {
        var weights = ImportanceWeights()
        for value in logarithms { weights.add(value) }
        return weights
    }

    /// Logarithms `(5 i mod 12) / 2`, also far beyond what exponentials can say; the variance is that of the mean over its square.
    @Test(arguments: [0, 2000, -2000]) func twelve(offset: Double) {
        let weights = sum((0..<12).map { offset + Double(5 * $0 % 12) / 2 })
        expect([weights.logSum - offset], [6.430270300198229], within: 1e-11)
        expect([weights.logMean - offset], [3.9453636504102287], within: 1e-11)
        expect([weights.variance], [0.17760276168954253], within: 1e-11)
    }

    @Test func equalWeights() {
        let weights = sum([-3, -3, -3, -3])
        expect([weights.logMean, weights.variance], [-3, 0])
        expect([sum([7]).logMean], [7])
    }

    /// One that is zero counts as a sample.
    @Test func zero() {
        for place in 0..<3 {
            var values: [Double] = [1, 1, 1]
            values[place] = -Double.infinity
            let weights = sum(values)
            expect([weights.logMean, weights.variance], [1 + log(2.0 / 3), 0.25])
        }
    }

    /// The order makes no difference beyond rounding.
    @Test func anyOrder() {
        let values = (0..<40).map { Double(37 * $0 % 40) * 3 - 60 }
        let (up, down) = (sum(values.sorted()), sum(values.sorted(by: >)))
        expect([up.logSum, up.variance], [down.logSum, down.variance])
    }
}
