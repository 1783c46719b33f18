internal import CKernels
internal import Randomness
internal import Support

/// The prior of codes by classes and second codes, at work on rows (``ClassSpecification``).
///
/// With t_y = -log p(z | u_y, y) + KL(q(u | z, y) || N(0, I)), u_y drawn from q(u | z, y), a row's KL term is
///
///     E log q(z | x) + sum over y of pi_y (t_y + log pi_y) + log C
///
/// of which the first is the latent's. pi is 1 for the class of a row that has a label, and the classifier's q(y | z) for others, and a labelled row has the
/// classifier's cross-entropy besides. A row's classes are neighbours on their way, `[rows, classes]`.
struct ClassPass {
    private let networks: ClassNetworks
    private let classifier: NetworkPass
    private let encoder: NetworkPass
    private let decoder: NetworkPass
    /// That of second codes: the prior is N(0, I).
    private let latent: NormalLatent
    /// `[rows, classes, size]`: the row's code once for each class; second codes, and their noise.
    private let codes: UnsafeMutablePointer<Float>
    private let second: UnsafeMutablePointer<Float>
    private let noise: UnsafeMutablePointer<Float>
    /// `[rows, classes]`: pi, then its products with the row's weight; the terms t; a number for each, which keys its noise; the class, one-hot.
    private let shares: UnsafeMutablePointer<Float>
    private let terms: UnsafeMutablePointer<Double>
    private let numbers: UnsafeMutablePointer<Int64>
    private let classes: UnsafeMutablePointer<Float>
    /// Of each row, the weighted cross-entropy in nats; 0 without a label.
    let losses: UnsafeMutablePointer<Double>
    /// The gradients with regard to codes `[rows, size]`: of p(z | u, y) itself, and through the classifier; to second codes, to what the encoder gives,
    /// and to ``codes``.
    private let direct: UnsafeMutablePointer<Float>
    private let classified: UnsafeMutablePointer<Float>
    private let dsecond: UnsafeMutablePointer<Float>
    private let dhead: UnsafeMutablePointer<Float>
    private let dcodes: UnsafeMutablePointer<Float>

    private var size: Int { latent.size }
    private var count: Int { networks.specification.count }

    init(_ networks: ClassNetworks, latentSize: Int, _ plan: PassPlan, _ memory: PassMemory) {
        self.networks = networks
        latent = NormalLatent(size: latentSize, varianceFloor: 0)
        let (ofClasses, rows) = (plan.samples(networks.specification.count), plan.rows)
        classifier = NetworkPass(networks.classifier, plan, memory)
        encoder = NetworkPass(networks.encoder, ofClasses, memory)
        decoder = NetworkPass(networks.decoder, ofClasses, memory)
        let pairs = ofClasses.rows
        codes = memory.floats(pairs * latentSize)
        second = memory.floats(pairs * latentSize)
        noise = memory.floats(pairs * latentSize)
        shares = memory.floats(pairs)
        terms = memory.doubles(pairs)
        numbers = UnsafeMutableRawPointer(memory.doubles(pairs)).bindMemory(to: Int64.self, capacity: max(pairs, 1))
        classes = memory.floats(pairs * networks.specification.count)
        losses = memory.doubles(rows)
        let trained = plan.use == .training ? 1 : 0
        direct = memory.floats(trained * rows * latentSize)
        classified = memory.floats(trained * rows * latentSize)
        dsecond = memory.floats(trained * pairs * latentSize)
        dhead = memory.floats(trained * pairs * 2 * latentSize)
        dcodes = memory.floats(trained * pairs * latentSize)
    }

    /// The step of this thread's rows, once for each class.
    private func ofClasses(_ step: PassStep) -> PassStep {
        let training = step.training.map {
            TrainingStep(fold: $0.fold.ofSamples ?? $0.fold, scale: $0.scale, noise: $0.noise, rowNumbers: numbers)
        }
        return PassStep(
            parameters: step.parameters, rows: step.rows.lowerBound * count..<step.rows.upperBound * count, member: step.member,
            scratch: step.scratch, conditions: UnsafePointer(classes), training: training)
    }

    /// The classifier's q(y | z) of this thread's codes, `[rows, classes]`.
    func classify(_ z: UnsafePointer<Float>, _ step: PassStep, into shares: UnsafeMutablePointer<Float>) {
        classifier.forward(z, step)
        let first = step.rows.lowerBound * count
        kernel_softmax(shares + first, classifier.output + first, step.rows.count, count)
    }

    /// Adds what this thread's codes give to their KL terms, and leaves the gradients in place of what the networks gave.
    ///
    /// - Parameters:
    ///   - z: `[rows, size]` of all rows.
    ///   - kl: `[rows]`
    ///   - scale: where given, by what the gradients are multiplied: those of the KL terms, and of the cross-entropy.
    func measure(
        _ batch: Batch, _ z: UnsafePointer<Float>, addingTo kl: UnsafeMutablePointer<Double>, scale: (kl: Float, entropy: Float)?,
        _ key: NoiseKey, _ step: PassStep
    ) {
        for row in step.rows {
            for y in 0..<count {
                let pair = row * count + y
                numbers[pair] = batch.rows[row] &* Int64(count) &+ Int64(y)
                (codes + pair * size).update(from: z + row * size, count: size)
                (classes + pair * count).update(repeating: 0, count: count)
                classes[pair * count + y] = 1
            }
        }
        var other = key
        other.purpose = key.purpose == .training ? .classes : .classesValidation
        let (pairs, several) = (step.rows.lowerBound * count, ofClasses(step))
        other.fillNormal(noise + pairs * size, rows: numbers + pairs, rowCount: several.rows.count, size: size)
        classifier.forward(z, step)
        encoder.forward(codes, several)
        latent.sample(
            encoder.output + pairs * 2 * size, noise: noise + pairs * size, into: second + pairs * size, kl: terms + pairs,
            rows: several.rows.count)
        decoder.forward(second, several)
        for row in step.rows { measure(row, batch, addingTo: &kl[row], scale: scale) }
    }

    private func measure(_ row: Int, _ batch: Batch, addingTo kl: inout Double, scale: (kl: Float, entropy: Float)?) {
        let (first, label) = (row * count, batch.classes.map { Int($0[row]) }.flatMap { $0 < 0 ? nil : $0 })
        let logits = classifier.output + first
        let top = (0..<count).reduce(-Float.infinity) { max($0, logits[$1]) }
        let normalizer = Double(top) + Elementary.log((0..<count).reduce(0) { $0 + Elementary.exp(Double(logits[$1] - top)) })
        for y in 0..<count { terms[first + y] += negativeLogDensity(first + y) }
        var whole = 0.0
        if let label {
            whole = terms[first + label]
        } else {
            for y in 0..<count {
                let log = Double(logits[y]) - normalizer
                whole += Elementary.exp(log) * (terms[first + y] + log)
            }
        }
        kl += whole + Elementary.log(Double(count))
        let weight = Double(networks.specification.classificationWeight)
        losses[row] = label.map { weight * (normalizer - Double(logits[$0])) } ?? 0
        guard let scale else { return }
        let own = (kl: scale.kl * batch.weights[row], entropy: scale.entropy * batch.weights[row])
        (direct + row * size).update(repeating: 0, count: size)
        for y in 0..<count {
            let (log, isLabel) = (Double(logits[y]) - normalizer, y == label)
            let share = Elementary.exp(log)
            let pi = label == nil ? Float(share) : isLabel ? 1 : 0
            logits[y] =
                label == nil
                ? own.kl * Float(share * (terms[first + y] + log - whole))
                : own.entropy * Float(weight * (share - (isLabel ? 1 : 0)))
            shares[first + y] = batch.weights[row] * pi
            takeGradient(first + y, row, own.kl * pi)
        }
    }

    private static let limit = Float(KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT)

    /// -log p(z | u, y) of a row and a class in nats.
    private func negativeLogDensity(_ pair: Int) -> Double {
        let (code, head) = (codes + pair * size, decoder.output + pair * 2 * size)
        return (0..<size).reduce(0) { sum, i in
            let (d, v) = (Double(code[i] - head[i]), Double(max(-Self.limit, min(Self.limit, head[size + i]))))
            return sum + 0.5 * (d * d * Elementary.exp(-v) + v + Elementary.log(2 * Double.pi))
        }
    }

    /// The gradient of `factor` times it, in place of what the decoder gave; that with regard to the code is added to ``direct``.
    private func takeGradient(_ pair: Int, _ row: Int, _ factor: Float) {
        let (code, head, own) = (codes + pair * size, decoder.output + pair * 2 * size, direct + row * size)
        for i in 0..<size {
            let (d, v) = (code[i] - head[i], head[size + i])
            let held = max(-Self.limit, min(Self.limit, v))
            let slope = d * Float(Elementary.exp(-Double(held)))
            own[i] += factor * slope
            head[i] = -factor * slope
            head[size + i] = v == held ? 0.5 * factor * (1 - d * slope) : 0
        }
    }

    /// To the gradients of the networks' parameters, and with regard to codes, which are added. Every member of the team calls it.
    ///
    /// - Parameters:
    ///   - klScale: as of ``measure(_:_:addingTo:scale:_:_:)``.
    ///   - dz: `[rows, size]`; nil where nobody wants it.
    func backward(
        _ z: UnsafePointer<Float>, klScale: Float, addingTo dz: UnsafeMutablePointer<Float>?, by buffers: GradientBuffers,
        _ fold: ShardFold, _ step: PassStep
    ) {
        let (several, own) = (ofClasses(step), step.rows.lowerBound * count)
        let foldOfClasses = fold.ofSamples ?? fold
        decoder.backward(second, decoder.output, into: dsecond, by: buffers, foldOfClasses, several)
        latent.backward(
            encoder.output + own * 2 * size, noise: noise + own * size, dz: dsecond + own * size, klWeight: klScale,
            weights: shares + own, into: dhead + own * 2 * size, rows: several.rows.count)
        encoder.backward(codes, dhead, into: dcodes, by: buffers, foldOfClasses, several)
        classifier.backward(z, classifier.output, into: classified, by: buffers, fold, step)
        guard let dz else { return }
        for row in step.rows {
            for i in row * size..<(row + 1) * size {
                var sum = direct[i] + classified[i]
                for y in 0..<count { sum += dcodes[(row * count + y) * size + i - row * size] }
                dz[i] += sum
            }
        }
    }
}
