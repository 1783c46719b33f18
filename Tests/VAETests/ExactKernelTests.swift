import CKernels
import Foundation
import Testing

/// What is done to rows in double precision, against the C library and against sums in 128 bits' worth of whole numbers.
struct ExactKernelTests {
    @Test func logarithms() {
        let spread = (0..<4000).map { (place: Int) -> Double in exp(Double(place) / 12 - 170) }
        let small = (0...3000).map { (place: Int) -> Double in Double(place) / 1000 }
        let inputs: [Double] =
            spread + small + [0, .leastNonzeroMagnitude, 0x1p-53, 0.41421356237309503, 0.4142135623730951, 1e140]
        var values = inputs
        kernel_exact_log1p(&values, values.count)
        for (x, y) in zip(inputs, values) {
            #expect(abs(y - log1p(x)) <= 2 * log1p(x).ulp, "log1p(\(x)) is \(y), not \(log1p(x))")
        }
        var missing = [Double.nan]
        kernel_exact_log1p(&missing, 1)
        #expect(missing[0].isNaN)
    }

    /// Also of rows of more values than are summed side by side, some of which are missing.
    @Test(arguments: [1, 3, 31, 32, 33, 100])
    func totals(features: Int) {
        var row = (0..<features).map { Double($0 % 7) + 1e9 }
        if features > 3 { row[2] = .nan }
        let sum = row.filter { !$0.isNaN }.reduce(0, +)
        let before = row
        kernel_exact_scale_to_total(&row, 100, features)
        for (old, new) in zip(before, row) where !old.isNaN { #expect(abs(new - old * 100 / sum) < 1e-13) }
        #expect(row.count(where: \.isNaN) == (features > 3 ? 1 : 0))
        var zeros = [Double](repeating: 0, count: features)
        kernel_exact_scale_to_total(&zeros, 100, features)
        #expect(zeros.allSatisfy { $0 == 0 })
    }

    @Test func elements() {
        var row = [1e15 + 0.5, 2, .nan, -7]
        kernel_exact_shift_and_scale(&row, [1e15, 2, 3, 1], [4, 1, 1, 0.5], 4)
        #expect(row[0] == 2 && row[1] == 0 && row[2].isNaN && row[3] == -4)
        kernel_exact_clamp(&row, -1, 1, 4)
        #expect(row[0] == 1 && row[1] == 0 && row[2].isNaN && row[3] == -1)
        kernel_exact_threshold(&row, 0, 4)
        #expect(row[0] == 1 && row[1] == 0 && row[2].isNaN && row[3] == 0)
        var restored = [0.0, 0, 0, 0]
        kernel_exact_restore(&restored, [2, -1, 0.5, 3], [1e15, 7], [4, 0.5], 2, 2)
        #expect(restored == [1e15 + 0.5, 5, 1e15 + 0.125, 13])
        #expect(kernel_find_outside_exact([0, 1, .nan, 1 + 1e-15], 0, 1, 1, 4) == 3)
        #expect(kernel_find_outside_exact([0, 1, .nan, 1 + 1e-15], 0, 1, 0, 4) == 2)
    }

    /// Means and deviations of small differences far from 0, with values that are missing, also the first.
    @Test func moments() {
        let offsets = [1.7e18, -5.5e6, 0x1p60, 1]
        let steps = [256.0, 1e-3, 256, 1e-15]
        let count = 1001
        let zeros = [Double](repeating: 0, count: 4)
        var (counts, firsts, means, squares) = (zeros, zeros, zeros, zeros)
        var (lows, highs) = (zeros.map { $0 + .infinity }, zeros.map { $0 - .infinity })
        for row in 0..<count {
            var values = (0..<4).map { offsets[$0] + Double((row * 8) % count) * steps[$0] }
            if row % 10 == 0 { values[1] = .nan }
            kernel_exact_take_moments(values, &counts, &firsts, &lows, &highs, &means, &squares, 4)
        }
        for feature in [0, 2] {
            #expect(counts[feature] == 1001 && firsts[feature] == offsets[feature])
            #expect(lows[feature] == offsets[feature] && highs[feature] == offsets[feature] + 1000 * steps[feature])
            // 0 to 1000, each once.
            #expect(abs(means[feature] / (500 * steps[feature]) - 1) < 1e-12)
            let variance = squares[feature] / 1001 / (steps[feature] * steps[feature])
            #expect(abs(variance / 83500 - 1) < 1e-12, "\(variance)")
        }
        #expect(counts[1] == 900 && firsts[1] == offsets[1] + 8e-3)
        #expect(abs(firsts[1] + means[1] - offsets[1] - 0.5) < 0.01)
    }

    @Test func decoding() {
        func doubles<Number: BitwiseCopyable>(_ numbers: [Number], _ type: kernel_number, _ count: Int) -> [Double] {
            var values = [Double](repeating: -1, count: count)
            kernel_to_double(&values, numbers, type, count)
            return values
        }
        #expect(doubles([0, 51, 255] as [UInt8], kernel_pixel, 3) == [0, 0.2, 1])
        #expect(doubles([0, 51, 255] as [UInt8], kernel_uint8, 3) == [0, 51, 255])
        #expect(doubles([-128, 7] as [Int8], kernel_int8, 2) == [-128, 7])
        #expect(doubles([-32768, 7] as [Int16], kernel_int16, 2) == [-32768, 7])
        #expect(doubles([65535, 7] as [UInt16], kernel_uint16, 2) == [65535, 7])
        #expect(doubles([2_000_000_001, -7] as [Int32], kernel_int32, 2) == [2_000_000_001, -7])
        #expect(doubles([4_000_000_001, 7] as [UInt32], kernel_uint32, 2) == [4_000_000_001, 7])
        #expect(doubles([1_700_000_000_000_001, .min] as [Int64], kernel_int64, 2) == [1_700_000_000_000_001, -0x1p63])
        let large: [Double] = [0x1p53 - 1, 0x1p64 - 2048]
        #expect(doubles(large.map { UInt64($0) }, kernel_uint64, 2) == large)
        let halves: [Double] = [1 + 0x1p-10, -65504]
        #expect(doubles([0x3c01, 0xfbff] as [UInt16], kernel_float16, 2) == halves)
        #expect(doubles([0.1, -3] as [Float], kernel_float32, 2) == [Double(Float(0.1)), -3])
        #expect(doubles([0.1, 1e300] as [Double], kernel_float64, 2) == [0.1, 1e300])
        #expect(doubles([0b1010_0001, 0b1100_0000] as [UInt8], kernel_bit, 11) == [1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0])
    }
}
