internal import Randomness
internal import Support

/// The importance-weighted bound of rows, log 1/K sum p(x | z) p(z) / q(z | x), and its gradient (Burda et al. 2016, equations 8 and 13).
///
/// A row's K codes are neighbours on their way through the decoder, `[rows, samples]`, and never part.
struct ImportancePass {
    private let forward: ForwardPass
    private let samples: Int
    private let latent: any ImportanceLatent
    /// `[rows, samples, latentSize]`: codes, and their noise.
    let z: UnsafeMutablePointer<Float>
    private let noise: UnsafeMutablePointer<Float>
    /// `[rows, samples]`: log p(z) - log q(z | x), then the loss -log p(x | z); the share of a code in its row's sum, as the gradient takes it; a
    /// number for each code, which keys its noise.
    private let logRatios: UnsafeMutablePointer<Double>
    private let losses: UnsafeMutablePointer<Double>
    private let factors: UnsafeMutablePointer<Float>
    private let numbers: UnsafeMutablePointer<Int64>
    /// `[rows, samples, conditions]`
    private let conditions: UnsafeMutablePointer<Float>
    /// By worker: a row once for each of its codes, with its mask and its weight.
    private let repeated:
        [(x: UnsafeMutablePointer<Float>, mask: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>)]

    init(_ forward: ForwardPass, _ plan: PassPlan, workers: Int, _ memory: PassMemory) {
        let model = forward.model
        self.forward = forward
        samples = model.samples
        // The configuration was checked.
        latent = model.latent as! any ImportanceLatent
        let count = plan.rows * samples
        z = memory.floats(count * latent.size)
        noise = memory.floats(count * latent.noiseSize)
        logRatios = memory.doubles(count)
        losses = memory.doubles(count)
        factors = memory.floats(count)
        numbers = UnsafeMutableRawPointer(memory.doubles(count)).bindMemory(to: Int64.self, capacity: max(count, 1))
        conditions = memory.floats(count * model.conditionSize)
        let size = model.samples * model.inputSize
        repeated = (0..<workers).map { _ in (memory.floats(size), memory.floats(size), memory.floats(model.samples)) }
    }

    /// The step of this thread's codes, with what is known of their rows.
    func repeated(_ batch: Batch, _ step: PassStep, _ fold: ShardFold) -> PassStep {
        let width = forward.model.conditionSize
        for row in step.rows {
            for sample in row * samples..<(row + 1) * samples {
                numbers[sample] = batch.rows[row] &* Int64(samples) &+ Int64(sample - row * samples)
                if let own = batch.conditions {
                    (conditions + sample * width).update(from: own + row * width, count: width)
                }
            }
        }
        let training = step.training.map {
            TrainingStep(fold: fold.ofSamples!, scale: $0.scale, noise: $0.noise, rowNumbers: numbers)
        }
        return PassStep(
            parameters: step.parameters, rows: step.rows.lowerBound * samples..<step.rows.upperBound * samples,
            member: step.member, scratch: step.scratch, conditions: batch.conditions.map { _ in UnsafePointer(conditions) },
            training: training)
    }

    /// The codes of this thread's encoded rows.
    func sample(_ batch: Batch, _ key: NoiseKey, _ step: PassStep) {
        let (row, count) = (step.rows.lowerBound, step.rows.count)
        let (first, own) = (row * samples, noise + row * samples * latent.noiseSize)
        key.fillNormal(own, rows: numbers + first, rowCount: count * samples, size: latent.noiseSize)
        latent.sample(
            forward.encoder.output + row * latent.headSize, noise: own, samples: samples, into: z + first * latent.size,
            logRatios: logRatios + first, rows: count)
    }

    /// Each row's bound, as the parts of its loss; the decoder's output becomes the gradient of `-scale weight bound` with regard to it.
    func measure(_ batch: Batch, scale: Float, _ step: PassStep) {
        let (features, width) = (forward.model.inputSize, forward.model.decoder.output.count)
        let own = repeated[step.member.worker]
        for row in step.rows {
            for sample in 0..<samples {
                (own.x + sample * features).update(from: batch.input + row * features, count: features)
                if let mask = batch.mask { (own.mask + sample * features).update(from: mask + row * features, count: features) }
                own.weights[sample] = batch.weights[row]
            }
            let (first, output) = (row * samples, forward.decoder.output + row * samples * width)
            let rows = LossRows(
                x: own.x, mask: batch.mask.map { _ in UnsafePointer(own.mask) }, weights: own.weights, rowCount: samples,
                features: features)
            forward.model.likelihood.loss(
                rows, output, LossStep(scale: scale, scratch: step.scratch, losses: losses + first))
            let shares = factors + first
            weigh(row, shares: shares)
            for sample in 0..<samples {
                let gradient = output + sample * width
                for i in 0..<width { gradient[i] *= shares[sample] }
                shares[sample] *= scale * batch.weights[row]
            }
        }
    }

    /// A row's bound, and the share of each of its codes in the sum. Of its two parts the one is the mean of -log p(x | z) by these shares, the
    /// other what is left.
    private func weigh(_ row: Int, shares: UnsafeMutablePointer<Float>) {
        let range = row * samples..<(row + 1) * samples
        var top = -Double.infinity
        for sample in range { top = max(top, logRatios[sample] - losses[sample]) }
        var sum = 0.0
        for sample in range { sum += Elementary.exp(logRatios[sample] - losses[sample] - top) }
        var reconstruction = 0.0
        for sample in range {
            let share = Elementary.exp(logRatios[sample] - losses[sample] - top) / sum
            reconstruction += share * losses[sample]
            shares[sample - range.lowerBound] = Float(share)
        }
        let bound = top + Elementary.log(sum / Double(samples))
        forward.losses[row] = reconstruction
        forward.kl[row] = -bound - reconstruction
    }

    /// The gradient with regard to the encoder's output of this thread's rows.
    ///
    /// - Parameter dz: of the loss with regard to all codes.
    func backward(dz: UnsafePointer<Float>, into dhead: UnsafeMutablePointer<Float>, _ step: PassStep) {
        let row = step.rows.lowerBound
        let (first, head) = (row * samples, row * latent.headSize)
        latent.backward(
            forward.encoder.output + head, noise: noise + first * latent.noiseSize, samples: samples,
            z: z + first * latent.size, dz: dz + first * latent.size, factors: factors + first, into: dhead + head,
            rows: step.rows.count)
    }
}
