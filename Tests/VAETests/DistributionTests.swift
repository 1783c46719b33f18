import Randomness
import Support
import Testing
import VAE

/// Likelihoods of one feature against scipy 1.10's distributions: densities, means, and draws.
struct DistributionTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let name: LikelihoodName
        let settings: LikelihoodSettings
        /// Of the decoder, and behind it of shared heads.
        let output: [Float]
        let values: [Float]
        let logDensities: [Double]
        let mean: Double
        let variance: Double

        init(
            _ name: String, _ settings: LikelihoodSettings, output: [Float], at values: [Float], logDensities: [Double],
            mean: Double, variance: Double
        ) {
            self.name = LikelihoodName(rawValue: name)!
            (self.settings, self.output, self.values) = (settings, output, values)
            (self.logDensities, self.mean, self.variance) = (logDensities, mean, variance)
        }

        var testDescription: String { "\(name.rawValue) \(output)" }

        /// A model that gives the output for all rows.
        func model() -> (model: Model, parameters: PreparedParameters, buffer: AlignedBuffer) {
            let model = Model(
                ModelSpecification(
                    latent: .normal, inputSize: 1, seesMask: true, hiddenSizes: [], latentSize: 1, likelihood: name,
                    likelihoodSettings: settings))
            let buffer = AlignedBuffer(count: model.layout.count)
            var rest = output[...]
            for entry in model.layout.entries where entry.name.hasPrefix("decoder/") && !entry.name.hasSuffix("weight") {
                for place in entry.range { buffer.pointer[place] = rest.removeFirst() }
            }
            #expect(rest.isEmpty)
            let prepared = PreparedParameters(buffer.pointer, of: model, for: .inference)
            prepared.pack()
            return (model, prepared, buffer)
        }

        static let all = [
            // scipy.stats.bernoulli(1 / (1 + exp(-0.8)))
            Example(
                "bernoulli", LikelihoodSettings(), output: [0.8], at: [0, 1],
                logDensities: [-1.1711006741729144, -0.37110066225198557], mean: 0.6899744836776147, variance: 0.2139096955514237),
            // 1 - truncexpon(b=1.7, scale=1 / 1.7)
            Example(
                "continuous-bernoulli", LikelihoodSettings(), output: [1.7], at: [0, 0.25, 1],
                logDensities: [-0.9676428835629416, -0.5426428716420126, 0.7323571641207741], mean: 0.6352809719263944,
                variance: 0.07254497847951437),
            // norm(0.5, 0.7)
            Example(
                "gaussian", LikelihoodSettings(scale: 0.7), output: [0.5], at: [-1, 0.5, 3],
                logDensities: [-2.8581820177814965, -0.5622635722360416, -6.939814809862304], mean: 0.5,
                variance: 0.4899999833106996),
            // norm(0.5, exp(-0.6))
            Example(
                "gaussian", LikelihoodSettings(variance: .value), output: [0.5, -1.2], at: [-1, 0.5, 3],
                logDensities: [-4.054070225546386, -0.31893850936281465, -10.694304387650512], mean: 0.5,
                variance: 0.3011941975501432),
            // laplace(0.5, 0.7)
            Example(
                "laplace", LikelihoodSettings(scale: 0.7), output: [0.5], at: [-1, 0.5, 3],
                logDensities: [-2.479329398941098, -0.33647221959131424, -3.907900851840953], mean: 0.5,
                variance: 0.9799999666213992),
            // t(5, 0.5, 0.7)
            Example(
                "student-t", LikelihoodSettings(scale: 0.7, degrees: 5), output: [0.5], at: [-1, 0.5, 3, 40],
                logDensities: [-2.5663681294798923, -0.6119446280860932, -4.413649704802537, -19.986191776693147], mean: 0.5,
                variance: 0.8166666388511661),
            // lognorm(0.6, scale=exp(0.3))
            Example(
                "log-normal", LikelihoodSettings(scale: 0.6), output: [0.3], at: [0.25, 1, 4],
                logDensities: [-2.971247041612189, -0.5331129491751112, -3.43334525379613], mean: 1.6160744445761324,
                variance: 1.1317250702992347),
            // poisson(exp(1.2))
            Example(
                "poisson", LikelihoodSettings(means: .rates), output: [1.2], at: [0, 2, 9, 40],
                logDensities: [-3.320117081052063, -1.6132641662445768, -5.321944131980089, -65.64075488846082],
                mean: 3.320117081052063, variance: 3.320117081052063),
            // nbinom(c, c / (c + mean)), mean exp(1.2), c = exp(0.4)
            Example(
                "nb", LikelihoodSettings(means: .rates), output: [1.2, 0.4], at: [0, 2, 9, 40],
                logDensities: [-1.7470769502450416, -1.869410174901124, -3.8459602182483588, -14.64667543212692],
                mean: 3.3201170810520626, variance: 10.709173840615836),
            // The same, or with a probability of 1 / (1 + exp(0.5)) zero.
            Example(
                "zinb", LikelihoodSettings(means: .rates), output: [1.2, -0.5, 0.4], at: [0, 2, 9, 40],
                logDensities: [-0.7214961993262327, -2.3434871590812305, -4.320037202428469, -15.120752416307019],
                mean: 2.0666378577835207, variance: 9.25651280330598),
        ]
    }

    @Test(arguments: Example.all)
    func densities(example: Example) {
        let (model, parameters, buffer) = example.model()
        defer { withExtendedLifetime(buffer) {} }
        let count = example.values.count
        let (x, ones, seen) = (AlignedBuffer(count: count), AlignedBuffer(count: count), AlignedBuffer(count: 2 * count))
        let columns = (0..<4).map { _ in AlignedBuffer(count: count) }
        for (row, value) in example.values.enumerated() { (x.pointer[row], ones.pointer[row]) = (value, 1) }
        let numbers = (0..<count).map(Int64.init)
        numbers.withUnsafeBufferPointer {
            let batch = Batch(
                input: x.pointer, encoderInput: seen.pointer, mask: ones.pointer, weights: ones.pointer, rowCount: count,
                rows: $0.baseAddress!)
            _ = Inference(model, rows: count).evaluate(
                batch, parameters, noise: NoiseKey(seed: 1, epoch: 0, purpose: .validation),
                into: Inference.Rows(
                    mean: columns[0].pointer, logVariance: columns[1].pointer, reconstruction: columns[2].pointer,
                    kl: columns[3].pointer))
        }
        for (row, density) in example.logDensities.enumerated() {
            let found = -Double(columns[2].pointer[row])
            #expect(abs(found - density) < 1e-6 * max(1, abs(density)), "at \(example.values[row]): \(found), not \(density)")
        }
    }

    /// Means to single precision; draws within five standard errors, which chance passes once in a million times.
    @Test(arguments: Example.all)
    func meansAndDraws(example: Example) {
        let (model, parameters, buffer) = example.model()
        defer { withExtendedLifetime(buffer) {} }
        let count = 20_000
        let (x, seen) = (AlignedBuffer(count: count), AlignedBuffer(count: 2 * count))
        let (mean, drawn) = (AlignedBuffer(count: count), AlignedBuffer(count: count))
        let inference = Inference(model, rows: count)
        inference.decode(x.pointer, rowCount: 1, .given(1), conditions: nil, parameters, mean: mean.pointer)
        #expect(abs(Double(mean.pointer[0]) - example.mean) < 1e-6 * max(1, example.mean))
        let numbers = (0..<count).map(Int64.init)
        numbers.withUnsafeBufferPointer {
            let batch = Batch(
                input: x.pointer, encoderInput: seen.pointer, mask: x.pointer, weights: x.pointer, rowCount: count,
                rows: $0.baseAddress!)
            inference.drawMissing(
                of: batch, x.pointer, parameters, noise: NoiseKey(seed: 9, epoch: 0, purpose: .imputation), into: drawn.pointer)
        }
        let values = (0..<count).map { Double(drawn.pointer[$0]) }
        let average = values.reduce(0, +) / Double(count)
        let squares = values.map { ($0 - example.mean) * ($0 - example.mean) }
        let variance = squares.reduce(0, +) / Double(count)
        let spread = squares.reduce(0) { $0 + ($1 - variance) * ($1 - variance) } / Double(count)
        #expect(abs(average - example.mean) < 5 * (example.variance / Double(count)).squareRoot(), "\(average)")
        // The spread of squares is that of the draws themselves.
        #expect(abs(variance - example.variance) < 5 * (spread / Double(count)).squareRoot(), "\(variance)")
    }
}
