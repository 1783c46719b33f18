import Foundation
import Randomness
import Support
import Testing
import VAE

/// The importance-weighted bound of several codes a row.
struct ImportanceTests {
    private static func model(
        _ likelihood: String, seesMask: Bool = false, samples: Int, floor: Float = 0, conditions: Int = 0,
        normalization: Normalization = .none, latent: LatentKind = .normal, change: (inout LikelihoodSettings) -> Void = { _ in }
    ) -> ModelSpecification {
        var settings = LikelihoodSettings()
        change(&settings)
        var model = ModelSpecification(
            latent: latent, inputSize: 5, seesMask: seesMask, hiddenSizes: [6], latentSize: 2, activation: .tanh,
            normalization: normalization, likelihood: LikelihoodName(rawValue: likelihood)!, likelihoodSettings: settings)
        model.objective = .importance(samples: samples)
        model.varianceFloor = floor
        model.conditionSize = conditions
        return model
    }

    /// A row's codes are drawn by numbers of their own.
    private func noise(_ example: Example, samples: Int) -> [[[Double]]] {
        let size = example.configuration.latentSize
        return example.rowNumbers.map { row in
            (0..<samples).map { sample in
                var values = [Float](repeating: 0, count: size)
                var number = row * Int64(samples) + Int64(sample)
                example.noise.fillNormal(&values, rows: &number, rowCount: 1, size: size)
                return values.map(Double.init)
            }
        }
    }

    private func check(_ model: ModelSpecification, rowCount: Int = 5, isWeighted: Bool = false) throws {
        let samples = Model(model).samples
        let example = try Example(model, rowCount: rowCount, microBatch: rowCount, isWeighted: isWeighted)
        let reference = Reference(
            configuration: model, layout: example.model.layout, conditions: example.conditions.map { $0.map(Double.init) })
        let noise = noise(example, samples: samples)
        let (rows, _, parameters) = example.doubles
        func loss(_ p: [Double]) -> Double {
            rows.indices.reduce(0) {
                $0 - Double(example.weights[$1])
                    * reference.bound(rows[$1], noise: noise[$1], p, conditions: reference.conditions[$1])
            }
        }
        let (sums, gradient) = example.gradient(scale: 0.5)
        let (exact, found) = (loss(parameters), sums[EvidenceLowerBound.reconstruction] + sums[EvidenceLowerBound.kl])
        #expect(abs(found - exact) < 1e-5 * max(1, abs(exact)), "\(found), not \(exact)")
        for entry in example.model.layout.entries {
            let slopes = entry.range.map { index -> Double in
                func difference(_ h: Double) -> Double {
                    var (up, down) = (parameters, parameters)
                    up[index] += h
                    down[index] -= h
                    return (loss(up) - loss(down)) / (2 * h)
                }
                return 0.5 * (4 * difference(0.5e-4) - difference(1e-4)) / 3
            }
            let scale = slopes.map { abs($0) }.max()!
            for (index, value) in zip(entry.range, slopes) {
                #expect(
                    abs(Double(gradient[index]) - value) < 3e-5 * max(scale, 1), "\(entry.name): \(gradient[index]), not \(value)"
                )
            }
            #expect(scale > 0)
        }
    }

    @Test func gradients() throws {
        try check(Self.model("bernoulli", samples: 2))
        try check(Self.model("gaussian", seesMask: true, samples: 5), isWeighted: true)
        try check(Self.model("student-t", seesMask: true, samples: 4) { $0.variance = .value })
        try check(Self.model("gaussian", samples: 3) { $0.variance = .feature })
        try check(Self.model("zinb", seesMask: true, samples: 3, floor: 1e-2, conditions: 3))
        try check(Self.model("laplace", samples: 3, normalization: .layer))
        try check(Self.model("multinomial", samples: 3, latent: .logisticNormal))
    }

    /// The bits do not depend on the threads, nor the sum of gradients on the shards.
    @Test func threadsAndShards() throws {
        let example = try Example(Self.model("student-t", seesMask: true, samples: 7), rowCount: 11, microBatch: 11)
        let whole = example.gradient(ofTeam: 1)
        for count in [2, 3] {
            let team = example.gradient(ofTeam: count)
            #expect(team.0 == whole.0 && team.1 == whole.1)
        }
        let cut = example.gradient(ofShards: [0..<4, 4..<5, 5..<11])
        let largest = whole.1.map(abs).max()!
        #expect(zip(cut.1, whole.1).allSatisfy { abs($0 - $1) < 1e-5 * largest })
    }

    /// The more samples, the nearer the bound is to log p(x), which it never exceeds.
    @Test func boundsGrow() throws {
        var bounds: [Double] = []
        for samples in [2, 10, 100] {
            let example = try Example(Self.model("gaussian", samples: samples), rowCount: 30, microBatch: 30)
            let sums = example.gradient().0
            bounds.append(-(sums[EvidenceLowerBound.reconstruction] + sums[EvidenceLowerBound.kl]))
        }
        #expect(bounds[0] < bounds[1] && bounds[1] < bounds[2], "\(bounds)")
    }
}
