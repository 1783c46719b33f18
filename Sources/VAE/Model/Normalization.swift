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

/// What a pass keeps of a normalised layer: its activations `[rows, outputSize]` before, and each row's mean and factor.
struct NormalizedActivations {
    let values: AlignedBuffer
    private let moments: AlignedBuffer
    /// What gain and shift get of each row, `[rows, outputSize]`: their gradients are the sums of the columns. Nil of a model that does
    /// not train.
    private let gainParts: AlignedBuffer?
    private let shiftParts: AlignedBuffer?
    private let place: LayerNormalization
    private let size: Int

    /// nil for layers that are not normalised.
    init?(_ layer: Dense, rows: Int, trains: Bool) {
        guard let place = layer.normalization else { return nil }
        self.place = place
        size = layer.outputSize
        values = AlignedBuffer(count: rows * size)
        moments = AlignedBuffer(count: rows * 2)
        gainParts = trains ? AlignedBuffer(count: rows * size) : nil
        shiftParts = trains ? AlignedBuffer(count: rows * size) : nil
    }

    /// - Parameter output: of all rows.
    func normalize(into output: UnsafeMutablePointer<Float>, rows: Range<Int>, _ parameters: UnsafePointer<Float>) {
        let first = rows.lowerBound * size
        kernel_normalize(
            output + first, moments.pointer + 2 * rows.lowerBound, values.pointer + first, parameters + place.gain.lowerBound,
            parameters + place.shift.lowerBound, rows.count, size)
    }

    /// The gradient with regard to the output becomes that with regard to the values.
    ///
    /// - Parameter gradient: of all rows.
    func backward(_ gradient: UnsafeMutablePointer<Float>, rows: Range<Int>, _ parameters: UnsafePointer<Float>) {
        let first = rows.lowerBound * size
        (shiftParts!.pointer + first).update(from: gradient + first, count: rows.count * size)
        kernel_normalize_backward(
            gradient + first, values.pointer + first, moments.pointer + 2 * rows.lowerBound, parameters + place.gain.lowerBound,
            gainParts!.pointer + first, rows.count, size)
    }

    /// The gradients of gain and shift over all rows: this member's part of them.
    func parameterGradients(_ fold: ShardFold, _ member: TeamMember) {
        kernel_column_gradient(fold.kernel, size, gainParts!.pointer, place.gain.lowerBound, member.worker, member.count)
        kernel_column_gradient(fold.kernel, size, shiftParts!.pointer, place.shift.lowerBound, member.worker, member.count)
    }
}
