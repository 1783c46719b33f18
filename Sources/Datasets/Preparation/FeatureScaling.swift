internal import CKernels
package import HDF5
package import Support

/// `(x - shift) * factor`, each feature with its own, by the statistics of the training rows.
package struct FeatureScaling: Sendable, Equatable {
    /// `[features]` each.
    package var shift: [Double]
    package var factor: [Double]
    /// Whether the training rows have more digits than 32-bit floats (``RowFormat/isWide``): then so have rows that a model makes.
    package var isWide: Bool

    package init(shift: [Double], factor: [Double], isWide: Bool) {
        self.shift = shift
        self.factor = factor
        self.isWide = isWide
    }

    /// Scales a row in place.
    package func apply(_ row: UnsafeMutablePointer<Double>) { kernel_exact_shift_and_scale(row, shift, factor, shift.count) }

    /// Undoes it for `[rows, features]`.
    package func restore(_ values: UnsafePointer<Float>, into restored: UnsafeMutablePointer<Double>, rows: Int) {
        kernel_exact_restore(restored, values, shift, factor, rows, shift.count)
    }
}

/// In a checkpoint.
extension FeatureScaling {
    private static let group = "/normalization"

    /// Reads what a checkpoint has, of whatever version; nil where the shapes are others.
    ///
    /// Version 2 has floats of 32 bits, and its training rows had no more digits.
    package init?(_ file: File, features: Int) throws(HDF5Error) {
        let datasets = (try file.dataset("\(Self.group)/shift"), try file.dataset("\(Self.group)/factor"))
        guard datasets.0.shape == [features], datasets.1.shape == [features] else { return nil }
        shift = try datasets.0.read(Double.self)
        factor = try datasets.1.read(Double.self)
        isWide = try file.attribute("wide", of: Self.group) == .integer(1)
    }

    package func write(to file: File) throws(HDF5Error) {
        try file.write(shift, shape: [shift.count], to: "\(Self.group)/shift")
        try file.write(factor, shape: [factor.count], to: "\(Self.group)/factor")
        try file.setAttribute("wide", .integer(isWide ? 1 : 0), of: Self.group)
    }

    /// Adds what a version of checkpoints has of it.
    package func update(_ digest: inout SHA256, version: Int) {
        guard version > 2 else {
            for values in [shift, factor] { digest.update(values.map { Float($0) }) }
            return
        }
        for values in [shift, factor] { digest.update(values) }
        digest.update("\(isWide)\n")
    }
}
