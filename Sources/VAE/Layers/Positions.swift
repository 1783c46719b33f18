internal import CKernels

/// What tells the positions of a sequence apart, as attention does not know their order.
public enum PositionKind: String, Sendable, CaseIterable {
    /// Parameters `[positions, channels]`, which begin uniform in +-.02 sqrt(3), with a deviation of .02 as is usual (Devlin et al. 2019).
    case learned
    /// sin(t / 10000^(c / channels)) at position t for even channels c, and the cosine of the same angle for c + 1 (Vaswani et al. 2017, section 3.5).
    case sinusoidal
}

/// y = x + e for a sequence x `[positions, channels]`, with a vector e of each position.
struct Positions: Layer {
    let input: Shape
    var output: Shape { input }
    /// What is added: parameters, or numbers.
    private let parameters: Range<Int>?
    private let table: [Float]

    init(_ input: Shape, _ kind: PositionKind, _ name: String, _ plan: inout ParameterPlan) {
        self.input = input
        switch kind {
        case .learned: (parameters, table) = (plan.add("\(name)/positions", input.sizes, .weight), [])
        case .sinusoidal: (parameters, table) = (nil, Self.waves(positions: input.sizes[0], channels: input.sizes[1]))
        }
    }

    /// In double precision, by functions that are the same on every processor, and rounded.
    private static func waves(positions: Int, channels: Int) -> [Float] {
        (0..<positions * channels).map { element in
            let (position, channel) = (element / channels, element % channels)
            let angle = Double(position) / kernel_pow(10_000, Double(channel - channel % 2) / Double(channels))
            return Float(channel % 2 == 0 ? kernel_sin(angle) : kernel_cos(angle))
        }
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        guard let places = self.parameters else { return }
        Initialization.fill(
            parameters + places.lowerBound, count: places.count, limit: 0.02 * Float(3).squareRoot(), layer: number, seed: seed)
    }

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let vectors = parameters.map { graph.parameter($0, input.sizes) } ?? graph.constant(.float32(table), input.sizes)
        return graph.apply(.sum, x, vectors)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: Positions

        init(_ layer: Positions, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            output = memory.floats(plan.rows * layer.input.count)
        }

        private func add(_ vectors: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ rows: Range<Int>) {
            let size = layer.input.count
            for row in rows { kernel_add(output + row * size, x + row * size, vectors, size) }
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            if let places = layer.parameters {
                add(step.parameters.values + places.lowerBound, x, step.rows)
            } else {
                layer.table.withUnsafeBufferPointer { add($0.baseAddress!, x, step.rows) }
            }
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            guard let places = layer.parameters else { return }
            kernel_column_gradient(
                fold.kernel, places.count, dy, places.count, places.lowerBound, step.member.worker, step.member.count)
        }

        /// The gradient is that of the output. Others may sum over it while the layer below changes its own in place.
        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?, _ step: PassStep
        ) {
            let first = step.rows.lowerBound * layer.input.count
            (dx + first).update(from: dy + first, count: step.rows.count * layer.input.count)
        }

        var isBackwardInPlace: Bool { layer.parameters == nil }
    }
}

extension Block.Operation {
    /// Adds a vector to each position of rows `[positions, channels]`.
    public static func positions(_ kind: PositionKind) -> Block.Operation {
        Block.Operation(
            "positions \(kind.rawValue)",
            shape: { input throws(NetworkError) in
                _ = try input.sequenceChannels()
                return input
            },
            mirror: { _ in .positions(kind) },
            make: { input, activation, _, name, plan in
                precondition(activation == nil)
                return Positions(input, kind, name, &plan)
            })
    }
}
