internal import COneDNN

/// A matrix product of one shape, `c[m, n] = a[m, k] b[k, n]`, compiled once and run many times by one thread.
final class MatrixProduct {
    /// What is to be computed besides the product, and how the operands are stored.
    struct Options: OptionSet {
        let rawValue: Int
        /// `a` is stored as `[k, m]`.
        static let transposeA = Options(rawValue: 1)
        /// `b` is stored as `[n, k]`.
        static let transposeB = Options(rawValue: 2)
        /// Adds `bias[n]` to every row.
        static let bias = Options(rawValue: 4)
        /// Adds to what `c` holds.
        static let accumulate = Options(rawValue: 8)
        /// `b` is given packed, see ``PackedMatrix``.
        static let packedB = Options(rawValue: 16)
        /// `a` and `b` are bfloat16 numbers; `c` and `bias` are floats.
        static let bf16 = Options(rawValue: 32)
    }

    /// A function that is applied to what was computed.
    enum Finish {
        case none
        /// x, or `slope` x below zero.
        case relu(slope: Float)
    }

    private let engine: Engine
    fileprivate let product: UnsafeMutablePointer<conednn_product>

    /// - Parameter packed: the packed matrix that `b` will be, with `packedB`.
    /// - Throws: ``ComputeError``.
    init(
        engine: Engine, m: Int, k: Int, n: Int, _ options: Options, finish: Finish = .none, packed: PackedMatrix? = nil
    ) throws(ComputeError) {
        self.engine = engine
        product = .allocate(capacity: 1)
        product.initialize(to: conednn_product())
        var shape = productShape(m, k, n, options)
        if case .relu(let slope) = finish {
            shape.has_relu = 1
            shape.slope = slope
        }
        let status = conednn_product_create(product, engine.handle, &shape, packed?.reference.product)
        if status != 0 {
            throw ComputeError(call: "a matrix product of \(m) x \(k) with \(k) x \(n)", status: status)
        }
    }

    deinit {
        conednn_product_destroy(product)
        product.deallocate()
    }

    /// The floats of scratch memory that a run needs.
    var scratchCount: Int { (product.pointee.scratch_size + 3) / 4 }

    @inline(__always)
    func run(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, bias: UnsafePointer<Float>? = nil,
        into c: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let status = conednn_product_run(product, a, b, bias, c, scratch)
        precondition(status == 0, "oneDNN could not run a product that it compiled")
    }
}

/// A matrix `b[k, n]` in the layout in which products with it run fastest, filled anew whenever the matrix changes.
final class PackedMatrix {
    let pointer: UnsafeRawPointer
    fileprivate let reference: MatrixProduct
    private let memory: AlignedBuffer
    private let packing: UnsafeMutablePointer<conednn_packing>

    /// - Parameters:
    ///   - m: the usual number of rows of `a` in products with it.
    ///   - transposed: whether the plain matrix is stored as `[n, k]`.
    init(
        engine: Engine, m: Int, k: Int, n: Int, transposed: Bool, precision: Precision
    ) throws(ComputeError) {
        let options = MatrixProduct.Options.packedB.union(transposed ? .transposeB : []).union(precision.option)
        reference = try MatrixProduct(engine: engine, m: m, k: k, n: n, options)
        memory = AlignedBuffer(count: (reference.product.pointee.packed_size + 3) / 4)
        pointer = UnsafeRawPointer(memory.pointer)
        packing = .allocate(capacity: 1)
        packing.initialize(to: conednn_packing())
        var shape = productShape(m, k, n, options)
        try check(
            conednn_packing_create(packing, engine.handle, &shape, reference.product, memory.pointer), "dnnl_reorder")
    }

    deinit {
        conednn_packing_destroy(packing)
        packing.deallocate()
    }

    /// Copies the plain matrix in, rounding where that is its precision.
    func pack(_ plain: UnsafePointer<Float>) {
        let status = conednn_packing_run(packing, plain)
        precondition(status == 0, "oneDNN could not run a reorder that it compiled")
    }
}

private func productShape(_ m: Int, _ k: Int, _ n: Int, _ options: MatrixProduct.Options) -> conednn_product_shape {
    func flag(_ option: MatrixProduct.Options) -> Int32 { options.contains(option) ? 1 : 0 }
    return conednn_product_shape(
        m: Int64(m), k: Int64(k), n: Int64(n), transpose_a: flag(.transposeA), transpose_b: flag(.transposeB),
        has_bias: flag(.bias), accumulate: flag(.accumulate), has_relu: 0, slope: 0, packed_b: flag(.packedB), bf16: flag(.bf16))
}

extension Precision {
    /// What products of this precision are told.
    var option: MatrixProduct.Options { self == .bf16 ? .bf16 : [] }
}
