import CKernels
import Testing

/// Counts whose dispersions all rows share: what many rows take from a table, rows by themselves compute, to the same bits.
struct SharedDispersionTests {
    struct Losses: Equatable {
        var losses: [UInt64]
        var gradients: [UInt32]
    }

    private static let (rows, features) = (60, 37)

    /// Counts of which two thirds are 0, and of the others some beyond the table and some fractions.
    private static let counts: [Float] = (0..<rows * features).map { place in
        let number = (place &* 2_654_435_761) >> 7
        if number % 3 != 0 { return 0 }
        return number % 11 == 0 ? Float(number % 1000) : number % 13 == 0 ? Float(number % 7) + 0.5 : Float(1 + number % 8)
    }

    private func lose(_ kind: kernel_likelihood, heads: Int, rowsAtOnce: Int) -> Losses {
        let (features, width) = (Self.features, heads * Self.features)
        let logDispersions = (0..<features).map { Float($0 % 9) - 3 }
        var output = [Float]()
        for row in 0..<Self.rows {
            output += (0..<(heads - 1) * features).map { Float(($0 * 7 + row * 3) % 11) / 3 - 2 } + logDispersions
        }
        var losses = [Double](repeating: 0, count: Self.rows)
        let weights = [Float](repeating: 1, count: Self.rows)
        let size = Int(KERNEL_LIKELIHOOD_DISPERSED_SCRATCH) * kernel_whole_vectors(features)
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: 4 * size, alignment: 64).bindMemory(
            to: Float.self, capacity: size)
        defer { scratch.deallocate() }
        let settings: [Float] = [1, 0]
        for first in stride(from: 0, to: Self.rows, by: rowsAtOnce) {
            Self.counts.withUnsafeBufferPointer { x in
                output.withUnsafeMutableBufferPointer { output in
                    losses.withUnsafeMutableBufferPointer { losses in
                        weights.withUnsafeBufferPointer { weights in
                            settings.withUnsafeBufferPointer { settings in
                                var terms = kernel_loss_terms(
                                    x: x.baseAddress! + first * features, mask: nil, weights: weights.baseAddress,
                                    output: output.baseAddress! + first * width, scale: 1, settings: settings.baseAddress,
                                    scratch: scratch, losses: losses.baseAddress! + first, rows: rowsAtOnce,
                                    features: features)
                                kernel_loss(kind, &terms)
                            }
                        }
                    }
                }
            }
        }
        return Losses(losses: losses.map(\.bitPattern), gradients: output.map(\.bitPattern))
    }

    @Test(arguments: [2, 3])
    func tables(heads: Int) {
        let kind = heads == 2 ? kernel_likelihood_negative_binomial : kernel_likelihood_zero_inflated
        // So many counts that one call has a table; a row alone has too few for one.
        #expect(Self.counts.count { $0 > 0 } > 2 * 8 * Self.features)
        #expect(lose(kind, heads: heads, rowsAtOnce: Self.rows) == lose(kind, heads: heads, rowsAtOnce: 1))
    }
}
