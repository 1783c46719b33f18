internal import Datasets
internal import Support
package import VAE

/// Networks that fit themselves to the rows.
public enum NetworkKind: String, Sendable, CaseIterable {
    /// Dense layers of the sizes of `hidden`.
    case mlp
    /// Convolutions of 4 taps along each axis, each of which halves the map (stride 2, padding 1), of so many channels as `channels` says; then
    /// dense layers of the sizes of `hidden`. The decoder is the mirror image.
    case conv
}

extension Configuration {
    /// What a model for rows of a shape is made of. Throws ``Failure`` (78) where the network does not fit the rows.
    package func modelSpecification(rowShape: [Int]) throws -> ModelSpecification {
        ModelSpecification(
            latent: model.model.latent, inputSize: rowShape.reduce(1, *), seesMask: preparation.missing == .mask,
            hiddenSizes: model.hidden, latentSize: model.latent, networks: try networks(rowShape),
            activation: model.activation, normalization: model.normalization, likelihood: model.likelihood,
            likelihoodScale: Float(model.likelihoodScale), initialization: model.initialization)
    }

    private func networks(_ rowShape: [Int]) throws -> ModelNetworks? {
        if model.network == .mlp { return nil }
        let window = ConvolutionWindow(kernel: 4, stride: 2, padding: 1)
        let encoder =
            model.channels.map { Block(.convolution($0, window), model.activation, model.normalization) }
            + model.hidden.map { Block(.dense(Shape($0)), model.activation, model.normalization) }
        do {
            let map = try RowMap(model.layout, rowShape)
            return try ModelNetworks(
                map.shape, encoder: encoder, latentSize: model.latent, seesMask: preparation.missing == .mask,
                heads: model.likelihood.heads, isPlanar: map.isPlanar)
        } catch {
            throw Failure(.configuration, "network conv does not fit rows of shape \(rowShape): \(error)")
        }
    }

    /// The weights that such a model has at least, in numbers that nothing overflows.
    func leastWeights(of rowShape: [Int]) -> Double {
        func products(_ sizes: [Int]) -> Double {
            let sizes = sizes.map(Double.init)
            return zip(sizes, sizes.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let dense = model.hidden + [model.latent]
        return model.network == .mlp ? products([rowShape.reduce(1, *)] + dense) : 16 * products(model.channels) + products(dense)
    }
}
