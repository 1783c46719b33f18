internal import CKernels
internal import Randomness

/// Parameters behind a decoder's outputs, the same for all rows or for those of a condition: `[rows, outputs]` becomes
/// `[rows, outputs + heads features]`, head after head.
struct SharedHeads: Layer {
    let input: Shape
    let output: Shape
    /// Of each head the features that it is of, and its parameter's place.
    private let heads: [(head: SharedHead, features: Int, place: Range<Int>)]
    private let conditions: Int

    /// - Parameter conditions: the numbers of a row's conditions; above 0 where a head is of them.
    init(
        _ input: Shape, _ heads: [SharedHead], features: Int, conditions: Int, _ name: String, _ plan: inout ParameterPlan
    ) {
        precondition(conditions > 0 || !heads.contains(where: \.isOfConditions))
        self.input = input
        self.conditions = conditions
        output = Shape(input.count + Self.width(heads, features: features))
        self.heads = heads.map { head in
            let own = head.features ?? features
            let shape = head.isOfConditions ? [conditions, own] : [head.isOne ? 1 : own]
            return (head, own, plan.add("\(name)/\(head.name)", shape, .bias))
        }
    }

    /// What heads add to a row of so many features.
    static func width(_ heads: [SharedHead], features: Int) -> Int { heads.reduce(0) { $0 + ($1.features ?? features) } }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        let key = NoiseKey(seed: seed, epoch: 0, purpose: .initialization)
        for (head, _, place) in heads where head.start == .normal {
            var row = Int64(number)
            key.fillNormal(parameters + place.lowerBound, rows: &row, rowCount: 1, size: place.count)
        }
    }

    func scratchBytes(_ plan: PassPlan) -> Int {
        guard plan.use == .training, let features = heads.filter(\.head.isOfConditions).map(\.features).max() else { return 0 }
        return plan.folds.reduce(0) {
            max($0, kernel_weight_gradient_scratch(Precision.fp32.kernel, $1.kernel, conditions, features))
        }
    }

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let values = heads.map { head, features, place in
            if head.isOfConditions {
                let product = graph.product(graph.conditions!, graph.parameter(place, [conditions, features]))
                return graph.reshape(product, [features])
            }
            let numbers = Array(graph.values(place))
            let shared = graph.parameter(
                place, head.isOne ? Array(repeating: numbers[0], count: features) : numbers, [features])
            return graph.repeated(shared, forRowsOf: x)
        }
        return graph.join([graph.flatten(x)] + values)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: SharedHeads
        /// Of each head what does not lie in the gradient of the output as the sum over rows takes it; nil where all does. Of one that is
        /// one number, `[rows]`, of one of conditions `[rows, features]`.
        private let gradients: [UnsafeMutablePointer<Float>?]

        init(_ layer: SharedHeads, _ plan: PassPlan, _ memory: PassMemory) {
            self.layer = layer
            output = memory.floats(plan.rows * layer.output.count)
            gradients = layer.heads.map { head, features, _ in
                guard plan.use == .training, head.isOne || head.isOfConditions else { return nil }
                return memory.floats(plan.rows * (head.isOne ? 1 : features))
            }
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let inputs = layer.input.count
            for row in step.rows {
                var own = output + row * layer.output.count
                own.update(from: x + row * inputs, count: inputs)
                own += inputs
                for (head, features, place) in layer.heads {
                    let values = step.parameters.values + place.lowerBound
                    if head.isOfConditions {
                        own.update(repeating: 0, count: features)
                        kernel_add_condition(
                            own, own, step.conditions! + row * layer.conditions, values, 1, 1, features, layer.conditions)
                    } else if head.isOne {
                        own.update(repeating: values[0], count: features)
                    } else {
                        own.update(from: values, count: features)
                    }
                    own += features
                }
            }
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            for row in step.rows {
                var own = dy + row * layer.output.count + layer.input.count
                for ((head, features, _), gradient) in zip(layer.heads, gradients) {
                    if head.isOne {
                        gradient![row] = Self.sum(own, features)
                    } else if let gradient {
                        (gradient + row * features).update(from: own, count: features)
                    }
                    own += features
                }
            }
        }

        /// In eight lanes in double precision, element i in lane i mod 8, which are added in order.
        private static func sum(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
            var lanes = SIMD8<Double>.zero
            for first in stride(from: 0, to: count, by: 8) {
                for lane in 0..<min(8, count - first) { lanes[lane] += Double(values[first + lane]) }
            }
            return Float((0..<8).reduce(0.0) { $0 + lanes[$1] })
        }

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            var own = dy + layer.input.count
            for ((head, features, place), gradient) in zip(layer.heads, gradients) {
                defer { own += features }
                if head.isOfConditions {
                    kernel_weight_gradient(
                        Precision.fp32.kernel, fold.kernel, layer.conditions, features, step.conditions!, gradient!,
                        place.lowerBound, step.member.worker, step.member.count, step.scratch)
                    continue
                }
                let (values, stride) =
                    gradient.map { (UnsafePointer($0), place.count) } ?? (own, layer.output.count)
                kernel_column_gradient(
                    fold.kernel, place.count, values, stride, place.lowerBound, step.member.worker, step.member.count)
            }
        }

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?, _ step: PassStep
        ) {
            let inputs = layer.input.count
            for row in step.rows { (dx + row * inputs).update(from: dy + row * layer.output.count, count: inputs) }
        }
    }
}

extension Block.Operation {
    /// What a likelihood takes from parameters, behind what the decoder gives for rows of so many features.
    static func sharedHeads(_ heads: [SharedHead], features: Int, conditions: Int) -> Block.Operation {
        Block.Operation(
            heads.map(\.name).joined(separator: ", "), shape: { Shape($0.count + SharedHeads.width(heads, features: features)) },
            mirror: { _ throws(NetworkError) in throw NetworkError("stands behind a decoder alone") },
            make: { input, activation, _, name, plan in
                precondition(activation == nil)
                return SharedHeads(input, heads, features: features, conditions: conditions, name, &plan)
            })
    }
}
