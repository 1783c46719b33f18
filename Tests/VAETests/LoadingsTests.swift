import Foundation
import Support
import Testing
import VAE

/// What is said of linear decoders, against what they do.
struct LoadingsTests {
    private func model(
        _ decoder: String, likelihood: LikelihoodName = .gaussian, heads: Int = 1, conditions: Int = 0, isPlanar: Bool = false
    ) throws -> ModelSpecification {
        let shape = isPlanar ? Shape([3, 2]) : Shape(6)
        let networks = try ModelNetworks(
            shape, encoder: try NetworkText.blocks("dense 5, tanh"), decoder: try NetworkText.blocks(decoder), latentSize: 3,
            heads: heads, isPlanar: isPlanar)
        var model = ModelSpecification(
            latent: .normal, inputSize: 6, hiddenSizes: [], latentSize: 3, networks: networks, likelihood: likelihood)
        model.conditionSize = conditions
        return model
    }

    /// The means of codes, for a likelihood whose mean is the decoder's first output.
    private func decode(_ example: Example, _ codes: [Float]) -> [Float] {
        let rows = codes.count / 3
        let conditions = [Float](repeating: 0.4, count: rows * example.configuration.conditionSize)
        var means = [Float](repeating: 0, count: rows * 6)
        example.inference.decode(
            codes, rowCount: rows, .given(1), conditions: conditions.isEmpty ? nil : conditions, example.prepared, mean: &means)
        return means
    }

    private func check(_ example: Example) throws {
        let conditions = example.configuration.conditionSize
        let loadings = try #require(example.model.loadings(example.prepared))
        #expect(loadings.latents == 3 && loadings.features == 6 && !loadings.areTopics)
        let means = decode(example, [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1])
        for latent in 0..<3 {
            for feature in 0..<6 {
                let difference = means[6 + latent * 6 + feature] - means[feature]
                #expect(abs(loadings.values[latent * 6 + feature] - difference) < 1e-5)
                #expect(conditions > 0 || abs(loadings.levels[feature] - means[feature]) < 1e-5)
            }
        }
        #expect(Set(loadings.values).count == 18)
    }

    @Test(arguments: [
        "dense 6", "dense 6, batch-norm", "dropout 0.3, dense 6, batch-norm unscaled", "dense 6, batch-norm, batch-norm",
    ])
    func differences(decoder: String) throws {
        for conditions in [0, 2] {
            try check(try Example(model(decoder, conditions: conditions), rowCount: 1, microBatch: 4))
        }
    }

    /// Of several heads the first, in the order of the features, also of planar rows; and of models without lists.
    @Test func heads() throws {
        for isPlanar in [false, true] {
            let learned = try model(
                "dense 12, batch-norm", likelihood: .init(rawValue: "gaussian-learned")!, heads: 2, isPlanar: isPlanar)
            try check(try Example(learned, rowCount: 1, microBatch: 4))
        }
        let plain = ModelSpecification(latent: .normal, inputSize: 6, hiddenSizes: [], latentSize: 3, likelihood: .gaussian)
        try check(try Example(plain, rowCount: 1, microBatch: 4))
    }

    /// Topics are what is decoded of rows that are one third of it.
    @Test func topics() throws {
        let networks = "softmax, dropout 0.2, dense 6, batch-norm unscaled"
        let example = try Example(
            try model(networks, likelihood: LikelihoodName(rawValue: "multinomial")!), rowCount: 1, microBatch: 4)
        let loadings = try #require(example.model.loadings(example.prepared))
        #expect(loadings.areTopics)
        // Shares of 5/9, 2/9 and 2/9.
        let most = Float(log(2.5))
        let means = decode(example, [most, 0, 0, 0, most, 0, 0, 0, most])
        for topic in 0..<3 {
            for (share, mean) in zip(loadings.topics[topic], means[topic * 6..<(topic + 1) * 6]) {
                #expect(abs(share - mean) < 1e-6)
            }
        }
        let gaussian = try Example(try model(networks), rowCount: 1, microBatch: 4)
        #expect(try !#require(gaussian.model.loadings(gaussian.prepared)).areTopics)
    }

    @Test(arguments: [
        "dense 4, tanh, dense 6", "dense 4, dense 6", "softmax, tanh, dense 6", "dense 6, layer-norm",
        "dense 6, softmax, batch-norm",
    ])
    func others(decoder: String) throws {
        let example = try Example(try model(decoder), rowCount: 1, microBatch: 4)
        #expect(example.model.loadings(example.prepared) == nil)
    }

    @Test func sharesAreNoOutput() {
        #expect(throws: NetworkError.self) { try model("dense 6, softmax") }
    }
}
