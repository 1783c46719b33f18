import CKernels
import Foundation
import Randomness
import Support
import VAE

/// The models once more, in Double and written down plainly, with gradients by central differences: what the code under test is
/// compared with. Shares nothing with it but the layout of the parameters and the noise.
struct Reference {
    /// What a block makes of a row by its weight and its bias.
    typealias Operation = ([Double], ArraySlice<Double>, ArraySlice<Double>) -> [Double]

    /// The same by its parameters, whose names begin behind the block's.
    typealias Layer = ([Double], (String) -> ArraySlice<Double>) -> [Double]

    let configuration: ModelSpecification
    /// Of each row; none for models without.
    let conditions: [[Double]]
    private let operations: [String: Operation]
    private let layers: [String: Layer]
    private let entries: [String: ParameterLayout.Entry]
    /// Those that a likelihood takes from parameters.
    private let shared: [ParameterLayout.Entry]

    /// - Parameters:
    ///   - operations: by the blocks' names; all others are dense.
    ///   - layers: the same.
    init(
        configuration: ModelSpecification, layout: ParameterLayout, operations: [String: Operation] = [:],
        layers: [String: Layer] = [:], conditions: [[Double]] = []
    ) {
        (self.configuration, self.conditions) = (configuration, conditions)
        (self.operations, self.layers) = (operations, layers)
        entries = Dictionary(uniqueKeysWithValues: layout.entries.map { ($0.name, $0) })
        shared = layout.entries.filter {
            $0.name.hasPrefix("decoder/") && ($0.name.contains("/log-") || $0.name.contains("/threshold-"))
        }
    }

    private func entry(_ name: String) -> ParameterLayout.Entry { entries[name]! }

    static func activate(_ kind: Activation, _ x: Double) -> Double {
        switch kind.rawValue {
        case "relu": max(x, 0)
        case "leaky-relu": x < 0 ? 0.01 * x : x
        case "elu": x < 0 ? exp(x) - 1 : x
        case "gelu": x * 0.5 * (1 + erf(x / 2.0.squareRoot()))
        case "tanh": Foundation.tanh(x)
        case "sigmoid": 1 / (1 + exp(-x))
        case "silu": x / (1 + exp(-x))
        case "symlog": x < 0 ? -log1p(-x) : log1p(x)
        case "softplus": max(x, 0) + log1p(exp(-abs(x)))
        default: .nan
        }
    }

    private func dense(
        _ name: String, _ x: [Double], _ p: [Double], activation: Activation?, _ conditions: [Double]
    ) -> [Double] {
        let weight = entry("\(name)/weight")
        let bias = entry("\(name)/bias")
        let (inputs, outputs) = (weight.shape[0], weight.shape[1])
        let sums = (0..<outputs).map { j in
            var sum = p[bias.range.lowerBound + j]
            for i in 0..<inputs { sum += x[i] * p[weight.range.lowerBound + i * outputs + j] }
            return sum
        }
        return shift(name, sums, p, conditions).map { sum in activation.map { Self.activate($0, sum) } ?? sum }
    }

    /// At every position what the conditions give to each channel.
    private func shift(_ name: String, _ values: [Double], _ p: [Double], _ conditions: [Double]) -> [Double] {
        guard let weight = entries["\(name)/condition"] else { return values }
        let channels = weight.shape[1]
        return values.indices.map { i in
            conditions.indices.reduce(values[i]) {
                $0 + conditions[$1] * p[weight.range.lowerBound + $1 * channels + i % channels]
            }
        }
    }

    /// As many values at a time as there are gains.
    private func normalize(_ name: String, _ values: [Double], _ p: [Double]) -> [Double] {
        let size = entry("\(name)/gain").range.count
        return stride(from: 0, to: values.count, by: size).flatMap { normalizeAlone(name, Array(values[$0..<$0 + size]), p) }
    }

    private func normalizeAlone(_ name: String, _ a: [Double], _ p: [Double]) -> [Double] {
        let (gain, shift) = (entry("\(name)/gain").range.lowerBound, entry("\(name)/shift").range.lowerBound)
        let count = Double(a.count)
        let mean = a.reduce(0, +) / count
        let variance = a.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        return a.indices.map { (a[$0] - mean) / (variance + 1e-5).squareRoot() * p[gain + $0] + p[shift + $0] }
    }

    /// A block's operation, activation and normalisation.
    private func block(_ name: String, _ block: Block, _ x: [Double], _ p: [Double], _ conditions: [Double]) -> [Double] {
        var hidden: [Double]
        if let layer = layers[name] {
            hidden = layer(x) { p[entry("\(name)/\($0)").range] }
            if let activation = block.ending.activation { hidden = hidden.map { Self.activate(activation, $0) } }
        } else if let operation = operations[name] {
            func part(_ part: String) -> ArraySlice<Double> {
                p[entries["\(name)/\(part)"]?.range ?? 0..<0]
            }
            hidden = shift(name, operation(x, part("weight"), part("bias")), p, conditions)
            if let activation = block.ending.activation { hidden = hidden.map { Self.activate(activation, $0) } }
        } else {
            hidden = dense(name, x, p, activation: block.ending.activation, conditions)
        }
        return [.layer, .position].contains(block.ending.normalization) ? normalize(name, hidden, p) : hidden
    }

    private func network(_ part: String, _ x: [Double], _ p: [Double], _ conditions: [Double]) -> [Double] {
        if let networks = configuration.networks {
            let blocks = part == "encoder" ? networks.encoder.blocks + [Block(.dense(1))] : networks.decoder
            return blocks.enumerated().reduce(x) { block("\(part)/\($1.offset)", $1.element, $0, p, conditions) }
        }
        let count = configuration.hiddenSizes.count
        // What brings a table's columns into their forms is a block of its own.
        let first = part == "encoder" && !configuration.parts.isEmpty ? 1 : 0
        return (0...count).reduce(x) { x, index in
            let name = "\(part)/\(first + index)"
            if index == count { return dense(name, x, p, activation: nil, conditions) }
            let hidden = dense(name, x, p, activation: configuration.activation, conditions)
            return [.layer, .position].contains(configuration.normalization) ? normalize(name, hidden, p) : hidden
        }
    }

    /// -log p(x | output), or the squared error, of the values that are there.
    static func loss(
        _ likelihood: LikelihoodName, _ x: [Double], _ output: [Double], _ settings: LikelihoodSettings = LikelihoodSettings()
    ) -> Double {
        let scale = Double(settings.scale)
        if let counts = CountReference(likelihood, x, output, settings.means) { return counts.loss }
        if likelihood.rawValue == "categorical" { return categorical(x, output, settings.categories) }
        if likelihood.rawValue == "discretized-logistic" { return mixture(x, output, settings.components) }
        if likelihood.rawValue == "ordinal" { return ordinal(x, output, settings.categories) }
        let half = 0.5 * log(2 * Double.pi)
        return x.indices.filter { !x[$0].isNaN }.reduce(0) { sum, i in
            let o = output[i]
            switch likelihood.rawValue {
            case "bernoulli":
                let p = 1 / (1 + exp(-o))
                return sum - x[i] * log(p) - (1 - x[i]) * log(1 - p)
            case "gaussian" where settings.variance == .fixed: return sum + 0.5 * pow((x[i] - o) / scale, 2) + log(scale) + half
            case "gaussian-learned", "gaussian":
                let v = min(max(output[x.count + i], -10), 10)
                return sum + 0.5 * pow(x[i] - o, 2) / exp(v) + 0.5 * v + half
            case "laplace": return sum + abs(x[i] - o) / scale + log(2 * scale)
            case "mse": return sum + pow(x[i] - o, 2)
            case "continuous-bernoulli": return sum + (abs(o) < 1e-3 ? o / 2 + o * o / 24 : log((exp(o) - 1) / o)) - x[i] * o
            case "log-normal":
                let s = settings.variance == .fixed ? scale : exp(0.5 * min(max(output[x.count + i], -10), 10))
                return sum + 0.5 * pow((log(x[i]) - o) / s, 2) + log(s) + log(x[i]) + half
            case "student-t":
                let n = Double(settings.degrees)
                let s = settings.variance == .fixed ? scale : exp(0.5 * min(max(output[x.count + i], -10), 10))
                let constant = 0.5 * log(n * .pi) + logGamma(n / 2) - logGamma((n + 1) / 2) + log(s)
                return sum + 0.5 * (n + 1) * log(1 + pow((x[i] - o) / s, 2) / n) + constant
            default: return .nan
            }
        }
    }

    /// Blocks of indicators, of the columns that are there.
    private static func categorical(_ x: [Double], _ output: [Double], _ categories: Int) -> Double {
        stride(from: 0, to: x.count, by: categories).reduce(0) { sum, first in
            let block = (first..<min(first + categories, x.count)).filter { !x[$0].isNaN }
            let normalizer = log(block.reduce(0) { $0 + exp(output[$1]) })
            return block.reduce(sum) { $0 + (x[$1] > 0 ? x[$1] * (normalizer - output[$1]) : 0) }
        }
    }

    private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// Grades by thresholds, behind the locations.
    private static func ordinal(_ x: [Double], _ output: [Double], _ grades: Int) -> Double {
        let features = x.count
        return x.indices.filter { !x[$0].isNaN }.reduce(0) { sum, i in
            var thresholds = [-Double.infinity, output[features + i]]
            for k in 1..<grades where k < grades - 1 {
                thresholds.append(thresholds.last! + exp(min(max(output[(1 + k) * features + i], -10), 10)))
            }
            thresholds.append(.infinity)
            let grade = Int(min(max(x[i], 0), Double(grades - 1)))
            let (low, high) = (thresholds[grade] - output[i], thresholds[grade + 1] - output[i])
            // Far above both are nearly 1.
            return sum - log(low > 0 ? sigmoid(-low) - sigmoid(-high) : sigmoid(high) - sigmoid(low))
        }
    }

    /// Mixtures of logistic distributions, of which each value has the part around it.
    private static func mixture(_ x: [Double], _ output: [Double], _ components: Int) -> Double {
        let features = x.count
        return x.indices.filter { !x[$0].isNaN }.reduce(0) { sum, i in
            func head(_ number: Int) -> [Double] { (0..<components).map { output[(number * components + $0) * features + i] } }
            let (weights, y) = (head(0).map { exp($0) }, 2 * x[i] - 1)
            let shares = zip(head(1), head(2)).map { mean, log -> Double in
                let scale = exp(min(max(log, -7), 7))
                let high = y < 1 - 1 / 255.0 ? sigmoid((y + 1 / 255.0 - mean) / scale) : 1
                let low = y > 1 / 255.0 - 1 ? sigmoid((y - 1 / 255.0 - mean) / scale) : 0
                // Far above the mean both are nearly 1.
                guard low > 0.5 else { return high - low }
                let above = y < 1 - 1 / 255.0 ? sigmoid(-(y + 1 / 255.0 - mean) / scale) : 0
                return sigmoid(-(y - 1 / 255.0 - mean) / scale) - above
            }
            return sum + log(weights.reduce(0, +)) - log(zip(weights, shares).reduce(0) { $0 + $1.0 * $1.1 })
        }
    }

    /// What the likelihood takes from parameters.
    private func sharedHeads(_ p: [Double], features: Int, _ conditions: [Double]) -> [Double] {
        shared.flatMap { entry in
            if entry.shape.count == 2 {
                return (0..<features).map { i in
                    conditions.enumerated().reduce(0) {
                        $0 + $1.element * p[entry.range.lowerBound + $1.offset * features + i]
                    }
                }
            }
            return entry.range.count == features
                ? Array(p[entry.range]) : Array(repeating: p[entry.range.lowerBound], count: features)
        }
    }

    /// The same of a table's members, whose numbers the names end with.
    private func memberHeads(_ table: MixedReference, _ p: [Double]) -> [[Double]] {
        var heads = [[Double]](repeating: [], count: 100)
        for entry in shared {
            let number = Int(entry.name.split(separator: "-").last!)! - 1
            heads[number] += table.shared(number, p[entry.range])
        }
        return heads
    }

    /// The variance of each latent's prior; of shares by the formula for any Dirichlet distribution, of which all a are the same here.
    private var priorVariance: Double {
        guard configuration.latent == .logisticNormal else { return 1 }
        let a = [Double](repeating: Double(configuration.concentration), count: configuration.latentSize)
        let k = Double(a.count)
        return 1 / a[0] * (1 - 2 / k) + a.reduce(0) { $0 + 1 / $1 } / (k * k)
    }

    /// Reconstruction and KL of one row.
    func parts(_ x: [Double], noise: [Double], _ p: [Double], conditions: [Double] = []) -> (reconstruction: Double, kl: Double) {
        let values = x.map { $0.isNaN ? 0 : $0 }
        let table = configuration.parts.isEmpty ? nil : MixedReference(parts: configuration.parts)
        let seen = configuration.seesMask ? values + x.map { $0.isNaN ? 0 : 1 } : x
        let code = network("encoder", table?.input(x, seesMask: configuration.seesMask) ?? seen, p, conditions)
        let size = configuration.latentSize
        var z = code
        var kl = 0.0
        if configuration.latent != .deterministic {
            z = (0..<size).map { i in
                let variance = exp(min(max(code[size + i], -20), 20)) + Double(configuration.varianceFloor)
                let (mean, v) = (code[i], log(variance))
                kl += 0.5 * ((mean * mean + exp(v)) / priorVariance - 1 - v + log(priorVariance))
                return mean + exp(0.5 * v) * noise[i]
            }
        }
        if let table { return (table.loss(x, network("decoder", z, p, conditions), memberHeads(table, p)), kl) }
        let output = network("decoder", z, p, conditions) + sharedHeads(p, features: x.count, conditions)
        return (
            Self.loss(configuration.likelihood, x, output, configuration.likelihoodSettings), kl
        )
    }

    /// The importance-weighted bound of one row, of a code for each noise.
    func bound(_ x: [Double], noise: [[Double]], _ p: [Double], conditions: [Double] = []) -> Double {
        let values = x.map { $0.isNaN ? 0 : $0 }
        let code = network("encoder", configuration.seesMask ? values + x.map { $0.isNaN ? 0 : 1 } : x, p, conditions)
        let size = configuration.latentSize
        let logWeights = noise.map { noise -> Double in
            var ratio = 0.0
            let z = (0..<size).map { i -> Double in
                let variance = exp(min(max(code[size + i], -20), 20)) + Double(configuration.varianceFloor)
                let z = code[i] + variance.squareRoot() * noise[i]
                ratio += 0.5 * (noise[i] * noise[i] - z * z / priorVariance + log(variance / priorVariance))
                return z
            }
            let output = network("decoder", z, p, conditions) + sharedHeads(p, features: x.count, conditions)
            return ratio - Self.loss(configuration.likelihood, x, output, configuration.likelihoodSettings)
        }
        let top = logWeights.max()!
        return top + log(logWeights.reduce(0) { $0 + exp($1 - top) } / Double(noise.count))
    }

    /// The sum of reconstruction + beta * KL over rows, by their weights.
    func loss(_ rows: [[Double]], weights: [Double], noise: [[Double]], beta: Double, _ p: [Double]) -> Double {
        rows.indices.reduce(0) { sum, row in
            let parts = parts(rows[row], noise: noise[row], p, conditions: conditions.isEmpty ? [] : conditions[row])
            return sum + weights[row] * (parts.reconstruction + beta * parts.kl)
        }
    }

    /// Its derivative with regard to one parameter, by central differences of two widths, extrapolated.
    func derivative(
        _ index: Int, _ rows: [[Double]], weights: [Double], noise: [[Double]], beta: Double, _ p: [Double]
    ) -> Double {
        func difference(_ h: Double) -> Double {
            var (up, down) = (p, p)
            up[index] += h
            down[index] -= h
            return
                (loss(rows, weights: weights, noise: noise, beta: beta, up)
                - loss(rows, weights: weights, noise: noise, beta: beta, down)) / (2 * h)
        }
        return (4 * difference(0.5e-4) - difference(1e-4)) / 3
    }
}

extension Activation {
    static let leakyReLU = Activation(rawValue: "leaky-relu")!
    static let elu = Activation(rawValue: "elu")!
    static let gelu = Activation(rawValue: "gelu")!
    static let tanh = Activation(rawValue: "tanh")!
    static let sigmoid = Activation(rawValue: "sigmoid")!
    static let silu = Activation(rawValue: "silu")!
}
