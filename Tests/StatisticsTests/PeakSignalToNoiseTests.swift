import Statistics
import Testing

/// Ratios against numpy's of the same values, of which some are missing.
struct PeakSignalToNoiseTests {
    /// Clean values `13 i mod 17`; noise of -2 to 2 before and of half a unit after; missing where `i mod 7 = 3` or `i mod 6 = 5`.
    private func ratio(peak: Double?, step: Int) -> PeakSignalToNoise {
        let truth = (0..<20).map { Double(13 * $0 % 17) }
        let clean = (0..<20).map { (row: Int) -> Double in row % 7 == 3 ? .nan : truth[row] }
        let input = (0..<20).map { (row: Int) -> Double in row % 6 == 5 ? .nan : truth[row] + Double(row % 5 - 2) }
        let output = (0..<20).map { (row: Int) -> Double in truth[row] + Double(row % 3 - 1) / 2 }
        var ratio = PeakSignalToNoise(peak: peak)
        for first in stride(from: 0, to: 20, by: step) {
            let end = min(first + step, 20)
            ratio.add(
                input: Array(input[first..<end]), output: Array(output[first..<end]), clean: Array(clean[first..<end]),
                count: end - first)
        }
        return ratio
    }

    @Test(arguments: [20, 3]) func noise(step: Int) {
        // What clean values do have is 16.
        let own = ratio(peak: nil, step: step)
        expect([own.input, own.output], [21.072099696478684, 32.32148706256168])
        let bytes = ratio(peak: 255, step: step)
        expect([bytes.input, bytes.output], [45.12050365203929, 56.369891018122296])
    }

    @Test func nothingDiffers() {
        var ratio = PeakSignalToNoise(peak: 1)
        ratio.add(input: [0, 1], output: [0.5, 0.5], clean: [0, 1], count: 2)
        #expect(ratio.input == .infinity)
        expect([ratio.output], [6.020599913279624])
    }
}
