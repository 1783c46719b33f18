import CKernels
import Datasets
import Support
import Testing

/// Moments of features and the scaling made of them, against numpy's of the same rows.
struct FeatureStatisticsTests {
    /// `(31 r r + 57 r c + 19 c) mod 127` in row r and column c of 90 rows and 3 columns, from an offset on.
    private static func value(_ row: Int, _ column: Int) -> Double {
        Double((31 * row * row + 57 * row * column + 19 * column) % 127)
    }

    private static let mean = [56.5, 66.35555555555555, 64.92222222222222]
    private static let deviation = [34.8183380801937, 37.103252660982314, 35.50781691020155]

    /// Moments of the rows of some ranges, each taken alone, that are joined one after the other.
    private func moments(
        _ ranges: [Range<Int>], columns: Int = 3, _ value: (Int, Int) -> Double = Self.value
    ) -> [FeatureMoments] {
        let parts = ranges.map { rows in
            let sums = FeatureMoments.starts.map { start in
                let memory = UnsafeMutableBufferPointer<Double>.allocate(capacity: columns)
                memory.initialize(repeating: start)
                return memory
            }
            defer { for memory in sums { memory.deallocate() } }
            let pointers = sums.map { $0.baseAddress! }
            for row in rows {
                kernel_exact_take_moments(
                    (0..<columns).map { value(row, $0) }, pointers[0], pointers[1], pointers[2], pointers[3], pointers[4],
                    pointers[5], columns)
            }
            return (0..<columns).map { FeatureMoments(sums.map(Array.init), $0) }
        }
        return parts.dropFirst().reduce(parts[0]) { joined, part in
            zip(joined, part).map { one, other in
                var one = one
                one.join(other)
                return one
            }
        }
    }

    private func expect(_ values: [Double], _ wanted: [Double], within tolerance: Double = 1e-13) {
        #expect(values.count == wanted.count)
        for (value, wanted) in zip(values, wanted) {
            #expect(abs(value - wanted) <= tolerance * max(1, abs(wanted)), "\(value), not \(wanted)")
        }
    }

    @Test(arguments: [[0..<90], [0..<1, 1..<90], [0..<30, 30..<30, 30..<77, 77..<90], (0..<90).map { $0..<$0 + 1 }])
    func joined(ranges: [Range<Int>]) {
        let found = moments(ranges)
        expect(found.map { $0.first + $0.mean }, Self.mean)
        expect(found.map(\.deviation), Self.deviation)
        #expect(found.map(\.low) == [0, 0, 1] && found.map(\.high) == [124, 123, 126] && found.allSatisfy { $0.count == 90 })
    }

    /// A spread that is a 10^-13th of what it lies on keeps its digits.
    @Test func smallSpread() {
        let found = moments([0..<40, 40..<90]) { 1.0e12 + Self.value($0, $1) / 1024 }
        expect(found.map { ($0.first - 1e12 + $0.mean) * 1024 }, Self.mean, within: 1e-7)
        expect(found.map { $0.deviation * 1024 }, Self.deviation, within: 1e-7)
    }

    /// Missing values count for nothing; a feature may be missing altogether, be constant, or differ by rounding.
    @Test func unusual() {
        let found = moments([0..<2, 2..<90], columns: 4) { row, column in
            switch column {
            case 0: row % 2 == 0 ? .nan : Self.value(row, 0)
            case 1: .nan
            case 2: 0.1
            default: row % 2 == 0 ? 0.3 : (0.3).nextUp
            }
        }
        let odd = stride(from: 1, to: 90, by: 2).map { Self.value($0, 0) }
        expect([found[0].count, found[0].first + found[0].mean], [45, odd.reduce(0, +) / 45])
        #expect(found[1].count == 0 && !found[1].isConstant)
        #expect(found[2].isConstant && found[2].squares == 0 && !found[2].differsByRounding)
        #expect(!found[3].isConstant && found[3].differsByRounding && !found[0].differsByRounding)
    }

    private func scaling(
        _ scale: PreparationSettings.Scale, by scaleBy: PreparationSettings.ScaleBy = .feature, _ moments: [FeatureMoments]
    ) throws -> Preparation {
        var settings = PreparationSettings()
        (settings.scale, settings.scaleBy) = (scale, scaleBy)
        var preparation = Preparation(settings, support: nil)
        try preparation.take(moments, isWide: false)
        return preparation
    }

    @Test func scalings() throws {
        let moments = moments([0..<90])
        let standard = try #require(try scaling(.standardize, moments).scaling)
        expect(standard.shift, Self.mean)
        expect(standard.factor, Self.deviation.map { 1 / $0 })
        let range = try #require(try scaling(.minMax, moments).scaling)
        #expect(range.shift == [0, 0, 1])
        let factors = [124.0, 123, 125].map { 1 / $0 }
        #expect(range.factor == factors)
        let global = try #require(try scaling(.standardize, by: .global, moments).scaling)
        expect(global.shift, [Double](repeating: 62.592592592592595, count: 3))
        expect(global.factor, [Double](repeating: 1 / 36.08545337293569, count: 3))
        // One feature that never changes is shifted only, one that is missing stays as it is.
        let odd = try scaling(
            .standardize, self.moments([0..<90], columns: 3) { $1 == 0 ? 5 : $1 == 1 ? .nan : Self.value($0, 2) })
        #expect(odd.constantFeatures == 1 && odd.missingFeatures == 1 && odd.roundedFeatures == 0)
        #expect(odd.scaling?.shift.prefix(2) == [5, 0] && odd.scaling?.factor.prefix(2) == [1, 1])
    }

    @Test func tooLittleToBeScaled() {
        #expect(throws: Failure.self) { try scaling(.standardize, moments([0..<90]) { Self.value($0, $1) * 1e-160 }) }
    }
}
