internal import CKernels
internal import HDF5

/// `(x - shift) * factor`, each feature with its own, by the statistics of the training rows.
struct FeatureScaling: Sendable, Equatable {
    /// `[features]` each.
    var shift: [Double]
    var factor: [Double]
    /// Whether the training rows have more digits than 32-bit floats (``RowFormat/isWide``): then so have rows that a model makes.
    var isWide: Bool

    /// Scales a row in place.
    func apply(_ row: UnsafeMutablePointer<Double>) { kernel_exact_shift_and_scale(row, shift, factor, shift.count) }

    /// Undoes it for `[rows, features]`.
    func restore(_ values: UnsafePointer<Float>, into restored: UnsafeMutablePointer<Double>, rows: Int) {
        kernel_exact_restore(restored, values, shift, factor, rows, shift.count)
    }
}

/// In a checkpoint.
extension FeatureScaling {
    private static let group = "/normalization"

    /// Reads what a checkpoint has, of whatever version; nil where the shapes are others.
    ///
    /// Version 2 has floats of 32 bits, and its training rows had no more digits.
    init?(_ file: File, features: Int) throws(HDF5Error) {
        let datasets = (try file.dataset("\(Self.group)/shift"), try file.dataset("\(Self.group)/factor"))
        guard datasets.0.shape == [features], datasets.1.shape == [features] else { return nil }
        shift = try datasets.0.read(Double.self)
        factor = try datasets.1.read(Double.self)
        isWide = try file.attribute("wide", of: Self.group) == .integer(1)
    }

    func write(to file: File) throws(HDF5Error) {
        try file.write(shift, shape: [shift.count], to: "\(Self.group)/shift")
        try file.write(factor, shape: [factor.count], to: "\(Self.group)/factor")
        try file.setAttribute("wide", .integer(isWide ? 1 : 0), of: Self.group)
    }

    /// Adds what a version of checkpoints has of it.
    func update(_ digest: inout SHA256, version: Int) {
        guard version > 2 else {
            for values in [shift, factor] { digest.update(values.map { Float($0) }) }
            return
        }
        for values in [shift, factor] { digest.update(values) }
        digest.update("\(isWide)\n")
    }
}
