public import Randomness
internal import Support

/// What a trained model says of rows, for one thread: codes, losses, reconstructions, samples. Takes no memory for gradients.
///
/// All functions take the parameters, packed, and cut batches into pieces of ``capacity`` rows.
public final class Inference {
    public let model: Model
    /// The rows that go through at once.
    public let capacity: Int
    private let parts: (forward: ForwardPass, scratch: UnsafeMutablePointer<Float>)
    private let memory: AlignedBuffer

    private var forward: ForwardPass { parts.forward }

    private static func parts(_ model: Model, rows: Int, _ memory: PassMemory) -> (ForwardPass, UnsafeMutablePointer<Float>) {
        let plan = PassPlan(precision: model.precision, use: .inference, rows: rows)
        return (ForwardPass(model, plan, memory), memory.floats((ForwardPass.scratchBytes(model, plan) + 3) / 4))
    }

    public init(_ model: Model, rows: Int) {
        precondition(rows > 0)
        self.model = model
        capacity = rows
        (parts, memory) = PassMemory.allocate { Self.parts(model, rows: rows, $0) }
    }

    /// The bytes that such a pass takes.
    public static func byteCount(_ model: Model, rows: Int) -> Int {
        PassMemory.byteCount { parts(model, rows: rows, $0) }
    }

    private func step(_ parameters: PreparedParameters, rows: Int, _ conditions: UnsafePointer<Float>?) -> PassStep {
        PassStep(
            parameters: parameters, rows: 0..<rows, member: .alone, scratch: parts.scratch, conditions: conditions)
    }

    /// Cuts a batch into pieces of at most ``capacity`` rows; gives each with the number of its first row.
    private func forEachPiece(
        of batch: Batch, _ parameters: PreparedParameters, _ body: (_ piece: Batch, _ first: Int, _ step: PassStep) -> Void
    ) {
        for first in stride(from: 0, to: batch.rowCount, by: capacity) {
            let piece = batch.slice(first..<min(first + capacity, batch.rowCount), of: model)
            body(piece, first, step(parameters, rows: piece.rowCount, piece.conditions))
        }
    }

    /// Each row's posterior; nothing is decoded.
    ///
    /// - Parameters:
    ///   - mean: `[rowCount, latentSize]`; for an autoencoder the code.
    ///   - logVariance: `[rowCount, latentSize]`; 0 for an autoencoder; nil if it is not wanted.
    public func encode(
        _ batch: Batch, _ parameters: PreparedParameters, mean: UnsafeMutablePointer<Float>,
        logVariance: UnsafeMutablePointer<Float>? = nil
    ) {
        forEachPiece(of: batch, parameters) { piece, first, step in
            forward.encode(piece, step)
            copyPosterior(
                rows: piece.rowCount, mean + first * model.latentSize, logVariance.map { $0 + first * model.latentSize })
        }
    }

    private func copyPosterior(
        rows: Int, _ mean: UnsafeMutablePointer<Float>, _ logVariance: UnsafeMutablePointer<Float>?
    ) {
        model.latent.mean(forward.encoder.output, into: mean, rows: rows)
        if let logVariance { model.latent.logVariance(forward.encoder.output, into: logVariance, rows: rows) }
    }

    /// A row's posterior and its parts of the loss, for ``evaluate(_:_:noise:into:)``.
    public struct Rows {
        /// As of ``encode(_:_:mean:logVariance:)``.
        public let mean: UnsafeMutablePointer<Float>
        public let logVariance: UnsafeMutablePointer<Float>
        /// -log p(x | z) of each row, in nats, with z from the posterior by the row's noise.
        public let reconstruction: UnsafeMutablePointer<Float>
        /// Of each row, in nats.
        public let kl: UnsafeMutablePointer<Float>
        /// Of tables what each column gives to the reconstruction, `[rowCount, inputSize]`, not a number where it is missing, all of it in the
        /// first column of those that are coupled; nil if it is not wanted.
        public var columns: UnsafeMutablePointer<Float>?

        public init(
            mean: UnsafeMutablePointer<Float>, logVariance: UnsafeMutablePointer<Float>,
            reconstruction: UnsafeMutablePointer<Float>,
            kl: UnsafeMutablePointer<Float>
        ) {
            (self.mean, self.logVariance, self.reconstruction, self.kl) = (mean, logVariance, reconstruction, kl)
        }
    }

    /// The sums over the rows of the parts of the loss, and what each row gives to them.
    @discardableResult
    public func evaluate(
        _ batch: Batch, _ parameters: PreparedParameters, noise key: NoiseKey, into rows: Rows? = nil
    ) -> LossSums {
        var sums = LossSums()
        forEachPiece(of: batch, parameters) { piece, first, step in
            forward.encode(piece, step)
            forward.sample(piece, key, step)
            forward.decode(forward.z, step)
            forward.measure(piece, scale: nil, step)
            forward.add(piece, 0..<piece.rowCount, to: &sums)
            guard let rows else { return }
            if let columns = rows.columns { forward.measureColumns(piece, into: columns + first * model.inputSize, step) }
            copyPosterior(
                rows: piece.rowCount, rows.mean + first * model.latentSize, rows.logVariance + first * model.latentSize)
            for row in 0..<piece.rowCount {
                rows.reconstruction[first + row] = Float(forward.losses[row])
                rows.kl[first + row] = Float(forward.kl[row])
            }
        }
        return sums
    }

    /// The classifier's probabilities of the classes of codes; of models that know of classes.
    ///
    /// - Parameters:
    ///   - z: `[rowCount, latentSize]`.
    ///   - shares: `[rowCount, classes]`.
    public func classify(
        _ z: UnsafePointer<Float>, rowCount: Int, _ parameters: PreparedParameters, into shares: UnsafeMutablePointer<Float>
    ) {
        guard let classes = forward.classes, let count = model.specification.classes?.count else { return }
        for first in stride(from: 0, to: rowCount, by: capacity) {
            let own = step(parameters, rows: min(capacity, rowCount - first), nil)
            classes.classify(z + first * model.latentSize, own, into: shares + first * count)
        }
    }

    /// What the encoder's blocks made of the rows that went through it last, `[rows, size]` each, before normalisation; the last one's is the
    /// posterior's parameters, see ``Latent``. Rows whose axes were exchanged alone are still the rows, and not among them.
    public var encoderActivations: ArraySlice<(values: UnsafePointer<Float>, shape: Shape)> {
        forward.encoder.activations.dropFirst(model.specification.networks?.turnsRows == true ? 1 : 0)
    }

    /// The mean of p(x | z) for codes.
    ///
    /// - Parameters:
    ///   - z: `[rowCount, latentSize]`.
    ///   - library: of the rows that they are codes of, or what they may be.
    ///   - conditions: `[rowCount, conditionSize]`; nil where the decoder knows of none.
    ///   - mean: `[rowCount, inputSize]`, in the scale of prepared rows.
    public func decode(
        _ z: UnsafePointer<Float>, rowCount: Int, _ library: RowLibrary, conditions: UnsafePointer<Float>?,
        _ parameters: PreparedParameters, mean: UnsafeMutablePointer<Float>
    ) {
        let features = model.inputSize
        for first in stride(from: 0, to: rowCount, by: capacity) {
            let rows = min(capacity, rowCount - first)
            let own = conditions.map { $0 + first * model.conditionSize }
            forward.decode(z + first * model.latentSize, step(parameters, rows: rows, own))
            model.likelihood.mean(
                forward.decoder.output, library.dropping(rows: first, features: features), into: mean + first * features,
                rows: rows,
                features: features)
        }
    }

    /// The mean of p(x | z) at every row's code, the posterior's mean: what the model takes a row for.
    ///
    /// - Parameters:
    ///   - conditions: of what is made of the rows, `[rowCount, conditionSize]`; nil for their own.
    ///   - library: what sums rows of counts are to have; nil for their own.
    ///   - mean: `[rowCount, inputSize]`, in the scale of prepared rows.
    public func reconstruct(
        _ batch: Batch, as conditions: UnsafePointer<Float>? = nil, library: RowLibrary? = nil,
        _ parameters: PreparedParameters, into mean: UnsafeMutablePointer<Float>
    ) {
        let conditions = conditions ?? batch.conditions
        forEachPiece(of: batch, parameters) { piece, first, step in
            forward.encode(piece, step)
            copyPosterior(rows: piece.rowCount, forward.z, nil)
            decode(
                forward.z, rowCount: piece.rowCount,
                library?.dropping(rows: first, features: model.inputSize) ?? .ofRows(piece),
                conditions: conditions.map { $0 + first * model.conditionSize }, parameters,
                mean: mean + first * model.inputSize)
        }
    }

    /// Draws of p(x | z) for codes in place of the missing values of rows.
    ///
    /// - Parameters:
    ///   - z: `[rowCount, latentSize]`.
    ///   - drawn: `[rowCount, inputSize]`, in the scale of prepared rows.
    /// - Precondition: the batch has a mask.
    public func drawMissing(
        of batch: Batch, _ z: UnsafePointer<Float>, _ parameters: PreparedParameters, noise key: NoiseKey,
        into drawn: UnsafeMutablePointer<Float>
    ) {
        forEachPiece(of: batch, parameters) { piece, first, step in
            forward.decode(z + first * model.latentSize, step)
            model.likelihood.draw(
                forward.decoder.output,
                SeenRows(
                    x: piece.input, mask: piece.mask!, rows: UnsafeBufferPointer(start: piece.rows, count: piece.rowCount)),
                noise: key, features: model.inputSize, into: drawn + first * model.inputSize)
        }
    }

    /// A draw of p(x | z) in place of every row, z from the row's posterior: rows as the model takes them to be (Gelman et al. 1996,
    /// "Posterior predictive assessment", section 2). Counts keep the sums of their rows.
    ///
    /// - Parameters:
    ///   - code, draw: what z and the row are drawn by.
    ///   - nothing: 0 for each value of ``capacity`` rows: none of them is to be kept.
    ///   - drawn: `[rowCount, inputSize]`, in the scale of prepared rows.
    public func replicate(
        _ batch: Batch, _ parameters: PreparedParameters, code: NoiseKey, draw: NoiseKey, nothing: UnsafePointer<Float>,
        into drawn: UnsafeMutablePointer<Float>
    ) {
        forEachPiece(of: batch, parameters) { piece, first, step in
            forward.encode(piece, step)
            forward.sample(piece, code, step)
            forward.decode(forward.z, step)
            model.likelihood.draw(
                forward.decoder.output,
                SeenRows(
                    x: piece.input, mask: nothing, rows: UnsafeBufferPointer(start: piece.rows, count: piece.rowCount),
                    library: .ofRows(piece)),
                noise: draw, features: model.inputSize, into: drawn + first * model.inputSize)
        }
    }

    /// One sample z of every row's posterior, and its logarithmic importance weight, log p(x | z) + log p(z) - log q(z | x), in
    /// nats (Burda et al. 2016, equation 8). Missing values count for nothing, so then it is that of the observed ones.
    ///
    /// - Parameters:
    ///   - mean: of the posteriors, `[rowCount, latentSize]`, as ``encode(_:_:mean:logVariance:)`` gives it.
    ///   - logVariance, deviation: the same, and the exponential of half of it.
    ///   - z: gets the samples, `[rowCount, latentSize]`.
    ///   - logWeights: `[rowCount]`.
    public func sampleImportance(
        _ batch: Batch, _ parameters: PreparedParameters, noise key: NoiseKey, mean: UnsafePointer<Float>,
        logVariance: UnsafePointer<Float>, deviation: UnsafePointer<Float>, z: UnsafeMutablePointer<Float>,
        logWeights: UnsafeMutablePointer<Double>
    ) {
        let latent = model.latent
        forEachPiece(of: batch, parameters) { piece, first, step in
            key.fillNormal(forward.noise, rows: piece.rows, rowCount: piece.rowCount, size: latent.noiseSize)
            for row in 0..<piece.rowCount {
                let place = (first + row) * latent.size
                logWeights[first + row] = latent.draw(
                    mean: mean + place, logVariance: logVariance + place, deviation: deviation + place,
                    noise: forward.noise + row * latent.noiseSize, into: z + place)
            }
            forward.decode(z + first * latent.size, step)
            forward.measure(piece, scale: nil, step)
            for row in 0..<piece.rowCount { logWeights[first + row] -= forward.losses[row] }
        }
    }
}
