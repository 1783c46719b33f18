import Statistics
import Testing

/// The fit against scikit-learn 1.2.1's `LogisticRegression(multi_class="multinomial")`, and the share of right answers where it is known.
struct LogisticProbeTests {
    /// 60 rows of three features `x / 64 - 1` with labels `(5 r r + r / 7) mod 3`, which features hardly tell.
    @Test func weights() {
        let features = points(60, 3)
        let rows = (0..<60).flatMap { (row: Int) -> [Double] in
            let own = features[3 * row..<3 * row + 3].map { $0 / 64 - 1 }
            return own + [1]
        }
        let labels = (0..<60).map { (5 * $0 * $0 + $0 / 7) % 3 }
        let weights = LogisticProbe.minimize(LogisticProbe.Problem(features: rows, labels: labels, width: 4, classes: 3))
        let wanted = [
            -0.023269260829977014, -0.8975634358214808, 0.10030908988959585, 0.2341078338704882,
            0.3377628005980036, 0.6013692384695708, 0.14322112915419996, -0.05789960394359084,
            -0.31449353976802685, 0.29619419735191005, -0.24353021904379582, -0.17620822992689678,
        ]
        expect(weights, wanted, within: 1e-5)
    }

    private func probe(_ values: [Float], size: Int, labels: [Int], classes: Int, seed: UInt64 = 1) -> LogisticProbe? {
        let codes = LabelledCodes(latentSize: size, values: values, labels: labels, classes: (0..<classes).map { "\($0)" })
        return LogisticProbe(codes, seed: seed)
    }

    /// Labels that a line divides, in units that differ by nine orders of magnitude.
    @Test func separable() {
        let labels = (0..<100).map { $0 % 3 }
        let values = (0..<100).flatMap { (row: Int) -> [Float] in
            let whole = Float(row % 3 * 1000 + row % 7)
            return [whole, Float(row % 5) * 1e-6]
        }
        for seed in 0..<4 { #expect(probe(values, size: 2, labels: labels, classes: 3, seed: UInt64(seed))?.accuracy == 1) }
    }

    /// Codes that say nothing: the most frequent label is the answer.
    @Test func constant() throws {
        let labels = (0..<50).map { $0 % 10 < 7 ? 1 : 0 }
        let accuracies = try (0..<8).map {
            try #require(probe([Float](repeating: 2, count: 50), size: 1, labels: labels, classes: 2, seed: UInt64($0))).accuracy
        }
        // Of ten rows asked as many as have that label, which is 0.7 of all rows.
        for accuracy in accuracies { #expect(abs(accuracy * 10 - (accuracy * 10).rounded()) < 1e-12 && accuracy >= 0.3) }
        #expect(Set(accuracies).count > 1, "the seed draws the rows")
        let mean: Double = accuracies.reduce(0, +) / 8
        #expect(abs(mean - 0.7) < 0.2, "\(accuracies)")
    }

    @Test func tooFew() {
        #expect(probe([1, 2, 3, 4], size: 1, labels: [0, 1, 0, 1], classes: 2) == nil)
        #expect(probe([1, 2, 3, 4, 5], size: 1, labels: [0, 0, 0, 0, 0], classes: 1) == nil)
        #expect(probe([1, 2, 3, 4, 5], size: 1, labels: [0, 1, 0, 1, 0], classes: 2) != nil)
    }
}
