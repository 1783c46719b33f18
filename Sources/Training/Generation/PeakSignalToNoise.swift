internal import Foundation

/// How near rows are to clean ones, before and after a model restored them: 10 log10(peak^2 / mean squared error), in dB, over all
/// values that both have.
struct PeakSignalToNoise {
    /// The largest difference that clean values can have; nil to take what they do have.
    let peak: Double?
    private var low = Double.infinity
    private var high = -Double.infinity
    private var inputSquares = 0.0
    private var outputSquares = 0.0
    private var count = 0.0

    init(peak: Double?) { self.peak = peak }

    mutating func add(
        input: UnsafePointer<Float>, output: UnsafePointer<Float>, clean: UnsafePointer<Float>, count values: Int
    ) {
        for i in 0..<values where !input[i].isNaN && !clean[i].isNaN {
            let truth = Double(clean[i])
            low = min(low, truth)
            high = max(high, truth)
            inputSquares += (Double(input[i]) - truth) * (Double(input[i]) - truth)
            outputSquares += (Double(output[i]) - truth) * (Double(output[i]) - truth)
            count += 1
        }
    }

    /// In dB; infinite where nothing differs.
    var input: Double { decibels(inputSquares) }
    var output: Double { decibels(outputSquares) }

    private func decibels(_ squares: Double) -> Double {
        let peak = peak ?? high - low
        return 10 * log10(peak * peak * count / squares)
    }
}
