internal import CKernels

/// Mean and variance of channels, and normalisation by them, y = (x - mean) / sqrt(variance + epsilon) gain + shift: what batch and group
/// normalisation have in common. All sums are in double, one position after the other.
struct ChannelMoments {
    /// Of each channel, in one place for each set of rows that have moments of their own.
    let means: UnsafeMutablePointer<Float>
    /// 1 / sqrt(variance + epsilon).
    let factors: UnsafeMutablePointer<Float>
    /// What the way back takes of each channel, see ``kernel_channel_terms``; nil where there is none.
    let slopes: UnsafeMutablePointer<Float>?
    let levels: UnsafeMutablePointer<Float>?
    let tilts: UnsafeMutablePointer<Float>?
    let channels: Int

    init(channels: Int, sets: Int, _ use: Use, _ memory: PassMemory) {
        let count = channels * sets
        (means, factors) = (memory.floats(count), memory.floats(count))
        let trains = use == .training
        slopes = trains ? memory.floats(count) : nil
        levels = trains ? memory.floats(count) : nil
        tilts = trains ? memory.floats(count) : nil
        self.channels = channels
    }

    /// 1 / sqrt(variance + epsilon), rounded once by each operation.
    static func factor(_ variance: Float, epsilon: Float) -> Float { 1 / (variance + epsilon).squareRoot() }

    /// A thread's memory for two sums of each channel.
    static func scratchBytes(channels: Int) -> Int { 2 * channels * MemoryLayout<Double>.stride }

    func sums(_ step: PassStep) -> (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>) {
        let sums = UnsafeMutableRawPointer(step.scratch).bindMemory(to: Double.self, capacity: 2 * channels)
        return (sums, sums + channels)
    }

    /// Normalises positions `[positions, channels]`.
    func normalize(
        _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, positions: Int, set: Int, gain: UnsafePointer<Float>,
        shift: UnsafePointer<Float>
    ) {
        kernel_channel_normalize(y, x, means + set * channels, factors + set * channels, gain, shift, positions, channels)
    }

    /// The gradient with regard to x, by the terms of the set.
    func backward(
        _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, positions: Int, set: Int
    ) {
        let place = set * channels
        var terms = kernel_channel_terms(
            means: means + place, factors: factors + place, slopes: slopes! + place, levels: levels! + place,
            tilts: tilts! + place)
        kernel_channel_normalize_backward(dx, dy, x, &terms, positions, channels)
    }
}

/// The gain and the shift of a normalisation, one of each for a channel.
struct ChannelAffine: Sendable {
    let gain: Range<Int>
    let shift: Range<Int>

    init(channels: Int, _ name: String, _ plan: inout ParameterPlan) {
        gain = plan.add("\(name)/gain", [channels], .gain)
        shift = plan.add("\(name)/shift", [channels], .shift)
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>) {
        (parameters + gain.lowerBound).update(repeating: 1, count: gain.count)
    }
}

extension Shape {
    /// The channels, and at how many positions a row has them; values in a row are channels of one position.
    var positionsAndChannels: (positions: Int, channels: Int) {
        let channels = sizes[sizes.count - 1]
        return (count / channels, channels)
    }
}
