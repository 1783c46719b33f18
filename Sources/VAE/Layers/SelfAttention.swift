internal import CKernels

/// Multi-head self-attention between the positions of a sequence `[positions, channels]` (Vaswani et al. 2017, section 3.2).
///
/// With (q, k, v) = x W + b, of which each head has a part of the channels, it is softmax(q k^T / sqrt(channels of a head)) v of each head, and a
/// projection of all heads' channels. The two products have the precision of all products, what is between them single precision.
struct SelfAttention: Layer {
    let input: Shape
    var output: Shape { input }
    private let queryKeyValue: PositionProduct
    private let projection: PositionProduct
    private let kernel: kernel_attention

    /// - Precondition: the input is `[positions, channels]`, and the heads divide the channels.
    init(_ input: Shape, heads: Int, isFirst: Bool, _ name: String, _ plan: inout ParameterPlan) {
        let (positions, channels) = (input.sizes[0], input.sizes[1])
        self.input = input
        kernel = kernel_attention(positions: positions, heads: heads, width: channels / heads)
        queryKeyValue = PositionProduct(input, outputs: 3 * channels, isFirst: isFirst, "\(name)/query-key-value", &plan)
        projection = PositionProduct(input, outputs: channels, isFirst: false, "\(name)/projection", &plan)
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        let next = queryKeyValue.initialize(parameters, how, number: number, first: 0, seed: seed)
        _ = projection.initialize(parameters, how, number: number, first: next, seed: seed)
    }

    /// What a residual that begins as its input has 0 at first.
    var vanishing: Range<Int>? { projection.weight }

    var products: [LayerProduct] { queryKeyValue.products + projection.products }

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let (positions, heads, width) = (kernel.positions, kernel.heads, kernel.width)
        let parts = graph.reshape(queryKeyValue.export(x, into: &graph), [positions, 3, heads, width])
        let turned = graph.permute(parts, [1, 2, 0, 3])
        let (query, key, value) = (
            graph.reshape(graph.part(turned, axis: 0, 0..<1), [heads, positions, width]),
            graph.reshape(graph.part(turned, axis: 0, 1..<2), [heads, positions, width]),
            graph.reshape(graph.part(turned, axis: 0, 2..<3), [heads, positions, width])
        )
        let scores = graph.product(query, graph.permute(key, [0, 2, 1]))
        let shares = graph.softmax(graph.apply(.product, scores, 1 / Double(width).squareRoot()))
        let contexts = graph.permute(graph.product(shares, value), [1, 0, 2])
        return projection.export(graph.reshape(contexts, [positions, heads * width]), into: &graph)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    /// Rows that go through at once: what lies between the products stays in cache, but for long sequences.
    private func rowsAtOnce(_ plan: PassPlan) -> Int { max(1, min(plan.rows, 256 / kernel.positions)) }

    /// The floats of a thread's scratch memory that products and attention take; behind them lie the gradients of some rows' contexts.
    private func workFloats(_ plan: PassPlan) -> Int {
        let rows = rowsAtOnce(plan)
        let bytes = withUnsafePointer(to: kernel) {
            max(
                kernel_attend_scratch($0), queryKeyValue.scratchBytes(plan, rows: rows), projection.scratchBytes(plan, rows: rows)
            )
        }
        return (bytes + 63) / 64 * 16
    }

    func scratchBytes(_ plan: PassPlan) -> Int {
        4 * (workFloats(plan) + (plan.use == .training ? rowsAtOnce(plan) * input.count : 0))
    }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        /// Queries, keys and values, `[rows, positions, 3, channels]`, and on the way back the gradients with regard to them; and what all heads give,
        /// `[rows, positions, channels]`. Without gradients of some rows at once.
        private let parts: UnsafeMutablePointer<Float>
        private let contexts: UnsafeMutablePointer<Float>
        /// Each query's largest score, and 1 / the sum of its exponentials, of which the way back computes the probabilities again.
        private let moments: UnsafeMutablePointer<Float>?
        private let layer: SelfAttention
        private let precision: kernel_precision
        private let atOnce: Int
        private let workFloats: Int

        init(_ layer: SelfAttention, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            precision = plan.precision.kernel
            (atOnce, workFloats) = (layer.rowsAtOnce(plan), layer.workFloats(plan))
            let trains = plan.use == .training
            let (kept, size) = (trains ? plan.rows : atOnce, layer.input.count)
            output = memory.floats(plan.rows * size)
            parts = memory.floats(kept * 3 * size)
            contexts = memory.floats(kept * size)
            moments = trains ? memory.floats(plan.rows * layer.momentCount) : nil
        }

        /// This thread's rows, some at once: the first, and how many.
        private func forSomeRows(_ rows: Range<Int>, _ body: (_ first: Int, _ count: Int) -> Void) {
            var first = rows.lowerBound
            while first < rows.upperBound {
                let count = min(atOnce, rows.upperBound - first)
                body(first, count)
                first += count
            }
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let size = layer.input.count
            forSomeRows(step.rows) { first, count in
                let place = moments == nil ? 0 : first
                let (parts, contexts) = (parts + 3 * place * size, contexts + place * size)
                layer.queryKeyValue.multiply(x + first * size, rows: count, into: parts, step)
                withUnsafePointer(to: layer.kernel) {
                    kernel_attend($0, count, parts, contexts, moments.map { $0 + first * layer.momentCount }, step.scratch)
                }
                layer.projection.multiply(contexts, rows: count, into: output + first * size, step)
            }
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            let size = layer.input.count
            let gradients = step.scratch + workFloats
            forSomeRows(step.rows) { first, count in
                let parts = parts + 3 * first * size
                layer.projection.multiplyBack(dy + first * size, rows: count, into: gradients, step)
                withUnsafePointer(to: layer.kernel) {
                    kernel_attend_backward(
                        $0, count, parts, moments! + first * layer.momentCount, gradients, parts, step.scratch)
                }
            }
        }

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            layer.queryKeyValue.sumGradients(x, parts, fold, precision, step)
            layer.projection.sumGradients(contexts, dy, fold, precision, step)
        }

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?, _ step: PassStep
        ) {
            let (first, size) = (step.rows.lowerBound, layer.input.count)
            layer.queryKeyValue.multiplyBack(parts + 3 * first * size, rows: step.rows.count, into: dx + first * size, step)
        }
    }

    private var momentCount: Int { 2 * kernel.heads * kernel.positions }
}

extension Block.Operation {
    /// Self-attention between the positions of rows `[positions, channels]`, in so many heads.
    public static func selfAttention(heads: Int) -> Block.Operation {
        Block.Operation(
            "attention \(heads)",
            shape: { input throws(NetworkError) in
                let channels = try input.sequenceChannels()
                guard heads > 0 else { throw NetworkError("heads must be at least 1") }
                guard channels % heads == 0 else { throw NetworkError("\(heads) heads do not divide \(channels) channels") }
                return input
            },
            mirror: { _ in .selfAttention(heads: heads) },
            make: { input, activation, isFirst, name, plan in
                precondition(activation == nil)
                return SelfAttention(input, heads: heads, isFirst: isFirst, name, &plan)
            })
    }
}

extension Shape {
    /// The channels of rows `[positions, channels]`.
    func sequenceChannels() throws(NetworkError) -> Int {
        guard sizes.count == 2 else {
            throw NetworkError("takes rows of [positions, channels], which \"tokens\" makes of maps, and not of \(self)")
        }
        return sizes[1]
    }
}
