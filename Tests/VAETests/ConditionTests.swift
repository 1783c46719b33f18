import CKernels
import Randomness
import Testing
import VAE

extension GradientTests {
    /// One number, and a number and categories; in encoder, decoder and both; a linear model, whose only layers know them too.
    @Test(arguments: [1, 3], [ConditionPlace.both, .encoder, .decoder])
    func conditions(size: Int, place: ConditionPlace) throws {
        for hidden in [[7, 5], []] {
            var model = ModelSpecification(
                latent: .normal, inputSize: 6, seesMask: true, hiddenSizes: hidden, latentSize: 3, activation: .tanh,
                normalization: .layer)
            (model.conditionSize, model.conditionPlace) = (size, place)
            try check(model, rowCount: 7, microBatch: 4, isWeighted: true)
        }
    }

    /// Each channel of maps gets the same at every position.
    @Test(arguments: [ConditionPlace.both, .decoder])
    func conditionsOfMaps(place: ConditionPlace) throws {
        let (map, half, window) = (Shape([6, 4, 2]), Shape([3, 2, 3]), ConvolutionWindow(kernel: 2, stride: 2))
        let blocks = [Block(.convolution(3, window), .tanh), Block(.dense(5), .tanh)]
        var model = ModelSpecification(
            latent: .normal, inputSize: map.count, hiddenSizes: [], latentSize: 2,
            networks: try ModelNetworks(map, encoder: blocks, latentSize: 2))
        (model.conditionSize, model.conditionPlace) = (3, place)
        let layer = ReferenceConvolution(map, half, window)
        try check(
            model, rowCount: 3, microBatch: 2,
            operations: ["encoder/0": layer.forward, "decoder/2": layer.transposed])
    }

    /// Dispersions that conditions choose, or a number moves.
    @Test(arguments: ["nb", "zinb"], [1, 3])
    func dispersionsOfConditions(likelihood: String, size: Int) throws {
        for seesMask in [false, true] {
            var model = ModelSpecification(
                latent: .normal, inputSize: 19, seesMask: seesMask, hiddenSizes: [6], latentSize: 2, activation: .tanh,
                likelihood: LikelihoodName(rawValue: likelihood)!, likelihoodSettings: LikelihoodSettings(dispersion: .geneBatch))
            (model.conditionSize, model.conditionPlace) = (size, .decoder)
            try check(model, rowCount: 7, microBatch: 4, isWeighted: true)
        }
    }

    @Test func varianceFloor() throws {
        var model = ModelSpecification(latent: .normal, inputSize: 6, hiddenSizes: [7], latentSize: 3, activation: .tanh)
        model.varianceFloor = 0.3
        try check(model, rowCount: 7, microBatch: 4, beta: 0.7, isWeighted: true)
    }

    /// Rows of length 1, before a dense layer and behind one.
    @Test func unitNorm() throws {
        func unit(_ x: [Double], _: (String) -> ArraySlice<Double>) -> [Double] {
            let length = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return x.map { $0 / length }
        }
        let blocks = [Block(.normalized(.unit)), Block(.dense(40), .tanh), Block(.normalized(.unit)), Block(.dense(3), .tanh)]
        let networks = try ModelNetworks(Shape(6), encoder: blocks, decoder: [Block(.dense(6))], latentSize: 2)
        try check(
            ModelSpecification(latent: .normal, inputSize: 6, hiddenSizes: [], latentSize: 2, networks: networks), rowCount: 3,
            microBatch: 2, layers: ["encoder/0": unit, "encoder/2": unit])
    }

    /// Passes of any size and threads that share the rows give the bits of one pass by one thread.
    @Test func passesOfConditionsDoNotMatter() throws {
        var model = ModelSpecification(latent: .normal, inputSize: 20, hiddenSizes: [33, 17], latentSize: 5)
        model.conditionSize = 4
        let whole = try Example(model, rowCount: 70, microBatch: 70)
        let (sums, gradient) = whole.gradient()
        for rows in [1, 13, 64] {
            let pieces = try Example(model, rowCount: 70, microBatch: rows)
            let (others, sum) = pieces.gradient()
            #expect(others == sums && sum == gradient, "\(rows) rows at once")
            #expect(pieces.withBatch { pieces.inference.evaluate($0, pieces.prepared, noise: pieces.noise) } == sums)
        }
        for count in [2, 3] {
            let team = whole.gradient(ofTeam: count)
            #expect(team.0 == sums && team.1 == gradient, "\(count) threads")
        }
    }
}

struct UnitNormTests {
    /// A row of zeros stays one, forward and back.
    @Test func rowOfZeros() {
        var (output, lengths, gradient) = (
            [Float](repeating: 1, count: 3), [Float](repeating: 9, count: 1), [Float](repeating: 2, count: 3)
        )
        kernel_unit_normalize(&output, &lengths, [0, 0, 0], 1, 3)
        kernel_unit_normalize_backward(&gradient, output, lengths, 1, 3)
        #expect(output == [0, 0, 0] && lengths == [1] && gradient == [2, 2, 2])
    }
}
