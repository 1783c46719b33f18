internal import CKernels
internal import COneDNN

/// Forward and backward through a model, for one thread: every intermediate result, allocated once, and the products, compiled
/// once per number of rows.
public final class Workspace {
    let model: Model
    private var products: [Int: [DenseProducts]] = [:]
    /// For each layer, its output `[microBatch, outputSize]`; what it was before the activation, where the derivative needs
    /// that; and the gradient with regard to its output.
    let outputs: [AlignedBuffer]
    private let inputs: [AlignedBuffer?]
    private let normalized: [NormalizedActivations?]
    /// For each layer, what its activation gives: the output, but for layers that are normalised.
    let activations: [AlignedBuffer]
    private let gradients: [AlignedBuffer]
    /// The sample of the posterior, its noise, and the gradient with regard to it, `[microBatch, latentSize]`.
    let z: AlignedBuffer
    let noise: AlignedBuffer
    private let zGradient: AlignedBuffer
    let columnSums: AlignedBuffer
    /// Each layer's input as the products take it, and the gradient of the layer that is worked on.
    private let operands: [Operand]
    private let gradientOperand: Operand
    private var scratch = AlignedBuffer(count: 16)
    let losses: UnsafeMutablePointer<Double>
    private let kl: UnsafeMutablePointer<Double>
    private var ownThread = false
    /// What the decoder makes of a code, and what the encoder sees of it, for ``activationDifferences(_:into:)``.
    private(set) lazy var reconstruction = AlignedBuffer(count: model.microBatch * model.configuration.inputSize)
    private(set) lazy var joined = AlignedBuffer(count: 2 * model.microBatch * model.configuration.inputSize)
    /// Where this thread's time went so far.
    public private(set) var times = ComputeTimes()

    init(_ model: Model) throws(ComputeError) {
        self.model = model
        let rows = model.microBatch
        outputs = model.layers.map { AlignedBuffer(count: rows * $0.outputSize) }
        inputs = model.layers.map { $0.activation?.needsInput == true ? AlignedBuffer(count: rows * $0.outputSize) : nil }
        normalized = model.layers.map { NormalizedActivations($0, rows: rows) }
        activations = zip(normalized, outputs).map { $0?.values ?? $1 }
        gradients = model.layers.map { AlignedBuffer(count: rows * $0.outputSize) }
        let latent = model.configuration.latentSize
        z = AlignedBuffer(count: rows * latent)
        noise = AlignedBuffer(count: rows * latent)
        zGradient = AlignedBuffer(count: rows * latent)
        columnSums = AlignedBuffer(count: model.layers.map(\.outputSize).max()!)
        operands = model.layers.map { Operand(model.precision, count: rows * $0.inputSize) }
        gradientOperand = Operand(model.precision, count: rows * model.layers.map(\.outputSize).max()!)
        losses = .allocate(capacity: rows)
        kl = .allocate(capacity: rows)
        losses.initialize(repeating: 0, count: rows)
        kl.initialize(repeating: 0, count: rows)
        products[rows] = try compile(rows: rows)
    }

    deinit {
        losses.deallocate()
        kl.deallocate()
    }

    /// Writes the gradient of `scale` times the sum over the rows of `reconstruction + beta * kl`, all of it.
    ///
    /// Rows beyond the model's micro-batch go through one piece after the other, each adding to the gradient.
    ///
    /// - Precondition: the model trains.
    /// - Returns: the unscaled sums over the rows.
    public func gradient(
        of batch: Batch, noise key: NoiseKey, beta: Float, scale: Float, into gradient: UnsafeMutablePointer<Float>
    ) -> LossSums {
        var sums = LossSums()
        for layer in model.layers {
            for part in layer.vectors { (gradient + part.lowerBound).update(repeating: 0, count: part.count) }
        }
        if batch.rowCount == 0 {
            for layer in model.layers {
                (gradient + layer.weight.lowerBound).update(repeating: 0, count: layer.weight.count)
            }
        }
        for first in stride(from: 0, to: batch.rowCount, by: model.microBatch) {
            let piece = batch.slice(
                first..<min(first + model.microBatch, batch.rowCount), inputSize: model.configuration.inputSize)
            let products = products(rows: piece.rowCount)
            forward(piece, key, products)
            let last = model.layers[model.layers.count - 1]
            sums += measure(piece, scale: scale, columnSums: gradient + last.bias.lowerBound)
            var watch = Stopwatch()
            backward(piece, products, klWeight: scale * beta, accumulate: first > 0, into: gradient)
            times.backward += watch.lap()
        }
        return sums
    }

    /// The sums over the rows, without a gradient.
    public func evaluate(_ batch: Batch, noise key: NoiseKey) -> LossSums {
        var sums = LossSums()
        for first in stride(from: 0, to: batch.rowCount, by: model.microBatch) {
            let piece = batch.slice(
                first..<min(first + model.microBatch, batch.rowCount), inputSize: model.configuration.inputSize)
            forward(piece, key, products(rows: piece.rowCount))
            sums += measure(piece, scale: 1, columnSums: columnSums.pointer)
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
        for first in stride(from: 0, to: batch.rowCount, by: model.microBatch) {
            let piece = batch.slice(
                first..<min(first + model.microBatch, batch.rowCount), inputSize: model.configuration.inputSize)
            forward(piece, key, products(rows: piece.rowCount))
            sums += measure(piece, scale: 1, columnSums: columnSums.pointer)
            let code = outputs[model.posteriorLayer].pointer
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
    private func compile(rows: Int) throws(ComputeError) -> [DenseProducts] {
        var compiled: [DenseProducts] = []
        for index in model.layers.indices { compiled.append(try DenseProducts(model, layer: index, rows: rows)) }
        let scratchCount = compiled.map(\.scratchCount).max()!
        if scratchCount > scratch.count { scratch = AlignedBuffer(count: scratchCount) }
        return compiled
    }

    /// The products for a number of rows; the last rows of an epoch are the only other number there is.
    func products(rows: Int) -> [DenseProducts] {
        if !ownThread {
            useOneThread()
            ownThread = true
        }
        if let known = products[rows] { return known }
        guard let compiled = try? compile(rows: rows) else {
            preconditionFailure("oneDNN could not compile for \(rows) rows what it compiled for \(model.microBatch)")
        }
        products[rows] = compiled
        return compiled
    }

    /// Data to the parameters of the likelihood, which end up in the last layer's output.
    private func forward(_ batch: Batch, _ key: NoiseKey, _ products: [DenseProducts]) {
        let latent = model.configuration.latentSize
        var watch = Stopwatch()
        var code = run(model.encoder, on: batch.encoderInput ?? batch.input, rows: batch.rowCount, products)
        if model.configuration.kind == .variational {
            times.forward += watch.lap()
            key.fillNormal(noise.pointer, rows: batch.rows, rowCount: batch.rowCount, size: latent)
            kernel_posterior(code, noise.pointer, z.pointer, kl, batch.rowCount, latent)
            times.noise += watch.lap()
            code = UnsafePointer(z.pointer)
        }
        _ = run(model.decoder, on: code, rows: batch.rowCount, products)
        times.forward += watch.lap()
    }

    /// Rows through some layers that follow each other; gives the last one's output.
    func run(
        _ layers: Range<Int>, on input: UnsafePointer<Float>, rows: Int, _ products: [DenseProducts]
    ) -> UnsafePointer<Float> {
        let parameters = model.parameters!
        var input = input
        for index in layers {
            let layer = model.layers[index]
            let output = outputs[index].pointer
            let activated = activations[index].pointer
            let raw = inputs[index]?.pointer ?? activated
            products[index].forward.run(
                operands[index].take(input, count: rows * layer.inputSize),
                model.weights[index]?.pointer ?? UnsafeRawPointer(parameters + layer.weight.lowerBound),
                bias: parameters + layer.bias.lowerBound, into: raw, scratch: scratch.pointer)
            if let activation = layer.activation, activation.fused == nil {
                kernel_activate(activation.kernel, activated, raw, rows * layer.outputSize)
            }
            normalized[index]?.normalize(into: output, rows: rows, parameters)
            input = UnsafePointer(output)
        }
        return input
    }

    /// Turns the last layer's output into the gradient with regard to it; the sums of the batch.
    private func measure(_ batch: Batch, scale: Float, columnSums: UnsafeMutablePointer<Float>) -> LossSums {
        let c = model.configuration
        var watch = Stopwatch()
        c.likelihood.apply(
            batch.input, mask: batch.mask, weights: batch.weights, outputs[model.layers.count - 1].pointer,
            deviation: c.likelihoodScale, scale: scale,
            losses: losses, columnSums: columnSums, rows: batch.rowCount, features: c.inputSize)
        var sums = LossSums(rowCount: batch.rowCount)
        for row in 0..<batch.rowCount {
            let weight = Double(batch.weights[row])
            sums.reconstruction += weight * losses[row]
            sums.kl += weight * kl[row]
            sums.weight += weight
        }
        times.loss += watch.lap()
        return sums
    }

    /// From the gradient in the last layer's output to that of every parameter.
    private func backward(
        _ batch: Batch, _ products: [DenseProducts], klWeight: Float, accumulate: Bool,
        into gradient: UnsafeMutablePointer<Float>
    ) {
        let rows = batch.rowCount
        let last = model.layers.count - 1
        for index in stride(from: last, through: 0, by: -1) {
            let layer = model.layers[index]
            let samples = model.configuration.kind == .variational && index == model.posteriorLayer + 1
            let outputGradient = index == last ? outputs[last].pointer : gradients[index].pointer
            if index != last, index != model.posteriorLayer || model.configuration.kind == .autoencoder {
                normalized[index]?.backward(outputGradient, rows: rows, model.parameters!, into: gradient)
                kernel_activate_backward(
                    layer.activation?.kernel ?? kernel_identity, outputGradient,
                    (inputs[index] ?? activations[index]).pointer, gradient + layer.bias.lowerBound,
                    rows, layer.outputSize)
            }
            let rounded = gradientOperand.take(outputGradient, count: rows * layer.outputSize)
            let own = products[index].backward!
            let product = accumulate ? own.weightGradientAccumulating : own.weightGradient
            product.run(operands[index].pointer, rounded, into: gradient + layer.weight.lowerBound, scratch: scratch.pointer)
            guard index > 0 else { break }
            own.inputGradient!.run(
                rounded, model.transposed[index]!.pointer,
                into: samples ? zGradient.pointer : gradients[index - 1].pointer, scratch: scratch.pointer)
            if samples {
                let code = model.layers[model.posteriorLayer]
                kernel_posterior_backward(
                    outputs[model.posteriorLayer].pointer, noise.pointer, zGradient.pointer, klWeight, batch.weights,
                    gradients[model.posteriorLayer].pointer, gradient + code.bias.lowerBound, rows,
                    model.configuration.latentSize)
            }
        }
    }
}

/// Keeps oneDNN's work on the calling thread.
func useOneThread() { conednn_use_one_thread() }
