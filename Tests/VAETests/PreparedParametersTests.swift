import Support
import Testing
import VAE

struct PreparedParametersTests {
    /// Training multiplies large weights of short rows as they lie, inference packs all: the bits are the same.
    @Test(arguments: [257, 400, 800, 801])
    func trainingAndInferenceGiveTheSameBits(_ hidden: Int) throws {
        let (features, count) = (300, 37)
        let example = try Example(
            ModelSpecification(
                latent: .normal, inputSize: features, hiddenSizes: [hidden], latentSize: 3, activation: .relu,
                likelihood: .gaussian),
            rowCount: count, microBatch: count)
        let packed = PreparedParameters(example.parameters.pointer, of: example.model, for: .inference)
        packed.pack()
        func reconstructed(by parameters: PreparedParameters) -> [UInt32] {
            let mean = AlignedBuffer(count: count * features)
            example.withBatch { example.inference.reconstruct($0, parameters, into: mean.pointer) }
            return (0..<mean.count).map { mean.pointer[$0].bitPattern }
        }
        let bits = reconstructed(by: example.prepared)
        #expect(bits == reconstructed(by: packed))
        #expect(Set(bits).count > count * features / 2)
        // Else both were packed, and this compares nothing.
        let bytes = { PreparedParameters.byteCount(example.model, for: $0) }
        #expect((bytes(.training) < bytes(.inference)) == (hidden <= 800))
    }
}
