internal import CKernels
internal import Support

/// A weight as products take it: as it lies where they are as fast so, else packed, filled anew whenever it changes.
final class PackedWeight {
    private let form: Packing.Form
    private let precision: Precision
    private let plain: UnsafePointer<Float>
    /// nil where products take the weight as it lies.
    private let memory: AlignedBuffer?

    /// - Parameters:
    ///   - plain: the weight, which stays where it is as long as this lives; up to 60 bytes behind it are read.
    ///   - use: training packs for every step anew, inference once.
    init(_ form: Packing.Form, _ precision: Precision, of plain: UnsafePointer<Float>, for use: Use) {
        (self.form, self.precision, self.plain) = (form, precision, plain)
        memory =
            Self.isReadInPlace(form, precision, use)
            ? nil : AlignedBuffer(count: Self.byteCount(form, precision, use) / 4, usesLargePages: true)
    }

    private static func isReadInPlace(_ form: Packing.Form, _ precision: Precision, _ use: Use) -> Bool {
        guard use == .training, case .matrix(let k, let n, isTransposed: false) = form else { return false }
        return kernel_reads_in_place(precision.kernel, k, n) != 0
    }

    static func byteCount(_ form: Packing.Form, _ precision: Precision, _ use: Use) -> Int {
        if isReadInPlace(form, precision, use) { return 0 }
        switch form {
        case .matrix(let k, let n, _): return (kernel_packed_bytes(precision.kernel, k, n) + 3) & ~3
        case .convolution(var geometry, let direction):
            return (kernel_convolution_packed_bytes(precision.kernel, &geometry, direction) + 3) & ~3
        }
    }

    /// Copies a part of the weight as it is now, rounding where that is its precision; all parts make up the whole.
    func pack(part: Int, of parts: Int) {
        guard let packed = memory?.pointer else { return }
        switch form {
        case .matrix(let k, let n, let isTransposed):
            kernel_pack(precision.kernel, k, n, plain, isTransposed ? 1 : 0, part, parts, packed)
        case .convolution(var geometry, let direction):
            kernel_convolution_pack(precision.kernel, &geometry, direction, plain, part, parts, packed)
        }
    }

    /// The bytes of scratch memory that ``multiply(_:rows:ends:into:scratch:)`` needs.
    func scratchBytes(rows: Int) -> Int {
        switch form {
        case .matrix(let k, let n, _): return kernel_product_scratch(precision.kernel, rows, k, n)
        case .convolution(var geometry, let direction): return kernel_convolve_scratch(precision.kernel, &geometry, direction)
        }
    }

    /// `c = ends(a b)` for a weight b, row by row; a row of c is a function of the same row of a alone, down to the bits.
    @inline(__always)
    func multiply(
        _ a: UnsafePointer<Float>, rows: Int, ends: kernel_product_ends, into c: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        var ends = ends
        switch form {
        case .matrix(let k, let n, _):
            if let packed = memory?.pointer {
                kernel_product(precision.kernel, rows, k, n, a, packed, &ends, c, scratch)
            } else {
                kernel_product_in_place(rows, k, n, a, plain, &ends, c, scratch)
            }
        case .convolution(var geometry, let direction):
            kernel_convolve(precision.kernel, &geometry, direction, rows, a, memory!.pointer, &ends, c, scratch)
        }
    }
}
