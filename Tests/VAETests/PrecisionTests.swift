import CKernels
import Foundation
import Testing
import VAE

/// bfloat16 against its definition, and products in it against those in single precision.
struct PrecisionTests {
    @Test func roundsToTheNearest() {
        var values: [Float] = [
            0, -0.0, 1, -1, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNormalMagnitude, Float(bitPattern: 71362),
        ]
        for bits in stride(from: UInt32(0x3f80_0000), to: 0x3f82_0000, by: 0x1fff) { values.append(Float(bitPattern: bits)) }
        // Ties, which go to the even neighbour.
        values += [Float(bitPattern: 0x3f80_8000), Float(bitPattern: 0x3f81_8000), Float(bitPattern: 0xbf81_8000)]
        var rounded = [UInt16](repeating: 0, count: values.count)
        var back = [Float](repeating: 0, count: values.count)
        kernel_to_bf16(&rounded, values, values.count)
        kernel_from_bf16(&back, rounded, values.count)
        for (value, result) in zip(values, back) {
            let unit = value.isZero || value.isInfinite ? 1 : Double(max(value.ulp, .leastNormalMagnitude * .ulpOfOne)) * 65536
            let exact = value.isInfinite ? Double(value) : (Double(value) / unit).rounded(.toNearestOrEven) * unit
            #expect(result == Float(exact), "\(value): \(result), not \(exact)")
        }
        kernel_to_bf16(&rounded, [.nan], 1)
        kernel_from_bf16(&back, rounded, 1)
        #expect(back[0].isNaN)
    }

    @Test(.enabled(if: Precision.bf16.isFast), arguments: LikelihoodName.allCases)
    func gradientsAreCloseToThoseInSinglePrecision(likelihood: LikelihoodName) throws {
        let configuration = ModelSpecification(
            latent: .normal, inputSize: 101, hiddenSizes: [64, 33], latentSize: 7, activation: .gelu, likelihood: likelihood)
        let exact = try Example(configuration, rowCount: 77, microBatch: 32).gradient()
        let rounded = try Example(configuration, rowCount: 77, microBatch: 32, precision: .bf16).gradient()
        let difference = zip(exact.1, rounded.1).reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }.squareRoot()
        let size = exact.1.reduce(0.0) { $0 + pow(Double($1), 2) }.squareRoot()
        #expect(difference > 0 && difference < 0.02 * size, "\(difference) of \(size)")
        #expect(abs(exact.0[EvidenceLowerBound.reconstruction] / rounded.0[EvidenceLowerBound.reconstruction] - 1) < 0.01)
        // The same bits from the same numbers.
        #expect(try Example(configuration, rowCount: 77, microBatch: 32, precision: .bf16).gradient().1 == rounded.1)
    }
}
