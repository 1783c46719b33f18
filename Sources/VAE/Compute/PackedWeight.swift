internal import CKernels
internal import Support

/// A weight as products take it, filled anew whenever it changes.
final class PackedWeight {
    private let form: Packing.Form
    private let precision: Precision
    private let memory: AlignedBuffer

    init(_ form: Packing.Form, _ precision: Precision) {
        (self.form, self.precision) = (form, precision)
        memory = AlignedBuffer(count: Self.byteCount(form, precision) / 4)
    }

    static func byteCount(_ form: Packing.Form, _ precision: Precision) -> Int {
        switch form {
        case .matrix(let k, let n, _): return (kernel_packed_bytes(precision.kernel, k, n) + 3) & ~3
        case .convolution(var geometry, let direction):
            return (kernel_convolution_packed_bytes(precision.kernel, &geometry, direction) + 3) & ~3
        }
    }

    /// Copies a part of the plain weight in, rounding where that is its precision; all parts make up the whole.
    func pack(_ plain: UnsafePointer<Float>, part: Int, of parts: Int) {
        switch form {
        case .matrix(let k, let n, let isTransposed):
            kernel_pack(precision.kernel, k, n, plain, isTransposed ? 1 : 0, part, parts, memory.pointer)
        case .convolution(var geometry, let direction):
            kernel_convolution_pack(precision.kernel, &geometry, direction, plain, part, parts, memory.pointer)
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
        case .matrix(let k, let n, _): kernel_product(precision.kernel, rows, k, n, a, memory.pointer, &ends, c, scratch)
        case .convolution(var geometry, let direction):
            kernel_convolve(precision.kernel, &geometry, direction, rows, a, memory.pointer, &ends, c, scratch)
        }
    }
}
