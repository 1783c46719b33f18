internal import CKernels

/// What is done to the activations of each hidden layer.
public enum Normalization: String, Codable, Sendable, CaseIterable {
    case none
    /// y = (a - mean) / sqrt(variance + 1e-5) gain + shift, with mean and variance over the layer's activations of a row (Ba et al. 2016,
    /// equation 4). Unlike by batch normalisation a row's result depends on no other row, in training and later.
    case layer
}

/// Layer normalisation behind a layer's activation, as its place in the flat buffers; it has no state.
struct LayerNormalization: Sendable {
    /// The elements of gain and shift, `[outputSize]` each.
    let gain: Range<Int>
    let shift: Range<Int>

    init(_ layout: inout ParameterLayout, _ name: String, _ size: Int) {
        gain = layout.add("\(name)/gain", [size])
        shift = layout.add("\(name)/shift", [size])
    }
}

/// What one thread keeps of a normalised layer: its activations `[microBatch, outputSize]` before, and each row's mean and factor.
struct NormalizedActivations {
    let values: AlignedBuffer
    private let moments: AlignedBuffer
    private let place: LayerNormalization
    private let size: Int

    /// nil for layers that are not normalised.
    init?(_ layer: Dense, rows: Int) {
        guard let place = layer.normalization else { return nil }
        self.place = place
        size = layer.outputSize
        values = AlignedBuffer(count: rows * size)
        moments = AlignedBuffer(count: rows * 2)
    }

    func normalize(into output: UnsafeMutablePointer<Float>, rows: Int, _ parameters: UnsafePointer<Float>) {
        kernel_normalize(
            output, moments.pointer, values.pointer, parameters + place.gain.lowerBound, parameters + place.shift.lowerBound,
            rows,
            size)
    }

    /// The gradient with regard to the output becomes that with regard to the values; those of gain and shift are added to `gradient`.
    func backward(
        _ outputGradient: UnsafeMutablePointer<Float>, rows: Int, _ parameters: UnsafePointer<Float>,
        into gradient: UnsafeMutablePointer<Float>
    ) {
        kernel_normalize_backward(
            outputGradient, values.pointer, moments.pointer, parameters + place.gain.lowerBound, gradient + place.gain.lowerBound,
            gradient + place.shift.lowerBound, rows, size)
    }
}
