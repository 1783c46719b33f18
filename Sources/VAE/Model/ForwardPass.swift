internal import Randomness

/// Rows on their way from data to their loss: encoder, code, decoder, likelihood. What a row gives is a function of the row alone, whatever goes
/// through beside it.
struct ForwardPass {
    let model: Model
    let encoder: NetworkPass
    let decoder: NetworkPass
    /// Of all rows: the sample of the posterior `[rows, latentSize]`, its noise, and each row's parts of the loss in nats.
    let z: UnsafeMutablePointer<Float>
    let noise: UnsafeMutablePointer<Float>
    let losses: UnsafeMutablePointer<Double>
    let kl: UnsafeMutablePointer<Double>
    /// Of models that know of labels.
    let classes: ClassPass?

    /// - Parameter samples: that the decoder takes of each row.
    init(_ model: Model, _ plan: PassPlan, _ memory: PassMemory, samples: Int = 1) {
        self.model = model
        encoder = NetworkPass(model.encoder, plan, memory)
        decoder = NetworkPass(model.decoder, samples == 1 ? plan : plan.samples(samples), memory)
        z = memory.floats(plan.rows * model.latentSize)
        noise = memory.floats(plan.rows * model.latent.noiseSize)
        losses = memory.doubles(plan.rows)
        kl = memory.doubles(plan.rows)
        classes = model.classes.map { ClassPass($0, latentSize: model.latentSize, plan, memory) }
    }

    /// The bytes of scratch memory that each thread needs.
    static func scratchBytes(_ model: Model, _ plan: PassPlan, samples: Int = 1) -> Int {
        max(
            model.encoder.scratchBytes(plan), model.decoder.scratchBytes(samples == 1 ? plan : plan.samples(samples)),
            model.classes?.scratchBytes(plan) ?? 0, 4 * model.likelihood.scratchCount(features: model.inputSize))
    }

    /// This thread's rows of a batch through the encoder.
    func encode(_ batch: Batch, _ step: PassStep) { encoder.forward(batch.seen, step) }

    /// A code of each of the encoded rows, and its KL term.
    ///
    /// - Parameter scale: of models that know of labels, as ``ClassPass`` has it.
    func sample(_ batch: Batch, _ key: NoiseKey, scale: (kl: Float, entropy: Float)? = nil, _ step: PassStep) {
        let (row, count, latent) = (step.rows.lowerBound, step.rows.count, model.latent)
        let own = noise + row * latent.noiseSize
        if latent.noiseSize > 0 { key.fillNormal(own, rows: batch.rows + row, rowCount: count, size: latent.noiseSize) }
        latent.sample(encoder.output + row * latent.headSize, noise: own, into: z + row * latent.size, kl: kl + row, rows: count)
        classes?.measure(batch, z, addingTo: kl, scale: scale, key, step)
    }

    /// Codes `[rows, latentSize]` through the decoder.
    func decode(_ codes: UnsafePointer<Float>, _ step: PassStep) { decoder.forward(codes, step) }

    /// Each decoded row's loss.
    ///
    /// - Parameter scale: where given, the decoder's output becomes the gradient of `scale weight loss` with regard to it.
    func measure(_ batch: Batch, scale: Float?, _ step: PassStep) {
        let (row, features) = (step.rows.lowerBound, model.inputSize)
        let rows = LossRows(
            x: batch.input + row * features, mask: batch.mask.map { $0 + row * features },
            weights: scale == nil ? nil : batch.weights + row, rowCount: step.rows.count, features: features)
        model.likelihood.loss(
            rows, decoder.output + row * model.decoder.output.count,
            LossStep(scale: scale ?? 1, scratch: step.scratch, losses: losses + row))
    }

    /// What each column of decoded rows gives to the loss, of tables alone; no gradient may have been taken.
    func measureColumns(_ batch: Batch, into losses: UnsafeMutablePointer<Float>, _ step: PassStep) {
        guard let mixed = model.likelihood as? MixedLikelihood else { return }
        let rows = LossRows(
            x: batch.input, mask: batch.mask, weights: nil, rowCount: step.rows.count, features: model.inputSize)
        mixed.columnLosses(rows, decoder.output, scratch: step.scratch, into: losses)
    }

    /// Adds what some rows gave of the loss to sums, one row after the other.
    func add(_ batch: Batch, _ rows: Range<Int>, to sums: inout LossSums) {
        for row in rows {
            let weight = Double(batch.weights[row])
            sums.add(EvidenceLowerBound.reconstruction, weight * losses[row])
            sums.add(EvidenceLowerBound.kl, weight * kl[row])
            if let classes { sums.add(EvidenceLowerBound.classification, weight * classes.losses[row]) }
            sums.weight += weight
        }
        sums.rowCount += rows.count
    }
}
