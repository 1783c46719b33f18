import Foundation
import Randomness
import Support
import Testing
import VAE

/// Models of rows some of which have a label, against the formulas in Double.
struct ClassTests {
    private static func model(classes: Int = 3, conditions: Int = 0, floor: Float = 0) -> ModelSpecification {
        var model = ModelSpecification(
            latent: .normal, inputSize: 5, hiddenSizes: [6], latentSize: 2, activation: .tanh, likelihood: .gaussian)
        model.classes = ClassSpecification(count: classes, hiddenSize: 4, classificationWeight: 7)
        (model.conditionSize, model.varianceFloor) = (conditions, floor)
        return model
    }

    /// The terms of a row: reconstruction, KL, and the weighted cross-entropy.
    private func terms(
        _ example: Example, _ row: Int, _ p: [Double]
    ) -> (reconstruction: Double, kl: Double, classification: Double) {
        let model = example.configuration
        let (size, classes) = (model.latentSize, model.classes!)
        func dense(_ name: String, _ x: [Double], _ conditions: [Double]) -> [Double] {
            func part(_ part: String) -> ArraySlice<Double>? {
                example.model.layout.entries.first { $0.name == "\(name)/\(part)" }.map { p[$0.range] }
            }
            let (weight, bias) = (Array(part("weight")!), Array(part("bias")!))
            let shift = part("condition").map(Array.init) ?? []
            return bias.indices.map { j in
                let sum = x.indices.reduce(bias[j]) { $0 + x[$1] * weight[$1 * bias.count + j] }
                return shift.isEmpty ? sum : conditions.indices.reduce(sum) { $0 + conditions[$1] * shift[$1 * bias.count + j] }
            }
        }
        func network(_ name: String, _ x: [Double], _ conditions: [Double], _ f: (Double) -> Double) -> [Double] {
            dense("\(name)/1", dense("\(name)/0", x, conditions).map(f), conditions)
        }
        func normals(_ key: NoiseKey, _ number: Int64) -> [Double] {
            var (values, number) = ([Float](repeating: 0, count: size), number)
            key.fillNormal(&values, rows: &number, rowCount: 1, size: size)
            return values.map(Double.init)
        }
        let known = example.conditions[row].map(Double.init)
        let head = network("encoder", example.rows[row].map(Double.init), known) { tanh($0) }
        let e = normals(example.noise, example.rowNumbers[row])
        let variances = (0..<size).map { exp(head[size + $0]) + Double(model.varianceFloor) }
        let z = (0..<size).map { head[$0] + variances[$0].squareRoot() * e[$0] }
        let reconstruction = Reference.loss(
            .gaussian, example.rows[row].map(Double.init), network("decoder", z, known) { tanh($0) })
        let logits = network("classifier", z, []) { max($0, 0) }
        let normalizer = log(logits.reduce(0) { $0 + exp($1) })
        var key = example.noise
        key.purpose = .classes
        let t = (0..<classes.count).map { y -> Double in
            let one = (0..<classes.count).map { $0 == y ? 1.0 : 0 }
            let own = network("class-encoder", z, one) { max($0, 0) }
            let noise = normals(key, example.rowNumbers[row] * Int64(classes.count) + Int64(y))
            let u = (0..<size).map { own[$0] + exp(0.5 * own[size + $0]) * noise[$0] }
            let given = network("class-decoder", u, one) { max($0, 0) }
            return (0..<size).reduce(0.0) { sum, i in
                let density = 0.5 * (pow(z[i] - given[i], 2) / exp(given[size + i]) + given[size + i] + log(2 * Double.pi))
                return sum + density + 0.5 * (own[i] * own[i] + exp(own[size + i]) - 1 - own[size + i])
            }
        }
        // The mean of log q(z | x).
        let entropy = variances.reduce(0) { $0 - 0.5 * (1 + log(2 * Double.pi) + log($1)) }
        let label = Int(example.classes[row])
        let shares = logits.map { exp($0 - normalizer) }
        let prior = label >= 0 ? t[label] : zip(shares, t).reduce(0) { $0 + $1.0 * ($1.1 + log($1.0)) }
        return (
            reconstruction, entropy + prior + log(Double(classes.count)),
            label < 0 ? 0 : Double(classes.classificationWeight) * (normalizer - logits[label])
        )
    }

    private func check(_ model: ModelSpecification, beta: Float = 1, isWeighted: Bool = false) throws {
        let example = try Example(model, rowCount: 7, microBatch: 7, isWeighted: isWeighted)
        #expect(example.classes.contains { $0 < 0 } && example.classes.contains { $0 >= 0 })
        func loss(_ p: [Double]) -> Double {
            example.rows.indices.reduce(0) { sum, row in
                let terms = terms(example, row, p)
                return sum + Double(example.weights[row])
                    * (terms.reconstruction + Double(beta) * terms.kl + terms.classification)
            }
        }
        let parameters = example.doubles.parameters
        let (sums, gradient) = example.gradient(beta: beta, scale: 0.5)
        let exact = loss(parameters)
        let found = EvidenceLowerBound.loss(sums, beta: Double(beta)) * sums.weight + sums[EvidenceLowerBound.classification]
        #expect(abs(found - exact) < 1e-5 * max(1, abs(exact)))
        #expect(sums[EvidenceLowerBound.classification] > 0)
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
            #expect(scale > 0, "\(entry.name) has a gradient")
            for (index, slope) in zip(entry.range, slopes) {
                #expect(
                    abs(Double(gradient[index]) - slope) < 3e-5 * max(scale, 1),
                    "\(entry.name)[\(index - entry.range.lowerBound)]: \(gradient[index]), not \(slope)")
            }
        }
    }

    @Test func gradients() throws {
        try check(Self.model())
        try check(Self.model(classes: 2), beta: 0.3, isWeighted: true)
        try check(Self.model(classes: 4, conditions: 3, floor: 1e-2), isWeighted: true)
    }

    /// The bits do not depend on the threads, nor the sum of gradients on the shards.
    @Test func threadsAndShards() throws {
        let example = try Example(Self.model(), rowCount: 11, microBatch: 11)
        let whole = example.gradient(ofTeam: 1)
        for count in [2, 3] {
            let team = example.gradient(ofTeam: count)
            #expect(team.0 == whole.0 && team.1 == whole.1)
        }
        let cut = example.gradient(ofShards: [0..<4, 4..<5, 5..<11])
        let largest = whole.1.map(abs).max()!
        #expect(zip(cut.1, whole.1).allSatisfy { abs($0 - $1) < 1e-5 * largest })
    }

    /// Without a gradient the terms are the same, by draws of their own.
    @Test func inference() throws {
        let example = try Example(Self.model(), rowCount: 9, microBatch: 4)
        let sums = example.withBatch { example.inference.evaluate($0, example.prepared, noise: example.noise) }
        let exact = try Example(Self.model(), rowCount: 9, microBatch: 9)
        let parameters = exact.doubles.parameters
        let kl = exact.rows.indices.reduce(0) { $0 + terms(exact, $1, parameters).kl }
        #expect(abs(sums[EvidenceLowerBound.kl] - kl) < 1e-5 * abs(kl))
        #expect(sums == exact.gradient().0)
    }
}
