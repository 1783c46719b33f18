/// Rows on their way through a network: what all of its layers keep of them. The threads of a team share it.
struct NetworkPass {
    private let passes: [any LayerPass]
    /// What the layer of the same index applies of the one below on the way back.
    private let endings: [OutputDerivative?]
    private let activationLayers: [Int]
    private let lowest: Int?
    private let shapes: [Shape]

    init(_ network: Network, _ plan: PassPlan, _ memory: PassMemory) {
        let passes = network.layers.map { $0.makePass(plan, memory) }
        self.passes = passes
        endings = passes.indices.map { $0 > 0 && passes[$0].appliesDerivatives ? passes[$0 - 1].outputDerivative : nil }
        (activationLayers, lowest) = (network.activations, network.lowest)
        shapes = network.layers.map(\.output)
    }

    /// `[rows, output]` of the network.
    var output: UnsafeMutablePointer<Float> { passes.last!.output }

    /// What the rows that went through left behind every block's operation and activation, `[rows, shape]`; see ``Network/activations``.
    var activations: [(values: UnsafePointer<Float>, shape: Shape)] {
        activationLayers.map { (UnsafePointer(passes[$0].output), shapes[$0]) }
    }

    /// This thread's rows to the network's ``output``.
    ///
    /// - Parameter input: of all rows.
    func forward(_ input: UnsafePointer<Float>, _ step: PassStep) {
        var x = input
        for pass in passes {
            pass.forward(x, step)
            x = UnsafePointer(pass.output)
        }
    }

    /// From the gradient with regard to the output to those of all parameters, and of the input. Every member of the team calls it.
    ///
    /// Gradients with regard to activations go back and forth between two buffers: a layer writes one while others may still sum over
    /// the other, and all meet before that is written again.
    ///
    /// - Parameters:
    ///   - input: as it went in.
    ///   - dy: of all rows; is changed. It may be the network's own output.
    ///   - target: gets the gradient with regard to the input, of all rows; nil where nobody wants it, as of rows that are data.
    func backward(
        _ input: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>?,
        by buffers: GradientBuffers, _ fold: ShardFold, _ step: PassStep
    ) {
        var dy = dy
        for index in passes.indices.reversed() {
            let pass = passes[index]
            let x = index > 0 ? UnsafePointer(passes[index - 1].output) : input
            let isApplied = index + 1 < passes.count && endings[index + 1] != nil
            pass.backwardRows(x, dy, isApplied: isApplied, step)
            // The sums are over all rows.
            step.member.meet()
            pass.sumGradients(x, dy, fold, step)
            if index == lowest { return }
            if pass.isBackwardInPlace {
                guard index == 0, let target else { continue }
                let size = shapes[0].count
                let first = step.rows.lowerBound * size
                (target + first).update(from: dy + first, count: step.rows.count * size)
                return
            }
            guard let dx = index > 0 ? buffers.other(than: dy) : target else { return }
            pass.backward(x, dy, into: dx, ending: endings[index], step)
            dy = dx
        }
    }
}

/// Two buffers for the gradients with regard to activations, `[rows, widest layer]`.
struct GradientBuffers {
    private let first: UnsafeMutablePointer<Float>
    private let second: UnsafeMutablePointer<Float>

    init(rows: Int, widest: Int, _ memory: PassMemory) {
        first = memory.floats(rows * widest)
        second = memory.floats(rows * widest)
    }

    func other(than buffer: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> { buffer == first ? second : first }
}
