import CKernels
import Foundation
import Randomness
import Support
import Testing
import VAE

/// Likelihoods of grades and of 8-bit values: they add up to 1, and their means and draws are those of their probabilities.
struct GradeTests {
    /// A likelihood of one feature, and the values it may have.
    private struct Example {
        let likelihood: any Likelihood
        let name: LikelihoodName
        let settings: LikelihoodSettings
        let output: [Float]
        let values: [Float]

        /// By the reference.
        var probabilities: [Double] {
            values.map { exp(-Reference.loss(name, [Double($0)], output.map(Double.init), settings)) }
        }

        init(_ name: LikelihoodName, _ settings: LikelihoodSettings, output: [Float], values: [Float]) {
            (self.name, self.settings, self.output, self.values) = (name, settings, output, values)
            likelihood = name.make(settings)
        }

        static let all = [
            Example(
                .ordinal, LikelihoodSettings(categories: 5), output: [0.4, -0.7, -0.2, 0.3, -1], values: (0..<5).map { Float($0) }
            ),
            Example(.ordinal, LikelihoodSettings(categories: 2), output: [-1, 0.5], values: [0, 1]),
            Example(
                LikelihoodName(rawValue: "discretized-logistic")!, LikelihoodSettings(components: 2),
                output: [0.3, -0.5, -0.2, 0.9, -2, -1], values: (0..<256).map { Float($0) / 255 }),
        ]
    }

    @Test(arguments: 0..<3)
    func distributions(index: Int) {
        let example = Example.all[index]
        let probabilities = example.probabilities
        // Values of 8 bits are rounded to single precision, and with them where one's part ends and the next begins.
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-7)

        var mean: Float = 0
        example.likelihood.mean(example.output, .given(1), into: &mean, rows: 1, features: 1)
        if example.name == .ordinal {
            #expect(Int(mean) == probabilities.indices.max { probabilities[$0] < probabilities[$1] })
        } else {
            let exact = zip(probabilities, example.values).reduce(0) { $0 + $1.0 * Double($1.1) }
            #expect(abs(Double(mean) - exact) < 1e-6, "\(mean), not \(exact)")
        }
    }

    /// Draws of missing values are within what chance allows of the distribution.
    @Test(arguments: 0..<3)
    func draws(index: Int) throws {
        let example = Example.all[index]
        let specification = ModelSpecification(
            latent: .normal, inputSize: 1, seesMask: true, hiddenSizes: [], latentSize: 1, likelihood: example.name,
            likelihoodSettings: example.settings)
        let model = Model(specification)
        let parameters = AlignedBuffer(count: model.layout.count)
        // Only biases, so that the output is the same of all rows.
        var rest = example.output[...]
        for entry in model.layout.entries where entry.name.hasPrefix("decoder/") && !entry.name.hasSuffix("weight") {
            for place in entry.range {
                let next = rest.popFirst()
                parameters.pointer[place] = try #require(next)
            }
        }
        #expect(rest.isEmpty)
        let prepared = PreparedParameters(parameters.pointer, of: model, for: .inference)
        prepared.pack()
        let count = 6000
        let (x, seen, values) = (AlignedBuffer(count: count), AlignedBuffer(count: 2 * count), AlignedBuffer(count: count))
        let numbers = (0..<count).map(Int64.init)
        numbers.withUnsafeBufferPointer {
            let batch = Batch(
                input: x.pointer, encoderInput: seen.pointer, mask: x.pointer, weights: x.pointer, rowCount: count,
                rows: $0.baseAddress!)
            Inference(model, rows: count).drawMissing(
                of: batch, x.pointer, prepared, noise: NoiseKey(seed: 9, epoch: 0, purpose: .imputation), into: values.pointer)
        }
        let drawn = (0..<count).map { values.pointer[$0] }
        var (below, farthest) = (0.0, 0.0)
        for (value, probability) in zip(example.values, example.probabilities) {
            below += probability
            farthest = max(farthest, abs(Double(drawn.count { $0 <= value }) / Double(count) - below))
        }
        // Kolmogorov's distance at 1 in 1000.
        #expect(farthest < 1.95 / Double(count).squareRoot(), "\(farthest)")
        #expect(drawn.allSatisfy(example.values.contains))
    }
}
