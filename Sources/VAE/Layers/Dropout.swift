internal import CKernels
internal import Randomness

/// In training each value is 0 with a probability p, else x / (1 - p); later it is x (Srivastava et al. 2014, with the factor in training). What is 0
/// is a function of seed, epoch, row and place, and drawn again on the way back.
struct Dropout: Layer {
    let input: Shape
    var output: Shape { input }
    private let share: Float
    /// Of the network's layers of dropout, each of which draws its own numbers.
    private let number: Int

    init(_ input: Shape, share: Float, _ plan: inout ParameterPlan) {
        (self.input, self.share, number) = (input, share, plan.addDropout())
    }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {}

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        x
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: Dropout
        private let size: Int

        init(_ layer: Dropout, _ plan: PassPlan, _ memory: PassMemory) {
            (self.layer, size) = (layer, layer.input.count)
            output = memory.floats(plan.rows * size)
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            guard step.training != nil else {
                let first = step.rows.lowerBound * size
                return (output + first).update(from: x + first, count: step.rows.count * size)
            }
            drop(x, into: output, step)
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?, _ step: PassStep
        ) {
            drop(dy, into: dx, step)
        }

        private func drop(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, _ step: PassStep) {
            let (training, row) = (step.training!, step.rows.lowerBound)
            let key = training.noise
            kernel_dropout(
                y + row * size, x + row * size, training.rowNumbers + row, step.rows.count, size, layer.share, key.seed,
                NoisePurpose.dropout(layer.number), UInt32(truncatingIfNeeded: key.epoch))
        }
    }
}

extension Block.Operation {
    /// Drops values with a probability in 0..<1.
    public static func dropout(_ share: Float) -> Block.Operation {
        Block.Operation(
            "dropout \(share)", isAside: true, shape: { $0 }, mirror: { _ in .dropout(share) },
            make: { input, _, _, _, plan in Dropout(input, share: share, &plan) })
    }
}
