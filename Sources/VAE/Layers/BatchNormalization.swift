internal import CKernels

extension Normalization {
    public static let batch = Normalization(known: "batch")
}

/// y = (x - mean) / sqrt(variance + epsilon) gain + shift for each channel, with mean and variance over the positions of many rows (Ioffe & Szegedy
/// 2015, algorithm 1): in training those that a shard gives to the step, so that the bits do not depend on ranks; later the running ones, which
/// a step moves by `momentum` towards what it saw, each shard by the rows that it gave. A shard of fewer than two rows takes the running ones.
/// What rows count in the loss does not matter here.
struct BatchNormalization: Layer {
    /// With PyTorch's meaning and defaults.
    struct Settings {
        var epsilon: Float = 1e-5
        var momentum: Float = 0.1
        /// Whether there is a gain; else it is 1.
        var isScaled = true
    }

    let input: Shape
    var output: Shape { input }
    var couplesRows: Bool { true }
    private let settings: Settings
    /// `[channels]` each.
    private let gain: Range<Int>?
    private let shift: Range<Int>
    /// `[channels]` each; the variance as PyTorch keeps it, over one position fewer than there are.
    private let mean: Range<Int>
    private let variance: Range<Int>
    private let positions: Int
    private let channels: Int

    init(_ input: Shape, _ settings: Settings, _ name: String, _ plan: inout ParameterPlan) {
        (self.input, self.settings) = (input, settings)
        (positions, channels) = input.positionsAndChannels
        gain = settings.isScaled ? plan.add("\(name)/gain", [channels], .gain) : nil
        shift = plan.add("\(name)/shift", [channels], .shift)
        mean = plan.add("\(name)/running-mean", [channels], .statistic)
        variance = plan.add("\(name)/running-variance", [channels], .statistic)
    }

    /// "batch-norm e0.001 m0.01 unscaled": epsilon and momentum, and whether there is no gain.
    static let read: Normalization.Read = { words throws(NetworkError) in
        var settings = Settings()
        for word in words {
            if word == "unscaled" {
                settings.isScaled = false
                continue
            }
            guard let letter = word.first, "em".contains(letter), let number = Float(word.dropFirst()), number > 0, number <= 1
            else {
                throw NetworkError(
                    "\"\(word)\" is none of epsilon, momentum and unscaled, as in \"batch-norm e0.001 m0.01 unscaled\"")
            }
            if letter == "e" { settings.epsilon = number } else { settings.momentum = number }
        }
        return Normalization.Kind(isFirst: true) { [settings] in BatchNormalization($0, settings, $1, &$2) }
    }

    var vanishing: Range<Int>? { gain }

    func initialize(_ parameters: UnsafeMutablePointer<Float>, _ how: Initialization, number: Int, seed: UInt64) {
        if let gain { (parameters + gain.lowerBound).update(repeating: 1, count: channels) }
        (parameters + variance.lowerBound).update(repeating: 1, count: channels)
    }

    func scratchBytes(_ plan: PassPlan) -> Int { ChannelMoments.scratchBytes(channels: channels) }

    func export(_ x: OperatorGraph.Value, into graph: inout OperatorGraph) -> OperatorGraph.Value {
        let factors = factors { graph.values($0) }
        let centred = graph.apply(.difference, x, graph.parameter(mean))
        let scaled = graph.apply(.product, centred, graph.parameter(gain ?? variance, factors, [channels]))
        return graph.apply(.sum, scaled, graph.parameter(shift))
    }

    /// What an applied model multiplies each channel by, by its parameters.
    private func factors(_ values: (Range<Int>) -> ArraySlice<Float>) -> [Float] {
        let factors = values(variance).map { ChannelMoments.factor($0, epsilon: settings.epsilon) }
        return gain.map { zip(values($0), factors).map { $0 * $1 } } ?? factors
    }

    /// What an applied model makes of a row, or of the difference of two.
    func applied(to row: [Float], isDifference: Bool, _ values: (Range<Int>) -> ArraySlice<Float>) -> [Float] {
        let (factors, means, shifts) = (factors(values), Array(values(mean)), Array(values(shift)))
        return row.indices.map { i in
            let c = i % channels
            return isDifference ? row[i] * factors[c] : (row[i] - means[c]) * factors[c] + shifts[c]
        }
    }

    func makePass(_ plan: PassPlan, _ memory: PassMemory) -> any LayerPass { Pass(self, plan, memory) }

    private final class Pass: LayerPass {
        let output: UnsafeMutablePointer<Float>
        private let layer: BatchNormalization
        private let moments: ChannelMoments
        /// What each shard gives of the gradients of gain and shift, and of the change of running mean and variance: `[shards, channels]`.
        private let parts: [UnsafeMutablePointer<Float>]
        /// The gains where there are none, `[channels]`; nil where there are.
        private let ones: UnsafeMutablePointer<Float>?
        private let size: Int
        private var channels: Int { layer.channels }

        init(_ layer: BatchNormalization, _ plan: PassPlan, _ memory: PassMemory) {
            (self.layer, size) = (layer, layer.input.count)
            output = memory.floats(plan.rows * size)
            let shards = plan.folds.reduce(1) { max($0, $1.shards.count) }
            moments = ChannelMoments(channels: layer.channels, sets: shards, plan.use, memory)
            parts = plan.use == .training ? (0..<4).map { _ in memory.floats(shards * layer.channels) } : []
            ones = layer.gain == nil ? memory.floats(layer.channels) : nil
        }

        func forward(_ x: UnsafePointer<Float>, _ step: PassStep) {
            guard let training = step.training else {
                ones?.update(repeating: 1, count: channels)
                takeRunning(set: 0, 0..<channels, step)
                return normalize(x, step.rows, set: 0, step)
            }
            // Threads share the rows of a shard, and its channels.
            step.member.meet()
            for c in step.member.part(of: channels) { ones?[c] = 1 }
            for (shard, rows) in training.fold.shards.enumerated() { measure(x, rows, shard, training, step) }
            step.member.meet()
            for (shard, rows) in training.fold.shards.enumerated() { normalize(x, rows.clamped(to: step.rows), set: shard, step) }
        }

        private func normalize(_ x: UnsafePointer<Float>, _ rows: Range<Int>, set: Int, _ step: PassStep) {
            let first = rows.lowerBound * size
            moments.normalize(
                x + first, into: output + first, positions: rows.count * layer.positions, set: set,
                gain: gains(step), shift: step.parameters.values + layer.shift.lowerBound)
        }

        private func gains(_ step: PassStep) -> UnsafePointer<Float> {
            layer.gain.map { step.parameters.values + $0.lowerBound } ?? UnsafePointer(ones!)
        }

        private func takeRunning(set: Int, _ own: Range<Int>, _ step: PassStep) {
            let values = step.parameters.values
            for c in own {
                moments.means[set * channels + c] = values[layer.mean.lowerBound + c]
                moments.factors[set * channels + c] = ChannelMoments.factor(
                    values[layer.variance.lowerBound + c], epsilon: layer.settings.epsilon)
            }
        }

        /// This thread's channels of a shard, and by how much they move the running ones.
        private func measure(
            _ x: UnsafePointer<Float>, _ rows: Range<Int>, _ shard: Int, _ training: TrainingStep, _ step: PassStep
        ) {
            let own = step.member.part(of: channels)
            let (meanChange, varianceChange) = (parts[2] + shard * channels, parts[3] + shard * channels)
            guard rows.count > 1 else {
                takeRunning(set: shard, own, step)
                for c in own { (meanChange[c], varianceChange[c]) = (0, 0) }
                return
            }
            let (x, positions) = (x + rows.lowerBound * size, rows.count * layer.positions)
            let (means, factors) = (moments.means + shard * channels, moments.factors + shard * channels)
            let (sums, squares) = moments.sums(step)
            kernel_channel_sums(sums, x, positions, channels, own.lowerBound, own.upperBound)
            for c in own { means[c] = Float(sums[c] / Double(positions)) }
            kernel_channel_squares(squares, x, means, positions, channels, own.lowerBound, own.upperBound)
            let share = Double(layer.settings.momentum) * (Double(rows.count) * Double(training.scale))
            let running = (step.parameters.values + layer.mean.lowerBound, step.parameters.values + layer.variance.lowerBound)
            for c in own {
                factors[c] = ChannelMoments.factor(Float(squares[c] / Double(positions)), epsilon: layer.settings.epsilon)
                meanChange[c] = Float(share * (Double(means[c]) - Double(running.0[c])))
                varianceChange[c] = Float(share * (squares[c] / Double(positions - 1) - Double(running.1[c])))
            }
        }

        func backwardRows(_ x: UnsafePointer<Float>, _ dy: UnsafeMutablePointer<Float>, isApplied: Bool, _ step: PassStep) {}

        func sumGradients(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ fold: ShardFold, _ step: PassStep) {
            for (shard, rows) in fold.shards.enumerated() { measureGradients(x, dy, rows, shard, step) }
            step.member.meet()
            if let gain = layer.gain { add(parts[0], to: gain, fold.ofShards, step.member) }
            add(parts[1], to: layer.shift, fold.ofShards, step.member)
            add(parts[2], to: layer.mean, fold.ofStatistics, step.member)
            add(parts[3], to: layer.variance, fold.ofStatistics, step.member)
        }

        private func add(
            _ values: UnsafePointer<Float>, to place: Range<Int>, _ fold: UnsafePointer<kernel_fold>, _ member: TeamMember
        ) {
            kernel_column_gradient(fold, channels, values, channels, place.lowerBound, member.worker, member.count)
        }

        /// With n = (x - mean) factor the gradient with regard to x is factor gain (dy - mean(dy) - n mean(dy n)).
        private func measureGradients(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ rows: Range<Int>, _ shard: Int, _ step: PassStep
        ) {
            let (own, place, first) = (step.member.part(of: channels), shard * channels, rows.lowerBound * size)
            let positions = rows.count * layer.positions
            let (sums, products) = moments.sums(step)
            kernel_channel_gradients(
                sums, products, x + first, dy + first, moments.means + place, moments.factors + place, positions, channels,
                own.lowerBound, own.upperBound)
            let gain = gains(step)
            let isOwn = rows.count > 1
            for c in own {
                (parts[0][place + c], parts[1][place + c]) = (Float(products[c]), Float(sums[c]))
                let slope = moments.factors[place + c] * gain[c]
                moments.slopes![place + c] = slope
                moments.levels![place + c] = isOwn ? slope * Float(sums[c] / Double(positions)) : 0
                moments.tilts![place + c] = isOwn ? slope * Float(products[c] / Double(positions)) : 0
            }
        }

        func backward(
            _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
            ending: OutputDerivative?,
            _ step: PassStep
        ) {
            for (shard, rows) in step.training!.fold.shards.enumerated() {
                let rows = rows.clamped(to: step.rows)
                let first = rows.lowerBound * size
                moments.backward(dy + first, x + first, into: dx + first, positions: rows.count * layer.positions, set: shard)
            }
        }
    }
}
