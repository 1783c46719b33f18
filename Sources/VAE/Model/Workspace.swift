internal import CKernels

/// Rows on their way through a model: every intermediate result of a pass of up to ``capacity`` rows, allocated once. What a row gives
/// is a function of the row alone, whatever goes through beside it.
///
/// A thread may have one of its own, or the threads of a team one together, see ``gradient(of:noise:beta:scale:summed:by:)``.
public final class Workspace {
    let model: Model
    /// The rows that go through at once; larger batches are cut.
    public let capacity: Int
    let layers: [DensePass]
    /// The sample of the posterior, its noise, and the gradient with regard to it, `[capacity, latentSize]`.
    let z: AlignedBuffer
    let noise: AlignedBuffer
    private let zGradient: AlignedBuffer?
    /// By worker.
    private var scratch: [AlignedBuffer]
    let losses: UnsafeMutablePointer<Double>
    let kl: UnsafeMutablePointer<Double>
    /// What the decoder makes of a code, and what the encoder sees of it, for ``activationDifferences(_:into:)``.
    private(set) lazy var reconstruction = AlignedBuffer(count: capacity * model.configuration.inputSize)
    private(set) lazy var joined = AlignedBuffer(count: 2 * capacity * model.configuration.inputSize)
    /// Where the time of each worker went so far.
    public let times: UnsafeMutableBufferPointer<ComputeTimes>

    init(_ model: Model, rows: Int, workers: Int) {
        precondition(rows > 0 && workers > 0)
        self.model = model
        capacity = rows
        layers = model.layers.indices.map { DensePass(model, layer: $0, rows: rows) }
        let latent = model.configuration.latentSize
        z = AlignedBuffer(count: rows * latent)
        noise = AlignedBuffer(count: rows * latent)
        zGradient = model.trains ? AlignedBuffer(count: rows * latent) : nil
        let bytes = layers.map { $0.scratchBytes(rows: rows, []) }.max()!
        scratch = (0..<workers).map { _ in AlignedBuffer(count: (bytes + 3) / 4) }
        losses = .allocate(capacity: rows)
        kl = .allocate(capacity: rows)
        losses.initialize(repeating: 0, count: rows)
        kl.initialize(repeating: 0, count: rows)
        times = .allocate(capacity: workers)
        times.initialize(repeating: ComputeTimes())
    }

    deinit {
        losses.deallocate()
        kl.deallocate()
        times.deallocate()
    }

    /// Takes memory for gradients that are summed in these ways.
    public func prepare(for folds: [ShardFold]) {
        let bytes = layers.map { $0.scratchBytes(rows: capacity, folds) }.max()!
        if bytes > scratch[0].count * 4 { scratch = scratch.map { _ in AlignedBuffer(count: (bytes + 3) / 4) } }
    }

    /// Writes the gradient of `scale` times the sum over the rows of `weight * (reconstruction + beta * kl)`, summed by shards.
    ///
    /// Every member of the team calls it, each takes its part of the rows through the network and computes its part of the sums; the
    /// bits do not depend on how many they are. ``sums(of:rows:)`` then gives the loss.
    ///
    /// - Precondition: the model trains; ``prepare(for:)`` was called with `fold`; the batch has the rows of `fold`, at most ``capacity``.
    public func gradient(
        of batch: Batch, noise key: NoiseKey, beta: Float, scale: Float, summed fold: ShardFold, by member: TeamMember = .alone
    ) {
        let rows = member.part(of: batch.rowCount)
        let worker = member.worker
        forward(batch, rows, key, worker)
        var watch = Stopwatch()
        measure(batch, rows, scale: scale)
        times[worker].loss += watch.lap()
        backward(batch, rows, klWeight: scale * beta, fold, member)
        times[worker].backward += watch.lap()
    }

    /// Adds what the last pass's rows give of the loss to sums over rows, one row after the other.
    public func add(_ batch: Batch, _ rows: Range<Int>, to sums: inout LossSums) {
        for row in rows {
            let weight = Double(batch.weights[row])
            sums.reconstruction += weight * losses[row]
            sums.kl += weight * kl[row]
            sums.weight += weight
        }
        sums.rowCount += rows.count
    }

    /// The sums over the rows, without a gradient.
    public func evaluate(_ batch: Batch, noise key: NoiseKey) -> LossSums {
        var sums = LossSums()
        forEachPiece(of: batch) { piece, _ in
            apply(piece, key)
            add(piece, 0..<piece.rowCount, to: &sums)
        }
        return sums
    }

    /// Each row's posterior and its parts of the loss, so that they average to what ``evaluate(_:noise:)`` gives.
    ///
    /// - Parameters:
    ///   - mean: `[rowCount, latentSize]`; for an autoencoder the code.
    ///   - logVariance: `[rowCount, latentSize]`; 0 for an autoencoder.
    ///   - reconstruction: -log p(x | z) of each row, in nats, with z from the posterior by the row's noise.
    ///   - kl: of each row, in nats.
    /// - Returns: the sums over the rows, as ``evaluate(_:noise:)`` gives them.
    @discardableResult
    public func encode(
        _ batch: Batch, noise key: NoiseKey, mean: UnsafeMutablePointer<Float>,
        logVariance: UnsafeMutablePointer<Float>, reconstruction: UnsafeMutablePointer<Float>,
        kl klOut: UnsafeMutablePointer<Float>
    ) -> LossSums {
        var sums = LossSums()
        let latent = model.configuration.latentSize
        let limit = Float(KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT)
        forEachPiece(of: batch) { piece, first in
            apply(piece, key)
            add(piece, 0..<piece.rowCount, to: &sums)
            let code = layers[model.posteriorLayer].output.pointer
            for row in 0..<piece.rowCount {
                let target = (first + row) * latent
                switch model.configuration.kind {
                case .autoencoder:
                    (mean + target).update(from: code + row * latent, count: latent)
                    (logVariance + target).update(repeating: 0, count: latent)
                case .variational:
                    (mean + target).update(from: code + row * 2 * latent, count: latent)
                    for i in 0..<latent {
                        logVariance[target + i] = max(-limit, min(limit, code[(row * 2 + 1) * latent + i]))
                    }
                }
                reconstruction[first + row] = Float(losses[row])
                klOut[first + row] = Float(kl[row])
            }
        }
        return sums
    }
}

extension Workspace {
    /// Cuts a batch into pieces of at most ``capacity`` rows; gives each with the number of its first row.
    func forEachPiece(of batch: Batch, _ body: (_ piece: Batch, _ first: Int) -> Void) {
        for first in stride(from: 0, to: batch.rowCount, by: capacity) {
            body(batch.slice(first..<min(first + capacity, batch.rowCount), inputSize: model.configuration.inputSize), first)
        }
    }

    /// All rows of a piece to their losses.
    private func apply(_ piece: Batch, _ key: NoiseKey) {
        forward(piece, 0..<piece.rowCount, key, 0)
        var watch = Stopwatch()
        measure(piece, 0..<piece.rowCount, scale: nil)
        times[0].loss += watch.lap()
    }

    /// Data to the parameters of the likelihood, which end up in the last layer's output.
    private func forward(_ batch: Batch, _ rows: Range<Int>, _ key: NoiseKey, _ worker: Int) {
        let latent = model.configuration.latentSize
        var watch = Stopwatch()
        var code = run(model.encoder, on: batch.encoderInput ?? batch.input, rows, worker)
        if model.configuration.kind == .variational {
            times[worker].forward += watch.lap()
            let first = rows.lowerBound * latent
            key.fillNormal(noise.pointer + first, rows: batch.rows + rows.lowerBound, rowCount: rows.count, size: latent)
            kernel_posterior(
                code + 2 * first, noise.pointer + first, z.pointer + first, kl + rows.lowerBound, rows.count, latent)
            times[worker].noise += watch.lap()
            code = UnsafePointer(z.pointer)
        }
        _ = run(model.decoder, on: code, rows, worker)
        times[worker].forward += watch.lap()
    }

    /// Rows through some layers that follow each other; gives the last one's output.
    ///
    /// - Parameter input: of all rows.
    @discardableResult
    func run(_ indices: Range<Int>, on input: UnsafePointer<Float>, _ rows: Range<Int>, _ worker: Int = 0) -> UnsafePointer<Float>
    {
        var input = input
        for index in indices {
            layers[index].forward(input, rows: rows, model.parameters!, scratch: scratch[worker].pointer)
            input = UnsafePointer(layers[index].output.pointer)
        }
        return input
    }

    /// Each row's loss; with a scale the gradient with regard to the last layer's output too.
    private func measure(_ batch: Batch, _ rows: Range<Int>, scale: Float?) {
        let c = model.configuration
        let last = layers[layers.count - 1]
        let (row, first) = (rows.lowerBound, rows.lowerBound * last.layer.outputSize)
        c.likelihood.apply(
            batch.input + row * c.inputSize, mask: batch.mask.map { $0 + row * c.inputSize },
            weights: scale == nil ? nil : batch.weights + row, last.output.pointer + first, deviation: c.likelihoodScale,
            scale: scale ?? 1, losses: losses + row, rows: rows.count, features: c.inputSize)
    }

    /// From the gradient with regard to the last layer's output to that of every parameter.
    private func backward(_ batch: Batch, _ rows: Range<Int>, klWeight: Float, _ fold: ShardFold, _ member: TeamMember) {
        let parameters = model.parameters!
        let memory = scratch[member.worker].pointer
        let latent = model.configuration.latentSize
        for index in layers.indices.reversed() {
            let layer = layers[index]
            layer.backwardThroughActivation(rows: rows, parameters)
            // The sums are over all rows.
            member.meet()
            let input =
                index == 0
                ? batch.encoderInput ?? batch.input
                : index == model.posteriorLayer + 1 && model.configuration.kind == .variational
                    ? UnsafePointer(z.pointer) : UnsafePointer(layers[index - 1].output.pointer)
            layer.parameterGradients(input, fold, member, scratch: memory)
            guard index > 0 else { break }
            let below = layers[index - 1]
            if index == model.posteriorLayer + 1, model.configuration.kind == .variational {
                layer.backward(rows: rows, into: zGradient!.pointer, below: nil, scratch: memory)
                let first = rows.lowerBound * latent
                kernel_posterior_backward(
                    below.output.pointer + 2 * first, noise.pointer + first, zGradient!.pointer + first, klWeight,
                    batch.weights + rows.lowerBound, below.gradient!.pointer + 2 * first, rows.count, latent)
            } else {
                layer.backward(rows: rows, into: below.gradient!.pointer, below: below, scratch: memory)
            }
        }
    }
}
