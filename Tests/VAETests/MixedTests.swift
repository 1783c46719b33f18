import Foundation
import Randomness
import Support
import Testing
import VAE

/// Tables, whose columns have likelihoods of their own.
struct MixedTests {
    private static func part(
        _ name: String, _ columns: [Int], _ categories: [Int] = [],
        _ change: (inout LikelihoodSettings) -> Void = { _ in }
    ) -> ColumnPart {
        var settings = LikelihoodSettings(means: .rates)
        change(&settings)
        return ColumnPart(LikelihoodName(rawValue: name)!, settings, columns: columns, categories: categories)
    }

    /// Numbers by a learned variance, counts, categories, and more, in no order.
    private static let parts = [
        part("gaussian", [0, 4, 7]) { $0.variance = .feature },
        part("categorical", [1, 5], [3, 2]),
        part("poisson", [2]),
        part("nb", [3, 8]) { $0.dispersion = .gene },
        part("gaussian", [6, 9]) { $0.variance = .shared },
        part("zinb", [10, 11]) { $0.dispersion = .cell },
        part("gaussian-learned", [12]),
        part("student-t", [13, 14]),
        part("bernoulli", [15]),
        part("ordinal", [16, 17], [4, 3]),
    ]

    private static func model(seesMask: Bool, parts: [ColumnPart] = parts) -> ModelSpecification {
        var model = ModelSpecification(
            latent: .normal, inputSize: parts.reduce(0) { $0 + $1.columns.count }, seesMask: seesMask, hiddenSizes: [7],
            latentSize: 3, activation: .tanh)
        model.parts = parts
        return model
    }

    @Test(arguments: [false, true])
    func gradients(seesMask: Bool) throws {
        try GradientTests().check(Self.model(seesMask: seesMask), rowCount: 7, microBatch: 4, isWeighted: true)
        // More rows than are gathered at once.
        let parts = [Self.part("categorical", [0, 2], [4, 2]), Self.part("poisson", [1])]
        try GradientTests().check(Self.model(seesMask: seesMask, parts: parts), rowCount: 70, microBatch: 70)
    }

    /// The columns' losses add up to the row's, and each is that of its column alone; those of missing values are no numbers.
    @Test func columns() throws {
        let example = try Example(Self.model(seesMask: true), rowCount: 40, microBatch: 40)
        let features = example.configuration.inputSize
        let (losses, whole, kl) = (AlignedBuffer(count: 40 * features), AlignedBuffer(count: 40), AlignedBuffer(count: 40))
        let (mean, logVariance) = (AlignedBuffer(count: 120), AlignedBuffer(count: 120))
        var rows = Inference.Rows(
            mean: mean.pointer, logVariance: logVariance.pointer, reconstruction: whole.pointer, kl: kl.pointer)
        rows.columns = losses.pointer
        _ = example.withBatch { example.inference.evaluate($0, example.prepared, noise: example.noise, into: rows) }
        for row in 0..<40 {
            var sum: Float = 0
            for column in 0..<features {
                let loss = losses.pointer[row * features + column]
                #expect(loss.isNaN == example.rows[row][column].isNaN)
                if !loss.isNaN { sum += loss }
            }
            #expect(abs(sum - whole.pointer[row]) < 1e-4 * max(1, abs(whole.pointer[row])))
        }
    }

    /// Means of categories are the most likely ones; draws come in their shares, independently of those of other columns, and fill missing
    /// values alone.
    @Test func meansAndDraws() throws {
        let parts = [
            Self.part("categorical", [0, 2], [3, 3]), Self.part("poisson", [1]), Self.part("gaussian", [3]),
        ]
        let model = Model(Self.model(seesMask: true, parts: parts))
        let parameters = AlignedBuffer(count: model.layout.count)
        // Only the last biases: logits of 0, 1 and 2, and of 2, 1 and 0; a mean of 4; a mean of -1.
        let last = try #require(model.layout.entries.last { $0.name.hasSuffix("bias") })
        for (i, value) in [0, 1, 2, 2, 1, 0, log(Float(4)), -1].enumerated() {
            parameters.pointer[last.range.lowerBound + i] = value
        }
        let prepared = PreparedParameters(parameters.pointer, of: model, for: .inference)
        prepared.pack()
        let count = 4000
        let inference = Inference(model, rows: count)
        let (x, mask, seen) = (AlignedBuffer(count: 4 * count), AlignedBuffer(count: 4 * count), AlignedBuffer(count: 8 * count))
        let (z, values, weights) = (AlignedBuffer(count: 3 * count), AlignedBuffer(count: 4 * count), AlignedBuffer(count: count))
        let numbers = (0..<count).map(Int64.init)
        inference.decode(z.pointer, rowCount: count, .given(1), conditions: nil, prepared, mean: values.pointer)
        #expect(values.pointer[0] == 2 && values.pointer[2] == 0 && values.pointer[3] == -1)
        #expect(abs(values.pointer[1] - 4) < 1e-5)
        numbers.withUnsafeBufferPointer {
            let batch = Batch(
                input: x.pointer, encoderInput: seen.pointer, mask: mask.pointer, weights: weights.pointer, rowCount: count,
                rows: $0.baseAddress!)
            inference.drawMissing(
                of: batch, z.pointer, prepared, noise: NoiseKey(seed: 3, epoch: 0, purpose: .imputation), into: values.pointer)
        }
        let drawn = (0..<count).map { row in (0..<4).map { Double(values.pointer[4 * row + $0]) } }
        let total = 1 + exp(1.0) + exp(2.0)
        for k in 0..<3 {
            let share = exp(Double(k)) / total
            #expect(abs(Double(drawn.count { $0[0] == Double(k) }) / Double(count) - share) < 0.03)
            #expect(abs(Double(drawn.count { $0[2] == Double(2 - k) }) / Double(count) - share) < 0.03)
        }
        let (most, both) = (exp(2.0) / total, Double(drawn.count { $0[0] == 2 && $0[2] == 0 }) / Double(count))
        #expect(abs(both - most * most) < 0.03, "\(both): the columns' draws are independent")
        let counts = drawn.map { $0[1] }
        #expect(abs(counts.reduce(0, +) / Double(count) - 4) < 0.15 && counts.allSatisfy { $0 >= 0 && $0 == $0.rounded() })
    }
}
