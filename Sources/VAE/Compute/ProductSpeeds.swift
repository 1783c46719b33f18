internal import CKernels
internal import Support

/// How fast one of a model's matrix products runs alone on one thread.
public struct ProductSpeed: Sendable {
    /// Which product, as "encoder/0 forward".
    public var name: String
    /// Floating-point operations for one row of data.
    public var operationsPerRow: Double
    /// Operations per second as the step runs it, and at the best that was found for the same matrices: other numbers of rows at once, and
    /// all of one shard.
    public var used: Double
    public var best: Double
}

extension Model {
    /// Measures the products of a step: each alone, its operands in cache.
    ///
    /// - Parameters:
    ///   - shards: the rows of each shard that go through at once.
    ///   - seconds: about how long each measurement takes.
    public func measureProducts(_ shards: [Int], seconds: Double) -> [ProductSpeed] {
        let rows = max(shards.reduce(0, +), 1)
        var speeds: [ProductSpeed] = []
        for network in [encoder, decoder] {
            for (name, product) in network.products {
                let used = product.speed(shards, precision, seconds)
                // Not so many rows that once through would take longer than all of it should: large maps are fast with few.
                let others = Set([256, 1024]).filter { Double(2 * product.multiplyAdds * $0) / used < seconds }
                let best = others.union([rows]).sorted().map { product.speed([$0], precision, seconds) }.reduce(used, max)
                speeds.append(
                    ProductSpeed(
                        name: "\(name) \(product.kind.rawValue)", operationsPerRow: 2 * Double(product.multiplyAdds), used: used,
                        best: best))
            }
        }
        return speeds
    }
}

/// A product of a layer in a step of training: of its rows with a weight, or of their inputs and gradients over all rows.
struct LayerProduct {
    enum Kind: String {
        case forward
        case weightGradient = "weight gradient"
        case inputGradient = "input gradient"
    }

    enum Operands {
        /// `b[k, n]`, or `k` inputs and `n` outputs.
        case matrix(k: Int, n: Int)
        /// From a convolution's inputs to its outputs, or transposed back.
        case convolution(ConvolutionGeometry, isTransposed: Bool)
    }

    let kind: Kind
    let operands: Operands
    /// Within its block, as "/inner/0"; nothing where it is the block's only layer with products.
    var part = ""

    init(kind: Kind, _ operands: Operands) { (self.kind, self.operands) = (kind, operands) }

    /// Multiply-adds for one row.
    var multiplyAdds: Int {
        switch operands {
        case .matrix(let k, let n): k * n
        case .convolution(let geometry, _): geometry.products
        }
    }

    /// Operations per second with so many rows of each shard.
    fileprivate func speed(_ shards: [Int], _ precision: Precision, _ seconds: Double) -> Double {
        kind == .weightGradient
            ? MeasuredGradient(shards, operands, precision).speed(operations: 2 * Double(multiplyAdds), seconds)
            : MeasuredProduct(rows: max(shards.reduce(0, +), 1), operands, precision).speed(
                operations: 2 * Double(multiplyAdds), seconds)
    }
}

extension LayerProduct.Operands {
    /// The weight of a product.
    fileprivate var form: Packing.Form {
        switch self {
        case .matrix(let k, let n): .matrix(k: k, n: n, isTransposed: false)
        case .convolution(let geometry, let isTransposed):
            .convolution(geometry.kernel, isTransposed ? kernel_convolve_transposed : kernel_convolve_forward)
        }
    }

    /// The values of a row on either side of the weight.
    fileprivate var sizes: (from: Int, to: Int) {
        switch self {
        case .matrix(let k, let n): (k, n)
        case .convolution(let geometry, let isTransposed):
            isTransposed ? (geometry.output.count, geometry.input.count) : (geometry.input.count, geometry.output.count)
        }
    }

    fileprivate var weightCount: Int {
        switch self {
        case .matrix(let k, let n): k * n
        case .convolution(let geometry, _): geometry.weightCount
        }
    }
}

/// Floating-point operations per second that one thread makes of fused multiply-adds alone: what products in fp32 can reach at most.
public func measureMultiplyAdds(seconds: Double) -> Double {
    var sum: Float = 0.5
    let operations = kernel_multiply_adds(10_000, &sum)
    return measure(operations: operations, seconds) { _ = kernel_multiply_adds(10_000, &sum) }
}

/// Operations per second of something that takes so many: the best of several short series.
private func measure(operations: Double, _ seconds: Double, _ body: () -> Void) -> Double {
    func run(_ count: Int) -> Double {
        var watch = Stopwatch()
        for _ in 0..<count { body() }
        return watch.lap()
    }
    _ = run(2)
    let count = max(1, Int(seconds / 5 / max(run(1), 1e-7)))
    let shortest = (0..<5).map { _ in run(count) / Double(count) }.min()!
    return operations / shortest
}

/// A product with operands of its own.
private struct MeasuredProduct {
    private let weight: PackedWeight
    private let plain: AlignedBuffer
    private let operands: (a: AlignedBuffer, c: AlignedBuffer, scratch: AlignedBuffer)
    private let rows: Int

    init(rows: Int, _ product: LayerProduct.Operands, _ precision: Precision) {
        plain = AlignedBuffer(count: product.weightCount)
        weight = PackedWeight(product.form, precision, of: plain.pointer, for: .inference)
        operands = (
            AlignedBuffer(count: rows * product.sizes.from), AlignedBuffer(count: rows * product.sizes.to),
            AlignedBuffer(count: weight.scratchBytes(rows: rows) / 4 + 16)
        )
        self.rows = rows
    }

    func speed(operations: Double, _ seconds: Double) -> Double {
        measure(operations: operations * Double(rows), seconds) {
            weight.multiply(
                operands.a.pointer, rows: rows, ends: kernel_product_ends(), into: operands.c.pointer,
                scratch: operands.scratch.pointer)
        }
    }
}

/// A weight gradient with operands of its own.
private struct MeasuredGradient {
    private let fold: ShardFold
    private let buffers: (x: AlignedBuffer, g: AlignedBuffer, gradient: AlignedBuffer, scratch: AlignedBuffer)
    private let operands: LayerProduct.Operands
    private let precision: kernel_precision

    init(_ shards: [Int], _ operands: LayerProduct.Operands, _ precision: Precision) {
        let gradient = AlignedBuffer(count: operands.weightCount + 16)
        // Each shard completes as many nodes of the tree as its number has ones at its end.
        let runs = shards.enumerated().map { index, rows in
            let level = (~index).trailingZeroBitCount
            return ShardRows(
                rowCount: rows, adds: (0..<level).map { .cache($0) },
                destination: index == shards.count - 1 ? .gradient(0) : .cache(level))
        }
        fold = ShardFold(runs, gradients: [gradient.pointer])
        let kernel = fold.kernel
        let bytes: Int
        switch operands {
        case .matrix(let k, let n): bytes = kernel_weight_gradient_scratch(precision.kernel, kernel, k, n)
        case .convolution(let geometry, _):
            bytes = withUnsafePointer(to: geometry.kernel) { kernel_convolution_gradient_scratch(precision.kernel, $0, kernel) }
        }
        buffers = (
            AlignedBuffer(count: fold.rowCount * operands.sizes.from), AlignedBuffer(count: fold.rowCount * operands.sizes.to),
            gradient, AlignedBuffer(count: bytes / 4 + 16)
        )
        self.operands = operands
        self.precision = precision.kernel
    }

    func speed(operations: Double, _ seconds: Double) -> Double {
        measure(operations: operations * Double(fold.rowCount), seconds) {
            let (x, g, scratch) = (buffers.x.pointer, buffers.g.pointer, buffers.scratch.pointer)
            switch operands {
            case .matrix(let k, let n): kernel_weight_gradient(precision, fold.kernel, k, n, x, g, 0, 0, 1, scratch)
            case .convolution(let geometry, let isTransposed):
                let (inputs, gradients) = isTransposed ? (g, x) : (x, g)
                withUnsafePointer(to: geometry.kernel) {
                    kernel_convolution_gradient(precision, $0, fold.kernel, inputs, gradients, 0, 0, 1, scratch)
                }
            }
        }
    }
}
