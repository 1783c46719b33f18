import Support
import Testing
import VAE

/// How the first parameters are drawn.
struct InitializationTests {
    @Test func initializations() throws {
        for initialization in Initialization.allCases {
            let model = Model(
                ModelSpecification(
                    latent: .normal, inputSize: 200, hiddenSizes: [100], latentSize: 10, initialization: initialization))
            let parameters = AlignedBuffer(count: model.layout.count)
            model.initialize(parameters.pointer, seed: 1)
            let weight = model.layout.entries[0].range.map { Double(parameters.pointer[$0]) }
            let limits: [Initialization: Double] = [.glorot: 6 / 300, .he: 6 / 200, .pytorch: 1 / 200]
            let limit = try #require(limits[initialization]).squareRoot()
            #expect(weight.allSatisfy { abs($0) <= limit } && weight.contains { abs($0) > 0.99 * limit })
            let variance = weight.reduce(0) { $0 + $1 * $1 } / Double(weight.count)
            #expect(abs(variance / (limit * limit / 3) - 1) < 0.03)
            #expect(model.layout.entries[1].range.allSatisfy { parameters.pointer[$0] == 0 }, "biases are 0")
        }
    }
}
