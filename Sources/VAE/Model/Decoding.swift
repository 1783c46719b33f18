internal import CKernels

/// What a trained model says besides the loss: reconstructions, importance weights, and how hidden layers see a reconstruction.
extension Workspace {
    /// The mean of p(x | z) for codes, and where it is normal its standard deviation.
    ///
    /// - Parameters:
    ///   - z: `[rowCount, latentSize]`.
    ///   - mean: `[rowCount, inputSize]`.
    ///   - deviation: the same, or nil; 0 for likelihoods that are not normal.
    public func decode(
        _ z: UnsafePointer<Float>, rowCount: Int, mean: UnsafeMutablePointer<Float>,
        deviation: UnsafeMutablePointer<Float>? = nil
    ) {
        let c = model.configuration
        for first in stride(from: 0, to: rowCount, by: capacity) {
            let rows = min(capacity, rowCount - first)
            let output = run(model.decoder, on: z + first * c.latentSize, 0..<rows)
            c.likelihood.moments(
                of: output, deviation: c.likelihoodScale, mean: mean + first * c.inputSize,
                deviation: deviation.map { $0 + first * c.inputSize }, rows: rows, features: c.inputSize)
        }
    }

    /// One sample z of every row's posterior, and its logarithmic importance weight, log p(x | z) + log p(z) - log q(z | x), in
    /// nats (Burda et al. 2016, equation 8). Missing values count for nothing, so then it is that of the observed ones.
    ///
    /// - Parameters:
    ///   - mean: of the posteriors, `[rowCount, latentSize]`, as ``encode(_:noise:mean:logVariance:reconstruction:kl:)`` gives it.
    ///   - logVariance, deviation: the same, and its square root's exponential.
    ///   - z: gets the samples, `[rowCount, latentSize]`.
    ///   - logWeights: `[rowCount]`.
    public func sampleImportance(
        _ batch: Batch, noise key: NoiseKey, mean: UnsafePointer<Float>, logVariance: UnsafePointer<Float>,
        deviation: UnsafePointer<Float>, z: UnsafeMutablePointer<Float>, logWeights: UnsafeMutablePointer<Double>
    ) {
        let c = model.configuration
        let latent = c.latentSize
        forEachPiece(of: batch) { piece, first in
            let rows = piece.rowCount
            key.fillNormal(noise.pointer, rows: piece.rows, rowCount: rows, size: latent)
            for row in 0..<rows {
                var ratio = 0.0
                for i in row * latent..<(row + 1) * latent {
                    let (place, e) = (first * latent + i, noise.pointer[i])
                    let value = mean[place] + deviation[place] * e
                    z[place] = value
                    // Both normal densities have the same constant.
                    ratio += 0.5 * (Double(e) * Double(e) - Double(value) * Double(value) + Double(logVariance[place]))
                }
                logWeights[first + row] = ratio
            }
            run(model.decoder, on: z + first * latent, 0..<rows)
            c.likelihood.apply(
                piece.input, mask: piece.mask, weights: nil, layers[layers.count - 1].output.pointer,
                deviation: c.likelihoodScale,
                scale: 1, losses: losses, rows: rows, features: c.inputSize)
            for row in 0..<rows { logWeights[first + row] -= losses[row] }
        }
    }

    /// How far the encoder's layers see a row from its reconstruction: the row itself, every hidden layer's activations and the
    /// code, minus the same of the mean of p(x | z) at the posterior's mean (Kim et al. 2020, RaPP, section 3).
    ///
    /// Activations are taken before they are normalised: layer normalisation takes away each row's mean and length, which tell rows
    /// apart, as the batch normalisation of RaPP's network does not.
    ///
    /// - Parameter differences: `[rowCount, model.activationCount]`; 0 for missing values.
    public func activationDifferences(_ batch: Batch, into differences: UnsafeMutablePointer<Float>) {
        let c = model.configuration
        let width = model.activationCount
        forEachPiece(of: batch) { piece, first in
            let rows = piece.rowCount
            let target = differences + first * width
            run(model.encoder, on: piece.encoderInput ?? piece.input, 0..<rows)
            add(piece.input, rows: rows, sign: 1, to: target, isFirst: true)
            copyCode(rows: rows, to: z.pointer)
            let output = run(model.decoder, on: z.pointer, 0..<rows)
            c.likelihood.moments(
                of: output, deviation: c.likelihoodScale, mean: reconstruction.pointer, deviation: nil, rows: rows,
                features: c.inputSize)
            var input = UnsafePointer(reconstruction.pointer)
            if let mask = piece.mask {
                for i in 0..<rows * c.inputSize { reconstruction.pointer[i] *= mask[i] }
                kernel_join_mask(reconstruction.pointer, mask, joined.pointer, rows, c.inputSize)
                input = UnsafePointer(joined.pointer)
            }
            run(model.encoder, on: input, 0..<rows)
            add(reconstruction.pointer, rows: rows, sign: -1, to: target, isFirst: false)
        }
    }

    /// The code of rows that went through the encoder: of a posterior its mean.
    func copyCode(rows: Int, to code: UnsafeMutablePointer<Float>) {
        let latent = model.configuration.latentSize
        let output = layers[model.posteriorLayer].output.pointer
        let width = model.layers[model.posteriorLayer].outputSize
        for row in 0..<rows { (code + row * latent).update(from: output + row * width, count: latent) }
    }

    /// Adds rows and what the encoder's layers made of them, times a sign, to `[rows, activationCount]`.
    private func add(
        _ input: UnsafePointer<Float>, rows: Int, sign: Float, to target: UnsafeMutablePointer<Float>, isFirst: Bool
    ) {
        let c = model.configuration
        let width = model.activationCount
        func add(_ values: UnsafePointer<Float>, stride: Int, count: Int, at place: Int) {
            for row in 0..<rows {
                let (values, target) = (values + row * stride, target + row * width + place)
                for i in 0..<count { target[i] = (isFirst ? 0 : target[i]) + sign * values[i] }
            }
        }
        add(input, stride: c.inputSize, count: c.inputSize, at: 0)
        var place = c.inputSize
        for index in model.encoder {
            let size = model.layers[index].outputSize
            let count = index == model.posteriorLayer ? c.latentSize : size
            add(layers[index].activated.pointer, stride: size, count: count, at: place)
            place += count
        }
    }
}
