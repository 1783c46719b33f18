import Foundation
import Support
import Testing
import VAE

/// Gradients of whole models against central differences of the reference in Double.
struct GradientTests {
    func check(
        _ configuration: ModelSpecification, rowCount: Int = 5, microBatch: Int = 8, beta: Float = 1, isWeighted: Bool = false,
        operations: [String: Reference.Operation] = [:], layers: [String: Reference.Layer] = [:]
    ) throws {
        let example = try Example(configuration, rowCount: rowCount, microBatch: microBatch, isWeighted: isWeighted)
        let reference = Reference(
            configuration: configuration, layout: example.model.layout, operations: operations, layers: layers,
            conditions: example.conditions.map { $0.map(Double.init) })
        let (rows, noise, parameters) = example.doubles
        let (sums, gradient) = example.gradient(beta: beta, scale: 0.5)

        let parts = rows.indices.map {
            reference.parts(rows[$0], noise: noise[$0], parameters, conditions: reference.conditions[$0])
        }
        let weights = example.weights.map(Double.init)
        let reconstruction = zip(parts, weights).reduce(0) { $0 + $1.0.reconstruction * $1.1 }
        let kl = zip(parts, weights).reduce(0) { $0 + $1.0.kl * $1.1 }
        #expect(sums.weight == weights.reduce(0, +))
        #expect(sums.rowCount == rowCount)
        #expect(abs(sums[EvidenceLowerBound.reconstruction] - reconstruction) < 1e-5 * max(1, abs(reconstruction)))
        #expect(abs(sums[EvidenceLowerBound.kl] - kl) < 1e-5 * max(1, kl))

        for entry in example.model.layout.entries {
            // The largest element of a parameter sets the scale of what single precision can lose.
            let exact = entry.range.map {
                0.5 * reference.derivative($0, rows, weights: weights, noise: noise, beta: Double(beta), parameters)
            }
            let scale = exact.map { abs($0) }.max()!
            for (index, value) in zip(entry.range, exact) {
                #expect(
                    abs(Double(gradient[index]) - value) < 2e-5 * max(scale, 1),
                    "\(entry.name)[\(index - entry.range.lowerBound)]: \(gradient[index]), not \(value)")
            }
            #expect(scale > 0, "\(entry.name) has a gradient")
        }
        let covered = Set(example.model.layout.entries.flatMap { Array($0.range) })
        #expect((0..<gradient.count).allSatisfy { covered.contains($0) || gradient[$0] == 0 }, "gaps stay 0")
    }

    @Test(arguments: Activation.allCases)
    func activations(activation: Activation) throws {
        try check(
            ModelSpecification(latent: .normal, inputSize: 6, hiddenSizes: [7, 5], latentSize: 3, activation: activation))
    }

    /// Also in pieces of a batch, and for layers wider than the lanes of a sum.
    @Test(arguments: Activation.allCases, LatentKind.allCases)
    func layerNormalization(activation: Activation, kind: LatentKind) throws {
        for hidden in activation == .relu ? [[7, 5], [70]] : [[7, 5]] {
            try check(
                ModelSpecification(
                    latent: kind, inputSize: 6, hiddenSizes: hidden, latentSize: 3, activation: activation, normalization: .layer),
                rowCount: 7, microBatch: 4)
        }
    }

    @Test(arguments: ConvolutionExample.all.indices, [Activation.relu, .tanh, .gelu])
    func convolutions(index: Int, activation: Activation) throws {
        let example = ConvolutionExample.all[index]
        try check(example.model(activation), rowCount: 3, microBatch: 2, operations: example.operations())
        if activation != .relu { return }
        try check(
            example.model(.tanh, latent: .deterministic, normalization: .layer), rowCount: 2, operations: example.operations())
    }

    /// Pooling of odd sizes by windows that overlap, have gaps, or reach out of the map; the mirror resizes.
    @Test(
        arguments: [
            [.max(ConvolutionWindow(kernel: 2, stride: 2))], [.max(ConvolutionWindow(kernel: 3, stride: 2, padding: 1))],
            [.average(ConvolutionWindow(kernel: 3, stride: 2, padding: 1))],
            [.average(ConvolutionWindow(kernel: [2, 1], stride: [3, 1], dilation: [2, 1]))],
            [.global],
        ] as [[PoolingExample]])
    func pooling(examples: [PoolingExample]) throws {
        for example in examples {
            let shape = Shape([7, 5, 2])
            let blocks = [Block(.convolution(3, ConvolutionWindow(kernel: 3, padding: 1)), .tanh), Block(example.operation)]
            let networks = try ModelNetworks(shape, encoder: blocks, latentSize: 2)
            let model = ModelSpecification(
                latent: .normal, inputSize: shape.count, hiddenSizes: [], latentSize: 2, networks: networks)
            let map = Shape([7, 5, 3])
            let convolution = ReferenceConvolution(shape, map, ConvolutionWindow(kernel: 3, padding: 1))
            let pooled = try NetworkSpecification(shape, blocks).shapes()[1]
            try check(
                model, rowCount: 3, microBatch: 2,
                operations: [
                    "encoder/0": convolution.forward, "decoder/2": convolution.transposed,
                    "encoder/1": { x, _, _ in example.reference(x, map, pooled) },
                    "decoder/1": { x, _, _ in PoolingExample.resize(x, pooled, map) },
                ])
        }
    }

    /// The mask is channels of what the encoder sees, a likelihood's heads are channels of what the decoder gives.
    @Test(arguments: LikelihoodName.allCases, [false, true])
    func channelsOfMaskAndHeads(likelihood: LikelihoodName, seesMask: Bool) throws {
        let example = ConvolutionExample(shape: [5, 3, 2], layers: [(3, ConvolutionWindow(kernel: 3, stride: 2, padding: 1))])
        // Also of rows whose channels come first; but the categories of one channel all have its bias, which then changes nothing.
        for isPlanar in likelihood.rawValue == "categorical" ? [false] : [false, true] {
            try check(
                example.model(.tanh, likelihood: likelihood, seesMask: seesMask, isPlanar: isPlanar), rowCount: 3, microBatch: 2,
                operations: example.operations(likelihood: likelihood, seesMask: seesMask, isPlanar: isPlanar))
        }
    }

    /// A model of planar rows is that of the same rows with their channels last, to the bit: values, codes and reconstructions.
    @Test(arguments: [false, true])
    func planarRows(seesMask: Bool) throws {
        let example = ConvolutionExample(shape: [4, 3, 2], layers: [(5, ConvolutionWindow(kernel: 3, stride: 2, padding: 1))])
        let size = 24
        func run(isPlanar: Bool) throws -> (code: [Float], row: [Float], shapes: [[Int]]) {
            let model = Model(try example.model(.tanh, seesMask: seesMask, isPlanar: isPlanar))
            let parameters = AlignedBuffer(count: model.layout.count)
            // By their places, which are the same in both.
            for (number, entry) in model.layout.entries.enumerated() {
                for (i, place) in entry.range.enumerated() { parameters.pointer[place] = 0.3 * sin(Float(number * 97 + i)) }
            }
            let prepared = PreparedParameters(parameters.pointer, of: model, for: .inference)
            prepared.pack()
            /// The place in a row of the value whose place is `i` in one with its channels last.
            func place(_ i: Int) -> Int { isPlanar ? i % 2 * 12 + i / 2 : i }
            let (input, seen, mean, code) = (
                AlignedBuffer(count: size), AlignedBuffer(count: 2 * size), AlignedBuffer(count: size), AlignedBuffer(count: 2)
            )
            for i in 0..<size {
                input.pointer[place(i)] = 0.5 + 0.5 * sin(Float(i * 5))
                seen.pointer[place(i)] = i % 5 == 0 ? 0 : input.pointer[place(i)]
                seen.pointer[size + place(i)] = i % 5 == 0 ? 0 : 1
            }
            let inference = Inference(model, rows: 1)
            var (weight, number): (Float, Int64) = (1, 0)
            withUnsafePointer(to: &weight) { weight in
                withUnsafePointer(to: &number) { number in
                    let batch = Batch(
                        input: input.pointer, encoderInput: seesMask ? UnsafePointer(seen.pointer) : nil, weights: weight,
                        rowCount: 1,
                        rows: number)
                    inference.encode(batch, prepared, mean: code.pointer)
                    inference.decode(code.pointer, rowCount: 1, .given(1), conditions: nil, prepared, mean: mean.pointer)
                }
            }
            return (
                [code.pointer[0], code.pointer[1]], (0..<size).map { mean.pointer[place($0)] },
                inference.encoderActivations.map(\.shape.sizes)
            )
        }
        let (last, planar) = (try run(isPlanar: false), try run(isPlanar: true))
        #expect(planar.code == last.code && planar.row == last.row && Set(last.row).count > 10)
        #expect(planar.shapes == last.shapes)
    }

    /// Passes of any size, and threads that share the rows, give the bits of one pass by one thread.
    @Test(arguments: ConvolutionExample.all.indices, Precision.allCases.filter(\.isFast))
    func passesOfConvolutionsDoNotMatter(index: Int, precision: Precision) throws {
        let configuration = try ConvolutionExample.all[index].model(.relu)
        let whole = try Example(configuration, rowCount: 100, microBatch: 100, precision: precision)
        let (sums, gradient) = whole.gradient()
        #expect(sums.isFinite && gradient.contains { $0 != 0 })
        for rows in precision == .fp32 ? [1, 13, 64, 99] : [32, 64, 96] {
            let pieces = try Example(configuration, rowCount: 100, microBatch: rows, precision: precision).gradient()
            #expect(pieces.0 == sums && pieces.1 == gradient, "\(rows) rows at once")
        }
        for count in [2, 3] {
            let team = whole.gradient(ofTeam: count)
            #expect(team.0 == sums && team.1 == gradient, "\(count) threads")
        }
    }

    @Test(arguments: LikelihoodName.allCases, LatentKind.allCases)
    func likelihoods(likelihood: LikelihoodName, kind: LatentKind) throws {
        try check(
            ModelSpecification(
                latent: kind, inputSize: 9, hiddenSizes: [8], latentSize: 2, activation: .tanh, likelihood: likelihood,
                likelihoodSettings: LikelihoodSettings(scale: 0.7)),
            beta: 0.3)
    }

    /// Values that are missing, rows that count more than others, and both, in pieces of a batch.
    @Test(arguments: LikelihoodName.allCases, LatentKind.allCases)
    func missingValuesAndWeights(likelihood: LikelihoodName, kind: LatentKind) throws {
        for (seesMask, isWeighted) in [(true, false), (false, true), (true, true)] {
            try check(
                ModelSpecification(
                    latent: kind, inputSize: 19, seesMask: seesMask, hiddenSizes: [6], latentSize: 2, activation: .tanh,
                    likelihood: likelihood, likelihoodSettings: LikelihoodSettings(scale: 0.7)),
                rowCount: 7, microBatch: 4, isWeighted: isWeighted)
        }
    }

    /// What likelihoods take from parameters or from the decoder, as settings say; with values that are missing, and rows that count more.
    @Test(arguments: [false, true])
    func settingsOfLikelihoods(seesMask: Bool) throws {
        let settings =
            LikelihoodSettings.Variance.allCases.map { (LikelihoodName.gaussian, LikelihoodSettings(scale: 0.7, variance: $0)) }
            + [.shared, .value].map { (LikelihoodName(rawValue: "log-normal")!, LikelihoodSettings(variance: $0)) }
            + [(LikelihoodName(rawValue: "categorical")!, LikelihoodSettings(categories: 5))]
            + ["nb", "zinb"].map { (LikelihoodName(rawValue: $0)!, LikelihoodSettings(dispersion: .cell)) }
        for (likelihood, settings) in settings {
            try check(
                ModelSpecification(
                    latent: .normal, inputSize: 19, seesMask: seesMask, hiddenSizes: [6], latentSize: 2, activation: .tanh,
                    likelihood: likelihood, likelihoodSettings: settings),
                rowCount: 7, microBatch: 4, isWeighted: true)
        }
    }

    /// Priors of shares that are wide or narrow, also with a floor of the posterior's variances.
    @Test(arguments: [0.05, 1, 20], [0, 0.3])
    func concentrations(concentration: Float, floor: Float) throws {
        var model = ModelSpecification(latent: .logisticNormal, inputSize: 6, hiddenSizes: [5], latentSize: 4, activation: .tanh)
        (model.concentration, model.varianceFloor) = (concentration, floor)
        try check(model, beta: 0.7, isWeighted: true)
    }

    @Test(arguments: [[], [4], [10, 6, 3]])
    func depths(hidden: [Int]) throws {
        for kind in LatentKind.allCases {
            try check(ModelSpecification(latent: kind, inputSize: 5, hiddenSizes: hidden, latentSize: 2, activation: .silu))
        }
    }

    @Test(arguments: [(1, 1, 1), (1, 17, 1), (17, 1, 3), (33, 33, 17)])
    func awkwardSizes(input: Int, rows: Int, latent: Int) throws {
        try check(
            ModelSpecification(latent: .normal, inputSize: input, hiddenSizes: [3], latentSize: latent, activation: .elu),
            rowCount: rows, microBatch: 64)
    }

    /// Pieces of a batch, the last one smaller, add up to the gradient of the whole.
    @Test func microBatches() throws {
        try check(
            ModelSpecification(latent: .normal, inputSize: 6, hiddenSizes: [5], latentSize: 3, activation: .gelu),
            rowCount: 11, microBatch: 4, beta: 2)
    }
}
