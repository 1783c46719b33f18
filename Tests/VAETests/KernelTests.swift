import CKernels
import Foundation
import Support
import Testing
import VAE

/// The functions of the kernels against the C library's in Double.
struct KernelTests {
    private static let inputs: [Float] = (-4000...4000).map { Float($0) / 40 } + [0, -0.0, 1e-30, -1e-30, 1e-6, -1e-6]

    private func apply(_ kind: kernel_activation, _ inputs: [Float]) -> [Float] {
        var outputs = [Float](repeating: 0, count: inputs.count)
        kernel_activate(kind, &outputs, inputs, inputs.count)
        return outputs
    }

    /// Rows without their zeros come back bit for bit, also -0 and what is not a number, in no more bytes than their values need.
    @Test(arguments: [5, 300, 65_536, 65_537])
    func packedRows(features: Int) {
        // Values besides 0, and the bytes of one: of a row all of whose values fit.
        let kinds: [(values: [Float], bytes: Int)] = [
            ([1, 255], 1), ([3, 256, 65_535], 2), ([65_536], 4), ([0.5], 4), ([-1], 4), ([-0.0, 7], 4), ([.nan, 2], 4),
            ([.infinity, .leastNonzeroMagnitude], 4),
        ]
        for (values, bytes) in kinds {
            for step in [1, 2, 7, features] {
                var row = [Float](repeating: 0, count: features)
                for (number, place) in stride(from: features - 1, through: 0, by: -step).enumerated() {
                    row[place] = values[number % values.count]
                }
                let count = row.count { $0.bitPattern != 0 }
                let size = kernel_packed_size(row, features)
                let sparse = 8 + (count * bytes + 3) / 4 * 4 + count * (features <= 65_536 ? 2 : 4)
                #expect(count < values.count || size == (min(sparse, 8 + 4 * features) + 7) / 8 * 8, "\(values) every \(step)")
                var packed = [UInt8](repeating: 77, count: size + 8)
                var (floats, doubles) = ([Float](repeating: 1, count: features), [Double](repeating: 1, count: features))
                packed.withUnsafeMutableBytes { memory in
                    kernel_pack_row(memory.baseAddress!, row, features)
                    kernel_unpack_float(&floats, memory.baseAddress!, features)
                    kernel_unpack_double(&doubles, memory.baseAddress!, features)
                }
                #expect(packed.suffix(8).allSatisfy { $0 == 77 })
                #expect(floats.map(\.bitPattern) == row.map(\.bitPattern))
                #expect(doubles.map { Float($0).bitPattern } == row.map(\.bitPattern))
            }
        }
    }

    @Test func activations() {
        let kinds: [(kernel_activation, Activation)] = [
            (kernel_relu, .relu), (kernel_leaky_relu, .leakyReLU), (kernel_elu, .elu), (kernel_gelu, .gelu),
            (kernel_tanh, .tanh), (kernel_sigmoid, .sigmoid), (kernel_silu, .silu),
            (kernel_symlog, .symlog), (kernel_softplus, Activation(rawValue: "softplus")!),
        ]
        for (kernel, activation) in kinds {
            for (x, y) in zip(Self.inputs, apply(kernel, Self.inputs)) {
                let exact = Reference.activate(activation, Double(x))
                // GELU's erf is good to 1.5e-7, times x.
                let allowed = max(1e-7 * max(1, abs(Double(x))), 4e-7 * abs(exact)) * (activation == .gelu ? 2 : 1)
                #expect(abs(Double(y) - exact) <= allowed, "\(activation)(\(x)) is \(y), not \(exact)")
            }
        }
    }

    @Test func notANumberStaysOne() {
        for kind in [kernel_elu, kernel_gelu, kernel_tanh, kernel_sigmoid, kernel_silu, kernel_symlog, kernel_softplus] {
            #expect(apply(kind, [.nan, 1])[0].isNaN)
        }
        var output: [Float] = [.nan]
        var loss = [0.0]
        lose(kernel_likelihood_bernoulli, [0.5], [1], &output, &loss, rows: 1, features: 1)
        #expect(loss[0].isNaN)
    }

    private func lose(
        _ kind: kernel_likelihood, _ x: [Float], _ weights: [Float]?, _ output: inout [Float], _ losses: inout [Double],
        rows: Int,
        features: Int
    ) {
        let (x, weights) = (x + [0], weights ?? [])
        var scratch = [Float](repeating: .nan, count: Int(KERNEL_LIKELIHOOD_DISPERSED_SCRATCH) * kernel_whole_vectors(features))
        output.withUnsafeMutableBufferPointer { output in
            losses.withUnsafeMutableBufferPointer { losses in
                x.withUnsafeBufferPointer { x in
                    weights.withUnsafeBufferPointer { weights in
                        Self.settings(kind).withUnsafeBufferPointer { settings in
                            var terms = kernel_loss_terms(
                                x: x.baseAddress, mask: nil, weights: weights.isEmpty ? nil : weights.baseAddress,
                                output: output.baseAddress, scale: 1, settings: settings.baseAddress, scratch: nil,
                                losses: losses.baseAddress, rows: rows, features: features)
                            scratch.withUnsafeMutableBufferPointer { scratch in
                                terms.scratch = scratch.baseAddress
                                kernel_loss(kind, &terms)
                            }
                        }
                    }
                }
            }
        }
    }

    /// A scale of a half, 4 degrees of freedom, 2 categories; of counts 0, as their dispersions are of each row.
    private static func settings(_ kind: kernel_likelihood) -> [Float] {
        if kind == kernel_likelihood_ordinal { return [4, 0] }
        if kind == kernel_likelihood_discretized_logistic { return [3, 0] }
        let isOfRows = [kernel_likelihood_negative_binomial, kernel_likelihood_zero_inflated].contains(kind)
        // The means of counts are shares.
        let isCount = isOfRows || kind == kernel_likelihood_poisson
        return [kind == kernel_likelihood_categorical ? 2 : isOfRows ? 0 : 0.5, isCount ? 0 : 4]
    }

    /// Each likelihood's kernel, and its outputs per feature.
    private static let likelihoods: [String: (kernel: kernel_likelihood, heads: Int)] = [
        "bernoulli": (kernel_likelihood_bernoulli, 1), "gaussian": (kernel_likelihood_gaussian, 1),
        "gaussian-learned": (kernel_likelihood_gaussian_learned, 2),
        "categorical": (kernel_likelihood_categorical, 1),
        "continuous-bernoulli": (kernel_likelihood_continuous_bernoulli, 1),
        "ordinal": (kernel_likelihood_ordinal, 4), "discretized-logistic": (kernel_likelihood_discretized_logistic, 9),
        "log-normal": (kernel_likelihood_log_normal, 1), "student-t": (kernel_likelihood_student_t, 1),
        "laplace": (kernel_likelihood_laplace, 1), "mse": (kernel_likelihood_squared_error, 1),
        "multinomial": (kernel_likelihood_multinomial, 1), "nb": (kernel_likelihood_negative_binomial, 2),
        "poisson": (kernel_likelihood_poisson, 1), "zinb": (kernel_likelihood_zero_inflated, 3),
    ]

    @Test(arguments: LikelihoodName.allCases)
    func likelihoods(likelihood: LikelihoodName) throws {
        let (kernel, heads) = try #require(Self.likelihoods[likelihood.rawValue])
        // Sizes around the number of lanes.
        for features in [1, 15, 31, 32, 33, 64, 100] {
            let width = heads * features
            let isCount = likelihood.make().support?.isWhole == true
            let isPositive = likelihood.rawValue == "log-normal"
            let x = (0..<2 * features).map { i -> Float in
                let seventh = i % 7
                if isCount { return Float(max(0, seventh - 3)) }
                return isPositive ? Float(seventh + 1) : Float(seventh) / 7
            }
            var output = (0..<2 * width).map { 6 * sin(Float($0)) }
            let before = output.map(Double.init)
            var losses = [0.0, 0.0]
            /// With weights `output` becomes the gradient.
            func run(_ weights: [Float]?) {
                lose(kernel, x, weights, &output, &losses, rows: 2, features: features)
            }
            run(nil)
            #expect(output.map(Double.init) == before)
            let alone = losses
            run([1, 1])
            #expect(output.map(Double.init) != before && losses == alone)
            for row in 0..<2 {
                let exact = Reference.loss(
                    likelihood, x[row * features..<(row + 1) * features].map(Double.init),
                    Array(before[row * width..<(row + 1) * width]),
                    LikelihoodSettings(
                        scale: 0.5, categories: likelihood == .ordinal ? 4 : 2, components: 3))
                #expect(abs(losses[row] - exact) < 2e-6 * max(1, abs(exact)), "\(features) features")
            }
        }
    }

    @Test func preparation() {
        var values: [Float] = [0, 1e-30, 1e-8, 1e-4, 0.1, 1, 2.5, 1000, 1e8]
        let before = values
        kernel_log1p(&values, values.count)
        for (x, y) in zip(before, values) {
            #expect(abs(Double(y) - log1p(Double(x))) <= 3e-7 * log1p(Double(x)), "log1p(\(x)) is \(y)")
        }
        var rows: [Float] = [1, 2, 5, 0, 0, 0]
        kernel_scale_to_total(&rows, 16, 2, 3)
        #expect(rows == [2, 4, 10, 0, 0, 0])
        kernel_clamp(&rows, 3, 9, 6)
        #expect(rows == [3, 4, 9, 3, 3, 3])
        kernel_threshold(&rows, 4, 6)
        #expect(rows == [0, 0, 1, 0, 0, 0])
    }

    /// Draws have the probabilities that they are given, differ by row and epoch, and do not depend on which rows are drawn together.
    @Test func draws() {
        let features = 1003
        func draw(_ rows: [Int64], epoch: UInt32) -> [Float] {
            var values = rows.flatMap { _ in (0..<features).map { Float($0) / Float(features - 1) } }
            kernel_draw_bernoulli(&values, rows, rows.count, features, 11, 6, epoch)
            return values
        }
        let rows = (0..<400).map { Int64($0) * 7_000_000_001 }
        let drawn = draw(rows, epoch: 2)
        #expect(drawn.allSatisfy { $0 == 0 || $0 == 1 })
        for first in stride(from: 0, to: features, by: 59) {
            let expected = (Double(first) + 0.5 * 58) / Double(features - 1)
            let columns = first..<min(first + 59, features)
            guard columns.count == 59 else { continue }
            let mean =
                rows.indices.reduce(0.0) { sum, row in
                    sum + columns.reduce(0.0) { $0 + Double(drawn[row * features + $1]) }
                } / Double(59 * rows.count)
            #expect(abs(mean - expected) < 5 * (0.25 / Double(59 * rows.count)).squareRoot(), "\(mean), not \(expected)")
        }
        #expect(draw([rows[3]], epoch: 2) == Array(drawn[3 * features..<4 * features]))
        #expect(draw(rows, epoch: 3) != drawn && draw([rows[3]], epoch: 2) != draw([rows[4]], epoch: 2))
    }

    @Test func decoding() {
        func floats<Number: BitwiseCopyable>(_ numbers: [Number], _ type: kernel_number, _ count: Int) -> [Float] {
            var values = [Float](repeating: -1, count: count)
            kernel_to_float(&values, numbers, type, count)
            return values
        }
        #expect(floats([0, 51, 255] as [UInt8], kernel_pixel, 3) == [0, 0.2, 1])
        #expect(floats([-128, 7] as [Int8], kernel_int8, 2) == [-128, 7])
        #expect(floats([Int64.min, 1 << 40] as [Int64], kernel_int64, 2) == [-0x1p63, 0x1p40])
        #expect(floats([0b1010_0001, 0b1100_0000] as [UInt8], kernel_bit, 11) == [1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0])
        #expect(kernel_find_outside([0, 1, .nan, 5], 0, 1, 1, 4) == 3)
        // Every half-precision number, as the compiler converts it.
        #if arch(arm64)
        let halves = (0..<65536).map { UInt16($0) }
        for (half, value) in zip(halves, floats(halves, kernel_float16, 65536)) {
            let exact = Float(Float16(bitPattern: half))
            #expect(value == exact || (value.isNaN && exact.isNaN))
        }
        #else
        let halves: [UInt16] = [0, 0x8000, 1, 0x03FF, 0x0400, 0x3C00, 0xC000, 0x7BFF, 0x7C00, 0xFC00]
        let wanted: [Float] = [0, -0.0, 0x1p-24, 0x1.ff8p-15, 0x1p-14, 1, -2, 65504, .infinity, -.infinity]
        #expect(floats(halves, kernel_float16, 10) == wanted)
        let none = floats([0x7C01, 0xFE00] as [UInt16], kernel_float16, 2)
        #expect(none[0].isNaN && none[1].isNaN)
        #endif
        var swapped: [UInt32] = [0x0102_0304]
        kernel_swap_bytes(&swapped, 4, 1)
        #expect(swapped == [0x0403_0201])
        for (size, count) in [(1, 5), (2, 37), (3, 11), (4, 100), (8, 9)] {
            let elements = (0..<size * count + size - 1).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 256) }
            var bytes = elements
            for i in 0..<count { for byte in 0..<size { bytes[byte * count + i] = elements[i * size + byte] } }
            var back = [UInt8](repeating: 0, count: bytes.count)
            kernel_unshuffle(&back, bytes, size, bytes.count)
            #expect(back == elements)
        }
        #expect(kernel_find_outside([0, 1, .nan, 5], 0, 1, 0, 4) == 2 && kernel_find_outside([0, 1], 0, 1, 0, 2) == 2)
    }

    @Test func sumsOfSquares() {
        for count in [0, 1, 7, 8, 9, 1000] {
            let values = (0..<count).map { sin(Float($0)) }
            let exact = values.reduce(0.0) { $0 + Double($1) * Double($1) }
            #expect(abs(kernel_sum_of_squares(values, count) - exact) < 1e-12 * max(1, exact))
        }
    }

    /// Shares, levels and independence of what corrupts rows, each a function of its row alone.
    @Test(arguments: ["gaussian", "masking", "salt-and-pepper"], [1, 3, 784, 1003])
    func corruptions(kind: String, features: Int) {
        let count = 40_000 / features + 2
        let rows = (0..<count).map { Int64(1 << 33) + 7 * Int64($0) }
        let values = (0..<count * features).map { 2 + Float($0 % 11) }
        func corrupt(_ numbers: [Int64], _ x: [Float], epoch: UInt32) -> [Float] {
            var result = [Float](repeating: .nan, count: x.count)
            switch kind {
            case "gaussian": kernel_corrupt_gaussian(&result, x, numbers, numbers.count, features, 0.5, 3, 20, epoch)
            case "masking": kernel_corrupt_masking(&result, x, numbers, numbers.count, features, 0.2, 3, 20, epoch)
            default: kernel_corrupt_salt_and_pepper(&result, x, numbers, numbers.count, features, 0.2, 3, 20, epoch)
            }
            return result
        }
        let all = corrupt(rows, values, epoch: 4)
        let last = Array(values.suffix(features))
        #expect(Array(all.suffix(features)) == corrupt([rows[count - 1]], last, epoch: 4), "a row alone is the same")
        if kind == "gaussian" {
            let noise = zip(all, values).map { Double($0 - $1) / 0.5 }
            let mean = noise.reduce(0, +) / Double(noise.count)
            let variance = noise.reduce(0) { $0 + $1 * $1 } / Double(noise.count)
            #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.05, "\(mean), \(variance)")
            #expect(corrupt(rows, values, epoch: 5) != all)
            return
        }
        let changed = zip(all, values).filter { $0 != $1 }.map(\.0)
        let share = Double(changed.count) / Double(all.count)
        if kind == "masking" {
            #expect(changed.allSatisfy { $0 == 0 })
            #expect(abs(share - 0.2) < 0.01)
            #expect(corrupt(rows, values, epoch: 5) != all)
        } else if features > 11 {
            // The least and the greatest value of a row are 2 and 12, each of which an eleventh of the values has already.
            #expect(changed.allSatisfy { $0 == 2 || $0 == 12 })
            #expect(abs(share - 0.2 * 10 / 11) < 0.01)
            let low = Double(changed.count { $0 == 2 }) / Double(changed.count)
            #expect(abs(low - 0.5) < 0.03)
            #expect(corrupt(rows, values, epoch: 5) != all)
        } else {
            // Whatever is drawn is one of the row's own values.
            for row in 0..<count {
                let own = values[row * features..<(row + 1) * features]
                #expect(all[row * features..<(row + 1) * features].allSatisfy { own.contains($0) })
            }
        }
    }
}
