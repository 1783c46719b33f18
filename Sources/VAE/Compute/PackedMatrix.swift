internal import CKernels
internal import Support

/// A matrix `b[k, n]` as products take it, filled anew whenever the matrix changes.
final class PackedMatrix {
    let k: Int
    let n: Int
    private let precision: Precision
    private let isTransposed: Bool
    private let memory: AlignedBuffer

    /// - Parameter transposed: whether the plain matrix is stored as `[n, k]`.
    init(k: Int, n: Int, transposed: Bool, precision: Precision) {
        (self.k, self.n, isTransposed, self.precision) = (k, n, transposed, precision)
        memory = AlignedBuffer(count: Self.byteCount(k: k, n: n, precision) / 4)
    }

    static func byteCount(k: Int, n: Int, _ precision: Precision) -> Int {
        (kernel_packed_bytes(precision.kernel, k, n) + 3) & ~3
    }

    /// Copies a part of the plain matrix in, rounding where that is its precision; all parts make up the whole.
    func pack(_ plain: UnsafePointer<Float>, part: Int, of parts: Int) {
        kernel_pack(precision.kernel, k, n, plain, isTransposed ? 1 : 0, part, parts, memory.pointer)
    }

    /// The bytes of scratch memory that ``multiply(_:rows:ends:into:scratch:)`` needs.
    func scratchBytes(rows: Int) -> Int { kernel_product_scratch(precision.kernel, rows, k, n) }

    /// `c[rows, n] = ends(a[rows, k] b)`; a row of c is a function of the same row of a alone, down to the bits.
    @inline(__always)
    func multiply(
        _ a: UnsafePointer<Float>, rows: Int, ends: kernel_product_ends, into c: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>
    ) {
        var ends = ends
        kernel_product(precision.kernel, rows, k, n, a, memory.pointer, &ends, c, scratch)
    }
}
