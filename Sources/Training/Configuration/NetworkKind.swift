internal import Datasets
internal import Support
package import VAE

/// Networks that fit themselves to the rows. Behind their layers are the activation and the normalisation of the configuration, batch and group
/// normalisation before the activation, layer normalisation behind it.
public enum NetworkKind: String, Sendable, CaseIterable {
    /// Dense layers of the sizes of `hidden`.
    case mlp
    /// Dense layers for counts: the encoder takes log(1 + x), behind each dense layer is batch normalisation of slow running statistics, and in the
    /// encoder dropout of 0.1 (Lopez et al. 2018, as scvi-tools has it).
    case scvi
    /// Dense layers for rows of clicks or words: the encoder takes rows of length 1 of which half is dropped (Liang et al. 2018, section 3).
    case clicks
    /// A topic model: dense layers, dropout of 0.2, and batch normalisation of what they give; the decoder takes codes as shares, of which it drops 0.1,
    /// through one dense layer and batch normalisation (Srivastava & Sutton 2017, section 4, and the authors' program).
    case topics
    /// Convolutions of 4 taps along each axis, each of which halves the map (stride 2, padding 1), of so many channels as `channels` says; then
    /// dense layers of the sizes of `hidden`. The decoder is the mirror image.
    case conv
    /// The same with a residual block behind each convolution: two convolutions of 3 taps, whose output is added to their input.
    case resnet
    /// As `conv`, along the first axis alone: for series [times, channels].
    case conv1d
    /// As `conv`, for volumes [depth, height, width].
    case conv3d
    /// Self-attention between patches of 4 values along each axis: as many transformer blocks as `channels` has numbers, all as wide as the
    /// last of them (Vaswani et al. 2017; normalised first, Xiong et al. 2020), then dense layers of the sizes of `hidden`.
    case attention

    /// The axes along which convolutions go; nil for those that rows have.
    var axes: Int? {
        switch self {
        case .conv1d: 1
        case .conv3d: 3
        case .mlp, .scvi, .clicks, .topics, .conv, .resnet, .attention: nil
        }
    }

    /// Whether it takes a row as values, whatever its shape.
    var takesValues: Bool { [.mlp, .scvi, .clicks, .topics].contains(self) }

    /// The encoder's blocks.
    func blocks(_ model: Configuration.Model) -> [Block] {
        let ending = Block.Ending.usual(model.activation, model.normalization)
        let dense = model.hidden.map { Block(.dense($0), ending) }
        let halving = ConvolutionWindow(kernel: 4, stride: 2, padding: 1)
        switch self {
        case .mlp: return dense
        case .scvi:
            return [Block(.activated(.symlog))] + model.hidden.flatMap { [Self.cells($0, model), Block(.dropout(0.1))] }
        case .clicks: return [Block(.normalized(.unit)), Block(.dropout(0.5))] + dense
        case .topics: return dense + [Block(.dropout(0.2))]
        case .conv, .conv1d, .conv3d: return model.channels.map { Block(.convolution($0, halving), ending) } + dense
        case .resnet:
            return model.channels.flatMap { channels in
                let same = Block.Operation.convolution(channels, ConvolutionWindow(kernel: 3, padding: 1))
                return [Block(.convolution(channels, halving), ending), Block(.residual([Block(same, ending), Block(same)]))]
            } + dense
        case .attention:
            guard let width = model.channels.last else { return dense }
            let patches = Block.Operation.convolution(width, ConvolutionWindow(kernel: 4, stride: 4))
            return [Block(patches), Block(.tokens), Block(.positions(.learned))]
                + model.channels.flatMap { _ in Self.transformer(width: width, model.activation) } + dense
        }
    }

    /// What is done to what the latent gets.
    var head: Normalization { self == .topics ? Self.centred : .none }

    /// The decoder's blocks where it is not the encoder's mirror: those of `scvi` know no dropout, those of `clicks` end with what they sum, and those
    /// of `topics` have no hidden layer.
    ///
    /// - Parameter outputs: what the likelihood wants for a row.
    func decoder(_ model: Configuration.Model, outputs: Int) -> [Block]? {
        switch self {
        case .scvi: model.hidden.reversed().map { Self.cells($0, model) } + [Block(.dense(outputs))]
        case .clicks:
            model.hidden.reversed().map { Block(.dense($0), .usual(model.activation, model.normalization)) } + [
                Block(.dense(outputs))
            ]
        case .topics: [Block(.softmax), Block(.dropout(0.1)), Block(.dense(outputs), nil, Self.centred)]
        default: nil
        }
    }

    /// Without a gain latents do not collapse onto the prior at once (Srivastava & Sutton 2017, section 4).
    private static let centred = Normalization(known: "batch e0.001 m0.01 unscaled")

    /// The settings of scvi-tools' batch normalisation.
    private static func cells(_ size: Int, _ model: Configuration.Model) -> Block {
        Block(.dense(size), .usual(model.activation, Normalization(known: "batch e0.001 m0.01")))
    }

    /// Attention, then two layers for each position by itself, the inner twice as wide; both added to what they take, which is normalised first.
    /// A head has 16 channels where that divides them.
    private static func transformer(width: Int, _ activation: Activation) -> [Block] {
        let normalized = Block(.normalized(.position))
        let each = ConvolutionWindow(kernel: 1)
        let heads = width.isMultiple(of: 16) ? width / 16 : 1
        return [
            Block(.residual([normalized, Block(.selfAttention(heads: heads))])),
            Block(.residual([normalized, Block(.convolution(2 * width, each), activation), Block(.convolution(width, each))])),
        ]
    }
}

extension Configuration {
    /// What a model for rows of a shape is made of. Throws ``Failure`` (78) where the network does not fit the rows.
    ///
    /// - Parameters:
    ///   - conditions: the numbers that stand for what a row is conditioned on.
    ///   - parts: the columns of a table; nil where all have one likelihood.
    ///   - classes: that rows are of, for the objective that knows of them.
    package func modelSpecification(
        rowShape: [Int], conditions: Int = 0, parts: TableParts? = nil, classes: Int = 0
    ) throws -> ModelSpecification {
        let features = rowShape.reduce(1, *)
        if model.likelihood == .categorical, !features.isMultiple(of: model.categories) {
            throw Failure(
                .configuration, "categories is \(model.categories), which does not divide the \(features) values of a row")
        }
        var specification = ModelSpecification(
            latent: model.model.latent, inputSize: features, seesMask: preparation.missing == .mask,
            hiddenSizes: model.hidden, latentSize: model.latent, networks: try networks(rowShape),
            activation: model.activation, normalization: model.normalization, likelihood: model.likelihood,
            likelihoodSettings: model.likelihoodSettings, initialization: model.initialization)
        if objective.objective == .iwae { specification.objective = .importance(samples: objective.samples) }
        if classes > 0 {
            specification.classes = ClassSpecification(
                count: classes, hiddenSize: model.hidden.first ?? 128,
                classificationWeight: Float(objective.classificationRatio))
        }
        specification.parts = parts?.columns ?? []
        specification.conditionSize = conditions
        specification.conditionPlace = model.conditionPlace
        specification.varianceFloor = Float(model.varianceFloor)
        specification.concentration = Float(model.concentration)
        return specification
    }

    /// Whether rows go through as they are, by dense layers of the sizes of `hidden`.
    package var isPlain: Bool { model.network == .mlp && model.encoder.isEmpty && model.decoder.isEmpty }

    private func networks(_ rowShape: [Int]) throws -> ModelNetworks? {
        if isPlain { return nil }
        // The lists were read before.
        let encoder = model.encoder.isEmpty ? model.network.blocks(model) : try! NetworkText.blocks(model.encoder)
        let outputs = rowShape.reduce(1, *) * model.madeLikelihood.heads
        let decoder =
            model.decoder == Model.linearDecoder
            ? [Block(.dense(outputs))]
            : !model.decoder.isEmpty
                ? try! NetworkText.blocks(model.decoder)
                : model.encoder.isEmpty ? model.network.decoder(model, outputs: outputs) : nil
        let name = model.encoder.isEmpty ? "network \(model.network.rawValue)" : "the encoder"
        let map: RowMap?
        do {
            map = try self.map(rowShape)
        } catch {
            throw Failure(.configuration, "\(name) does not fit rows of shape \(rowShape): \(error)")
        }
        let shape = map?.shape ?? Shape(rowShape.reduce(1, *))
        do {
            return try ModelNetworks(
                shape, encoder: encoder, decoder: decoder, latentSize: model.latent, seesMask: preparation.missing == .mask,
                heads: model.madeLikelihood.heads, head: model.encoder.isEmpty ? model.network.head : .none,
                isPlanar: map?.isPlanar ?? false)
        } catch {
            let table = NetworkTable(NetworkSpecification(shape, encoder), "encoder")
            throw Failure(
                .configuration, "\(name) does not fit rows of shape \(rowShape): \(error)", table: table.lines)
        }
    }

    /// The weights that such a model has at least, in numbers that nothing overflows.
    func leastWeights(of rowShape: [Int]) -> Double {
        func products(_ sizes: [Int]) -> Double {
            let sizes = sizes.map(Double.init)
            return zip(sizes, sizes.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
        }
        // What lists say is bounded when they are read.
        guard model.encoder.isEmpty else { return 0 }
        let dense = model.hidden + [model.latent]
        if model.network.takesValues { return products([rowShape.reduce(1, *)] + dense) }
        let taps = model.network == .conv1d ? 4.0 : 16
        return taps * products(model.channels) + products(dense)
    }

    /// What a row is to the network; nil where it is values: of one axis, or for lists that begin with a dense layer, unless `layout` says what it is.
    package func map(_ rowShape: [Int]) throws(NetworkError) -> RowMap? {
        let isListed = !model.encoder.isEmpty
        let takesValues = isListed ? rowShape.count < 2 || model.encoder.hasPrefix("dense ") : model.network.takesValues
        if takesValues, model.layout == .auto { return nil }
        return try RowMap(model.layout, rowShape, along: isListed ? nil : model.network.axes)
    }
}
