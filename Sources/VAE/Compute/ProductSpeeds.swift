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
        let others = Set([rows, 256, 1024]).sorted()
        var speeds: [ProductSpeed] = []
        for (name, network) in [("encoder", encoder), ("decoder", decoder)] {
            for (block, first) in network.blocks.enumerated() {
                for product in network.layers[first].products {
                    let used = product.speed(shards, precision, seconds)
                    let best = others.map { product.speed([$0], precision, seconds) }.reduce(used, max)
                    speeds.append(
                        ProductSpeed(
                            name: "\(name)/\(block) \(product.kind.rawValue)",
                            operationsPerRow: 2 * Double(product.k * product.n),
                            used: used, best: best))
                }
            }
        }
        return speeds
    }
}

/// A product of a layer in a step of training: of its rows with `b[k, n]`, or of their `k` inputs and `n` outputs over all rows.
struct LayerProduct {
    enum Kind: String {
        case forward
        case weightGradient = "weight gradient"
        case inputGradient = "input gradient"
    }

    let kind: Kind
    let k: Int
    let n: Int

    /// Operations per second with so many rows of each shard.
    fileprivate func speed(_ shards: [Int], _ precision: Precision, _ seconds: Double) -> Double {
        kind == .weightGradient
            ? MeasuredGradient(shards, inputs: k, outputs: n, precision).speed(seconds)
            : MeasuredProduct(rows: max(shards.reduce(0, +), 1), k: k, n: n, precision).speed(seconds)
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
    private let matrix: PackedMatrix
    private let operands: (a: AlignedBuffer, c: AlignedBuffer, scratch: AlignedBuffer)
    private let rows: Int

    init(rows: Int, k: Int, n: Int, _ precision: Precision) {
        matrix = PackedMatrix(k: k, n: n, transposed: false, precision: precision)
        operands = (
            AlignedBuffer(count: rows * k), AlignedBuffer(count: rows * n),
            AlignedBuffer(count: matrix.scratchBytes(rows: rows) / 4 + 16)
        )
        self.rows = rows
    }

    func speed(_ seconds: Double) -> Double {
        measure(operations: 2 * Double(rows) * Double(matrix.k) * Double(matrix.n), seconds) {
            matrix.multiply(
                operands.a.pointer, rows: rows, ends: kernel_product_ends(), into: operands.c.pointer,
                scratch: operands.scratch.pointer)
        }
    }
}

/// A weight gradient with operands of its own.
private struct MeasuredGradient {
    private let fold: ShardFold
    private let operands: (x: AlignedBuffer, g: AlignedBuffer, gradient: AlignedBuffer, scratch: AlignedBuffer)
    private let sizes: (inputs: Int, outputs: Int)
    private let precision: Precision

    init(_ shards: [Int], inputs: Int, outputs: Int, _ precision: Precision) {
        let gradient = AlignedBuffer(count: inputs * outputs + 16)
        // Each shard completes as many nodes of the tree as its number has ones at its end.
        let runs = shards.enumerated().map { index, rows in
            let level = (~index).trailingZeroBitCount
            return ShardRows(
                rowCount: rows, adds: (0..<level).map { .cache($0) },
                destination: index == shards.count - 1 ? .gradient(0) : .cache(level))
        }
        fold = ShardFold(runs, gradients: [gradient.pointer])
        let bytes = kernel_weight_gradient_scratch(precision.kernel, fold.kernel, inputs, outputs)
        operands = (
            AlignedBuffer(count: fold.rowCount * inputs), AlignedBuffer(count: fold.rowCount * outputs), gradient,
            AlignedBuffer(count: bytes / 4 + 16)
        )
        sizes = (inputs, outputs)
        self.precision = precision
    }

    func speed(_ seconds: Double) -> Double {
        measure(operations: 2 * Double(fold.rowCount) * Double(sizes.inputs) * Double(sizes.outputs), seconds) {
            kernel_weight_gradient(
                precision.kernel, fold.kernel, sizes.inputs, sizes.outputs, operands.x.pointer, operands.g.pointer, 0, 0, 1,
                operands.scratch.pointer)
        }
    }
}
