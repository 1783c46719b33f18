internal import CKernels

/// y = x + f(x) with a network f (He et al. 2016, equation 1); where f changes the shape, x goes through a shortcut without a function: the nearest
/// values of a map of other sizes, and a convolution of one tap or a dense layer to other channels (equation 2).
struct Residual: Layer {
    let input: Shape
    let output: Shape
    private let inner: Network
    /// nil where x is added as it is.
    private let shortcut: Network?
    private let isFirst: Bool

    init(
        _ inner: NetworkSpecification, _ shortcut: [Block], isFirst: Bool, _ name: String, _ plan: inout ParameterPlan
    ) {
        input = inner.input
        self.isFirst = isFirst
        self.inner = Network(inner, "\(name)/inner", isFirst: isFirst, &plan)
        self.shortcut =
            shortcut.isEmpty
            ? nil : Network(NetworkSpecification(input, shortcut), "\(name)/shortcut", isFirst: isFirst, &plan)
        output = self.inner.output
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        // Numbers far from those of other blocks.
        let first = (number + 1) << 16
        inner.initialize(parameters, how, first: first, seed: seed)
        shortcut?.initialize(parameters, how, first: first + 1 << 15, seed: seed)
        inner.beginAsNothing(parameters)
    }

    func scratchBytes(_ plan: PassPlan) -> Int { max(inner.scratchBytes(plan), shortcut?.scratchBytes(plan) ?? 0) }

    var products: [LayerProduct] {
        (inner.products + (shortcut?.products ?? [])).map { name, product in
            var product = product
            // "encoder/2/inner/0" is of our block encoder/2.
            product.part = "/" + name.split(separator: "/").dropFirst(2).joined(separator: "/")
            return product
        }
    }

    var termsPerRow: Int { max(inner.termsPerRow, shortcut?.termsPerRow ?? 1) }

    var couplesRows: Bool { inner.couplesRows || shortcut?.couplesRows == true }

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) throws(NetworkError) -> OperatorGraph.Value {
        let inner = try inner.export(x, into: &graph)
        return graph.apply(.sum, inner, try shortcut?.export(x, into: &graph) ?? x)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: Residual
        private let inner: NetworkPass
        private let shortcut: NetworkPass?
        private let back: Back?
        private let inputs: Int
        private let outputs: Int

        /// What the way back needs, `[rows, ...]`.
        private struct Back {
            let buffers: GradientBuffers
            /// The gradient with regard to the output, which each of the two ways back changes.
            let dy: UnsafeMutablePointer<Float>
            /// With regard to the input, by the inner network and by the shortcut; nil where nobody wants it.
            let inner: UnsafeMutablePointer<Float>?
            let shortcut: UnsafeMutablePointer<Float>?
        }

        init(_ layer: Residual, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            (inputs, outputs) = (layer.input.count, layer.output.count)
            inner = NetworkPass(layer.inner, plan, memory)
            shortcut = layer.shortcut.map { NetworkPass($0, plan, memory) }
            output = memory.floats(plan.rows * outputs)
            guard plan.use == .training else {
                back = nil
                return
            }
            func floats(_ isWanted: Bool, _ size: Int) -> UnsafeMutablePointer<Float>? {
                isWanted ? memory.floats(plan.rows * size) : nil
            }
            let widest = max(layer.inner.widest, layer.shortcut?.widest ?? 0)
            back = Back(
                buffers: GradientBuffers(rows: plan.rows, widest: widest, memory), dy: memory.floats(plan.rows * outputs),
                inner: floats(!layer.isFirst, inputs), shortcut: floats(!layer.isFirst && shortcut != nil, inputs))
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            inner.forward(x, step)
            shortcut?.forward(x, step)
            let first = step.rows.lowerBound * outputs
            let added = shortcut.map { UnsafePointer($0.output) } ?? x
            kernel_add(output + first, inner.output + first, added + first, step.rows.count * outputs)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            let back = back!
            copy(dy, to: back.dy, step)
            inner.backward(x, back.dy, into: back.inner, by: back.buffers, fold, step)
            guard let shortcut else { return }
            // Others may still sum over what is written now.
            step.member.meet()
            copy(dy, to: back.dy, step)
            shortcut.backward(x, back.dy, into: back.shortcut, by: back.buffers, fold, step)
        }

        private func copy(_ from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, _ step: PassStep) {
            let first = step.rows.lowerBound * outputs
            (to + first).update(from: from + first, count: step.rows.count * outputs)
        }

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?,
            _ step: PassStep
        ) {
            let (back, first) = (back!, step.rows.lowerBound * inputs)
            let added = back.shortcut.map { UnsafePointer($0) } ?? dy
            kernel_add(dx + first, back.inner! + first, added + first, step.rows.count * inputs)
        }
    }
}

extension Network {
    /// Lets the last layer give 0 at first, by a gain of 0 or by weights of 0, so that a residual begins as its shortcut (Goyal et al. 2017, section
    /// 5.1; Zhang et al. 2019).
    fileprivate func beginAsNothing(_ parameters: UnsafeMutablePointer<Float>) {
        guard let last = layers.last(where: { $0.vanishing != nil })?.vanishing else { return }
        (parameters + last.lowerBound).update(repeating: 0, count: last.count)
    }
}

extension Block.Operation {
    /// Blocks whose outputs are added to their inputs.
    public static func residual(_ blocks: [Block]) -> Block.Operation {
        @Sendable func inner(_ input: Shape) -> NetworkSpecification { NetworkSpecification(input, blocks) }
        @Sendable func output(_ input: Shape) throws(NetworkError) -> Shape {
            guard let output = try inner(input).shapes().last else { throw NetworkError("has no blocks") }
            _ = try NetworkSpecification(input, shortcut(input, output)).shapes()
            return output
        }
        return Block.Operation(
            "residual (\(NetworkSpecification(Shape(1), blocks).text))", makesChannels: true,
            shape: { input throws(NetworkError) in try output(input) },
            mirror: { input throws(NetworkError) in
                // What is normalised first here is so in the mirror.
                let first = blocks.prefix { $0.operation.isAside }
                let rest = NetworkSpecification(input, Array(blocks[first.count...]))
                return .residual(first + (try rest.mirror(to: input)))
            },
            make: { input, activation, isFirst, name, plan in
                precondition(activation == nil)
                // The specification was checked.
                let output = try! output(input)
                return Residual(inner(input), shortcut(input, output), isFirst: isFirst, name, &plan)
            })
    }

    /// What leads from one shape to another without a function; nothing where they are the same.
    private static func shortcut(_ input: Shape, _ output: Shape) -> [Block] {
        if input == output { return [] }
        guard input.sizes.count == output.sizes.count, input.sizes.count > 1 else { return [Block(.dense(output))] }
        let channels = (input.sizes[input.sizes.count - 1], output.sizes[output.sizes.count - 1])
        let resized = Shape(output.sizes.dropLast() + [channels.0])
        return (resized == input ? [] : [Block(.resized(to: resized))])
            + (channels.0 == channels.1 ? [] : [Block(.convolution(channels.1, ConvolutionWindow(kernel: 1)))])
    }
}
