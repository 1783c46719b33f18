internal import CKernels

extension Normalization {
    public static let group = Normalization(known: "group")
}

/// y = (x - mean) / sqrt(variance + 1e-5) gain + shift, with mean and variance over all positions and the channels of a group, for each row by
/// itself (Wu & He 2018, equations 1 and 7); gain and shift are of each channel.
struct GroupNormalization: Layer {
    let input: Shape
    var output: Shape { input }
    private static let epsilon: Float = 1e-5
    private let affine: ChannelAffine
    private let groups: Int
    private let positions: Int
    private let channels: Int

    /// - Parameter groups: nil for the most that leave 16 channels or more to a group, or one alone.
    init(_ input: Shape, groups: Int?, _ name: String, _ plan: inout ParameterPlan) {
        self.input = input
        let (positions, channels) = input.positionsAndChannels
        (self.positions, self.channels) = (positions, channels)
        self.groups = groups ?? (1...max(1, channels / 16)).last { channels.isMultiple(of: $0) }!
        affine = ChannelAffine(channels: channels, name, &plan)
    }

    /// "group-norm 8": the number of groups. A number that does not divide the channels is refused when shapes are known.
    static let read: Normalization.Read = { words throws(NetworkError) in
        let groups = words.first.flatMap { Int($0) }
        guard words.isEmpty || (words.count == 1 && groups != nil && groups! > 0) else {
            throw NetworkError("\"\(words.joined(separator: " "))\" is no number of groups, as in \"group-norm 8\"")
        }
        return Normalization.Kind(
            isFirst: true,
            check: { input throws(NetworkError) in
                let channels = input.positionsAndChannels.channels
                guard channels.isMultiple(of: groups ?? 1) else {
                    throw NetworkError("\(groups!) groups do not divide \(channels) channels")
                }
            }, make: { GroupNormalization($0, groups: groups, $1, &$2) })
    }

    var vanishing: Range<Int>? { affine.gain }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        affine.initialize(parameters)
    }

    func scratchBytes(_ plan: PassPlan) -> Int { ChannelMoments.scratchBytes(channels: channels) }

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let grouped = graph.reshape(x, [positions, groups, channels / groups])
        let normal = graph.normalize(grouped, axes: [0, 2], epsilon: Self.epsilon)
        let channelled = graph.reshape(normal, [positions, channels])
        return graph.reshape(graph.affine(channelled, gain: affine.gain, shift: affine.shift), output.sizes)
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: GroupNormalization
        /// Those of each row.
        private let moments: ChannelMoments
        /// What gain and shift get of each row, `[rows, channels]`.
        private let gainParts: UnsafeMutablePointer<Float>?
        private let shiftParts: UnsafeMutablePointer<Float>?
        private let size: Int
        private var channels: Int { layer.channels }

        init(_ layer: GroupNormalization, _ plan: PassPlan, _ memory: PassMemory) {
            (self.layer, size) = (layer, layer.input.count)
            output = memory.floats(plan.rows * size)
            moments = ChannelMoments(channels: layer.channels, sets: plan.rows, plan.use, memory)
            let trains = plan.use == .training
            gainParts = trains ? memory.floats(plan.rows * layer.channels) : nil
            shiftParts = trains ? memory.floats(plan.rows * layer.channels) : nil
        }

        /// The channels of each group.
        private func forEachGroup(_ body: (Range<Int>) -> Void) {
            let width = channels / layer.groups
            for group in 0..<layer.groups { body(group * width..<(group + 1) * width) }
        }

        /// The sum over a group's channels, in their order, each with a factor.
        private func sum(_ sums: UnsafePointer<Double>, _ group: Range<Int>, by factors: UnsafePointer<Float>? = nil) -> Double {
            var sum = 0.0
            for c in group { sum += (factors.map { Double($0[c]) } ?? 1) * sums[c] }
            return sum
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            let (affine, values) = (layer.affine, step.parameters.values)
            for row in step.rows {
                let x = x + row * size
                let (means, factors) = (moments.means + row * channels, moments.factors + row * channels)
                let (sums, squares) = moments.sums(step)
                kernel_channel_sums(sums, x, layer.positions, channels, 0, channels)
                forEachGroup { group in
                    let mean = Float(sum(sums, group) / Double(group.count * layer.positions))
                    for c in group { means[c] = mean }
                }
                kernel_channel_squares(squares, x, means, layer.positions, channels, 0, channels)
                forEachGroup { group in
                    let variance = Float(sum(squares, group) / Double(group.count * layer.positions))
                    for c in group { factors[c] = ChannelMoments.factor(variance, epsilon: GroupNormalization.epsilon) }
                }
                moments.normalize(
                    x, into: output + row * size, positions: layer.positions, set: row, gain: values + affine.gain.lowerBound,
                    shift: values + affine.shift.lowerBound)
            }
        }

        /// With n = (x - mean) factor and h = dy gain the gradient with regard to x is factor (h - mean(h) - n mean(h n)).
        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {
            let gain = step.parameters.values + layer.affine.gain.lowerBound
            for row in step.rows {
                let (place, x, dy) = (row * channels, x + row * size, dy + row * size)
                let (sums, products) = moments.sums(step)
                kernel_channel_gradients(
                    sums, products, x, dy, moments.means + place, moments.factors + place, layer.positions, channels, 0, channels)
                forEachGroup { group in
                    let count = Double(group.count * layer.positions)
                    let level = Float(sum(sums, group, by: gain) / count)
                    let tilt = Float(sum(products, group, by: gain) / count)
                    for c in group {
                        let factor = moments.factors[place + c]
                        moments.slopes![place + c] = factor * gain[c]
                        moments.levels![place + c] = factor * level
                        moments.tilts![place + c] = factor * tilt
                        (gainParts![place + c], shiftParts![place + c]) = (Float(products[c]), Float(sums[c]))
                    }
                }
            }
        }

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            let (member, affine) = (step.member, layer.affine)
            kernel_column_gradient(
                fold.kernel, channels, gainParts!, channels, affine.gain.lowerBound, member.worker, member.count)
            kernel_column_gradient(
                fold.kernel, channels, shiftParts!, channels, affine.shift.lowerBound, member.worker, member.count)
        }

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?,
            _ step: PassStep
        ) {
            for row in step.rows {
                moments.backward(
                    dy + row * size, x + row * size, into: dx + row * size, positions: layer.positions, set: row)
            }
        }
    }
}
