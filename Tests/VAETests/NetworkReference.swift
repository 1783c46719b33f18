import Foundation
import Randomness
import VAE

/// Networks of lists of blocks once more, in Double and written down plainly, for many rows at once: what rows of a shard give each other shows. It
/// reads the blocks' texts, and shares nothing with the code under test but those, the parameters' names, and the generator.
struct NetworkReference {
    let specification: ModelSpecification
    let layout: ParameterLayout
    /// The rows of each shard.
    let shards: [Range<Int>]
    /// nil where nothing is trained.
    let noise: NoiseKey?
    let rowNumbers: [Int64]
    let parameters: [Double]
    /// What batch normalisation saw: by the parameter's name each shard's value, where it has one.
    final class Seen { var statistics: [String: [[Double]?]] = [:] }
    let seen = Seen()

    private func part(_ name: String) -> ArraySlice<Double>? {
        layout.entries.first { $0.name == name }.map { parameters[$0.range] }
    }

    /// Codes and outputs of rows; `noise` is that of the posterior.
    func outputs(_ x: [[Double]], posterior: [[Double]]) -> (code: [[Double]], output: [[Double]]) {
        let networks = specification.networks!
        let size = specification.latentSize
        let encoder = NetworkSpecification(networks.encoder.input, networks.encoder.blocks + [Block(.dense(2 * size))])
        var dropouts = 0
        let code = run(encoder, "encoder", x, &dropouts)
        let z = zip(code, posterior).map { code, noise in
            (0..<size).map { code[$0] + exp(0.5 * code[size + $0]) * noise[$0] }
        }
        return (code, run(NetworkSpecification(Shape(size), networks.decoder), "decoder", z, &dropouts))
    }

    private func run(_ network: NetworkSpecification, _ name: String, _ x: [[Double]], _ dropouts: inout Int) -> [[Double]] {
        let shapes = [network.input] + (try! network.shapes())
        var x = x
        for (index, block) in network.blocks.enumerated() {
            let name = "\(name)/\(index)"
            x = operation("\(block.operation)", name, x, shapes[index], shapes[index + 1], &dropouts)
            func normalized() {
                if block.ending.normalization != .none {
                    x = normalize(block.ending.normalization.rawValue, name, x, shapes[index + 1])
                }
            }
            if block.ending.normalizesFirst { normalized() }
            if let activation = block.ending.activation { x = x.map { $0.map { Reference.activate(activation, $0) } } }
            if !block.ending.normalizesFirst { normalized() }
        }
        return x
    }

    private func operation(
        _ text: String, _ name: String, _ x: [[Double]], _ input: Shape, _ output: Shape, _ dropouts: inout Int
    ) -> [[Double]] {
        let words = text.split(separator: " ").map(String.init)
        switch words[0] {
        case "dense":
            let (weight, bias) = (Array(part("\(name)/weight")!), Array(part("\(name)/bias")!))
            return x.map { x in
                bias.indices.map { j in x.indices.reduce(bias[j]) { $0 + x[$1] * weight[$1 * bias.count + j] } }
            }
        case "conv":
            let convolution = ReferenceConvolution(input, output, window(words.dropFirst(2)))
            return x.map { convolution.forward($0, part("\(name)/weight")!, part("\(name)/bias")!) }
        case "transposed-conv":
            let convolution = ReferenceConvolution(output, input, window(words.dropFirst(2)))
            return x.map { convolution.transposed($0, part("\(name)/weight")!, part("\(name)/bias")!) }
        case "softmax":
            return x.map { x in
                let total = x.reduce(0) { $0 + exp($1) }
                return x.map { exp($0) / total }
            }
        case "resize": return x.map { PoolingExample.resize($0, input, output) }
        case "dropout":
            let (layer, share) = (dropouts, Double(Float(words[1])!))
            dropouts += 1
            guard let noise else { return x }
            return x.enumerated().map { row, x in
                x.indices.map { uniform(noise, row, $0, of: x.count, layer) < share ? 0 : x[$0] / (1 - share) }
            }
        case "residual":
            let inner = try! NetworkText.blocks(String(text.dropFirst("residual (".count).dropLast()))
            let y = run(NetworkSpecification(input, inner), "\(name)/inner", x, &dropouts)
            var way = x
            if let weight = layout.entries.first(where: { $0.name.hasPrefix("\(name)/shortcut") && $0.role == .weight }) {
                let (part, isDense) = (String(weight.name.dropLast("/weight".count)), weight.shape.count == 2)
                let changed = Shape(output.sizes.dropLast() + [input.sizes.last!])
                if !isDense { way = way.map { PoolingExample.resize($0, input, changed) } }
                way = operation(isDense ? "dense" : "conv 1 k1", part, way, isDense ? input : changed, output, &dropouts)
            }
            return zip(y, way).map { zip($0, $1).map(+) }
        default:
            if let activation = Activation(rawValue: text) { return x.map { $0.map { Reference.activate(activation, $0) } } }
            return normalize(words[0].replacing("-norm", with: "") + words.dropFirst().map { " \($0)" }.joined(), name, x, input)
        }
    }

    /// "k3 s2 p1", one number each.
    private func window(_ words: ArraySlice<String>) -> ConvolutionWindow {
        func number(_ letter: Character, _ usual: Int) -> Int {
            words.first { $0.first == letter }.map { Int($0.dropFirst())! } ?? usual
        }
        return ConvolutionWindow(kernel: number("k", 1), stride: number("s", 1), padding: number("p", 0))
    }

    /// By the definition: features in quarters, each with a word of the same blocks.
    private func uniform(_ key: NoiseKey, _ row: Int, _ index: Int, of count: Int, _ layer: Int) -> Double {
        let quarter = count / 4
        let place = index < 4 * quarter ? (index % quarter, index / quarter) : (index, 0)
        let number = UInt64(rowNumbers[row])
        let block = Philox.block(
            counter: Philox.Block(
                UInt32(place.0), UInt32(truncatingIfNeeded: number), UInt32(number >> 32) | UInt32(256 + layer) << 16,
                UInt32(key.epoch)),
            key: key.seed)
        return Double(block[place.1] >> 8) * 0x1p-24
    }

    private func normalize(_ kind: String, _ name: String, _ x: [[Double]], _ shape: Shape) -> [[Double]] {
        let words = kind.split(separator: " ").map(String.init)
        let channels = words[0] == "layer" ? shape.count : shape.sizes.last!
        let shift = Array(part("\(name)/shift")!)
        let gain = part("\(name)/gain").map(Array.init) ?? shift.map { _ in 1 }
        func moments(_ values: [Double]) -> (Double, Double) {
            let mean = values.reduce(0, +) / Double(values.count)
            return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
        }
        var y = x
        func set(_ rows: Range<Int>, _ some: Range<Int>, _ given: (Double, Double)? = nil) -> (Double, Double, Int) {
            let places = rows.flatMap { row in x[row].indices.filter { some.contains($0 % channels) }.map { (row, $0) } }
            let (mean, variance) = given ?? moments(places.map { x[$0.0][$0.1] })
            for (row, i) in places {
                y[row][i] = (x[row][i] - mean) / (variance + 1e-5).squareRoot() * gain[i % channels] + shift[i % channels]
            }
            return (mean, variance, places.count)
        }
        switch words[0] {
        case "layer": for row in x.indices { _ = set(row..<row + 1, 0..<channels) }
        case "group":
            let width = channels / (words.count > 1 ? Int(words[1])! : max(1, channels / 16))
            for row in x.indices {
                for first in stride(from: 0, to: channels, by: width) { _ = set(row..<row + 1, first..<first + width) }
            }
        default:
            let running = (Array(part("\(name)/running-mean")!), Array(part("\(name)/running-variance")!))
            for rows in noise == nil ? [x.indices] : shards {
                let isOwn = noise != nil && rows.count > 1
                let all = (0..<channels).map { set(rows, $0..<$0 + 1, isOwn ? nil : (running.0[$0], running.1[$0])) }
                seen.statistics["\(name)/running-mean", default: []].append(isOwn ? all.map(\.0) : nil)
                seen.statistics["\(name)/running-variance", default: []].append(
                    isOwn ? all.map { $0.1 * Double($0.2) / Double($0.2 - 1) } : nil)
            }
        }
        return y
    }
}
