/// How fast one of a model's matrix products runs alone on one thread.
public struct ProductSpeed: Sendable {
    /// Which product, as "encoder/0 forward".
    public var name: String
    /// Floating-point operations for one row of data.
    public var operationsPerRow: Double
    /// Operations per second as the step runs it, and at the best that was found for the same matrices: other numbers of rows
    /// at once, weights packed or not.
    public var used: Double
    public var best: Double
}

extension Model {
    /// Measures the products of a step on `rows` rows at once: each alone, its operands in cache.
    ///
    /// - Parameter seconds: about how long each measurement takes.
    public func measureProducts(rows: Int, seconds: Double) throws(ComputeError) -> [ProductSpeed] {
        var speeds: [ProductSpeed] = []
        let part = posteriorLayer + 1
        for (index, layer) in layers.enumerated() {
            let name = index < part ? "encoder/\(index)" : "decoder/\(index - part)"
            let candidates = Set([rows, microBatch, 1024]).sorted()
            var best: [String: Double] = [:]
            var used: [String: Double] = [:]
            for count in candidates {
                for (kind, product) in try variants(of: layer, rows: count, isFirst: index == 0) {
                    let speed = try product.measure(seconds: seconds)
                    best[kind.name] = max(best[kind.name] ?? 0, speed)
                    if count == rows, kind.isUsed { used[kind.name] = speed }
                }
            }
            for kind in used.keys.sorted() {
                speeds.append(
                    ProductSpeed(
                        name: "\(name) \(kind)", operationsPerRow: 2 * Double(layer.inputSize * layer.outputSize),
                        used: used[kind]!, best: best[kind]!))
            }
        }
        return speeds
    }

    /// The products of a layer for a number of rows: those of the step, and others that would do the same.
    private func variants(
        of layer: Dense, rows: Int, isFirst: Bool
    ) throws(ComputeError) -> [(kind: (name: String, isUsed: Bool), product: MeasuredProduct)] {
        let (inputs, outputs) = (layer.inputSize, layer.outputSize)
        func product(_ m: Int, _ k: Int, _ n: Int, _ options: MatrixProduct.Options) throws(ComputeError) -> MeasuredProduct {
            try MeasuredProduct(engine: engine, m: m, k: k, n: n, options.union(precision.option))
        }
        var all = [
            (("forward", precision == .fp32), try product(rows, inputs, outputs, .bias)),
            (("forward", precision == .bf16), try product(rows, inputs, outputs, [.bias, .packedB])),
            (("weight gradient", true), try product(inputs, rows, outputs, .transposeA)),
        ]
        if !isFirst {
            all.append((("input gradient", true), try product(rows, outputs, inputs, [.packedB, .transposeB])))
            all.append((("input gradient", false), try product(rows, outputs, inputs, .transposeB)))
        }
        return all
    }
}

/// A product with operands of its own.
private struct MeasuredProduct {
    private let product: MatrixProduct
    private let operands: (a: AlignedBuffer, b: AlignedBuffer, bias: AlignedBuffer, c: AlignedBuffer, scratch: AlignedBuffer)
    private let packed: PackedMatrix?
    private let operations: Double
    private let hasBias: Bool

    init(engine: Engine, m: Int, k: Int, n: Int, _ options: MatrixProduct.Options) throws(ComputeError) {
        packed =
            options.contains(.packedB)
            ? try PackedMatrix(
                engine: engine, m: m, k: k, n: n, transposed: options.contains(.transposeB),
                precision: options.contains(.bf16) ? .bf16 : .fp32) : nil
        product = try MatrixProduct(engine: engine, m: m, k: k, n: n, options, packed: packed)
        operands = (
            AlignedBuffer(count: m * k), AlignedBuffer(count: k * n), AlignedBuffer(count: n), AlignedBuffer(count: m * n),
            AlignedBuffer(count: max(product.scratchCount, 16))
        )
        packed?.pack(operands.b.pointer)
        operations = 2 * Double(m) * Double(k) * Double(n)
        hasBias = options.contains(.bias)
    }

    /// Operations per second: the best of several short series.
    func measure(seconds: Double) throws(ComputeError) -> Double {
        func run(_ count: Int) -> Double {
            var watch = Stopwatch()
            for _ in 0..<count {
                product.run(
                    operands.a.pointer, packed?.pointer ?? UnsafeRawPointer(operands.b.pointer),
                    bias: hasBias ? operands.bias.pointer : nil,
                    into: operands.c.pointer, scratch: operands.scratch.pointer)
            }
            return watch.lap()
        }
        _ = run(2)
        let count = max(1, Int(seconds / 5 / max(run(1), 1e-7)))
        let shortest = (0..<5).map { _ in run(count) / Double(count) }.min()!
        return operations / shortest
    }
}
