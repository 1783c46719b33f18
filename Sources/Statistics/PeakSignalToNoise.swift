internal import Support

/// How near rows are to clean ones, before and after a model restored them: 10 log10(peak^2 / mean squared error), in dB, over all
/// values that both have.
package struct PeakSignalToNoise {
    /// The largest difference that clean values can have; nil to take what they do have.
    package let peak: Double?
    private var low = Double.infinity
    private var high = -Double.infinity
    private var inputSquares = 0.0
    private var outputSquares = 0.0
    private var count = 0.0

    package init(peak: Double?) { self.peak = peak }

    package mutating func add(
        input: UnsafePointer<Double>, output: UnsafePointer<Double>, clean: UnsafePointer<Double>, count values: Int
    ) {
        for i in 0..<values where !input[i].isNaN && !clean[i].isNaN {
            let truth = clean[i]
            low = min(low, truth)
            high = max(high, truth)
            inputSquares += (input[i] - truth) * (input[i] - truth)
            outputSquares += (output[i] - truth) * (output[i] - truth)
            count += 1
        }
    }

    /// In dB; infinite where nothing differs.
    package var input: Double { decibels(inputSquares) }
    package var output: Double { decibels(outputSquares) }

    private func decibels(_ squares: Double) -> Double {
        let peak = peak ?? high - low
        return 10 * Elementary.log10(peak * peak * count / squares)
    }
}
