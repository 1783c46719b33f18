import Foundation
import Randomness
import Support
import Testing
import VAE

/// Networks of lists of blocks against a reference in Double: values, gradients, running statistics, and the bits by threads and shards.
struct ListedNetworkTests {
    static let lists =
        [
            // Vectors: batch normalisation behind and before the activation, group and layer normalisation.
            ([6], "dense 5, batch-norm, tanh, dense 4, tanh, batch-norm"),
            ([6], "dense 8, group-norm 2, silu, dense 6, group-norm 3"),
            ([6], "dense 7, layer-norm, gelu"),
            // Maps, with odd sizes.
            ([5, 3, 1], "conv 4 k3 s2 p1, batch-norm, tanh, conv 6 k3 p1, group-norm 3, gelu, dense 5"),
            ([5, 3, 2], "conv 35 k3 s2 p1, batch-norm, silu"),
            ([7, 2], "conv 4 k3 p1, group-norm 1, elu"),
            // Residuals of the same and of other shapes, within each other, and as the first block.
            ([6], "dense 5, tanh, residual (dense 7, tanh, dense 5)"),
            ([6], "residual (dense 7, silu, dense 4), tanh"),
            ([5, 4, 2], "conv 3 k3 p1, tanh, residual (conv 3 k3 p1, batch-norm, silu, conv 3 k3 p1, batch-norm), tanh"),
            ([6, 4, 2], "residual (conv 4 k4 s2 p1, tanh, conv 5 k3 p1), tanh, dense 4"),
            ([5], "dense 6, tanh, residual (batch-norm, tanh, dense 6, residual (tanh, dense 6))"),
            // Shares, and normalisation without a gain.
            ([6], "dense 5, softmax, dense 7, batch-norm unscaled, tanh, softmax"),
            ([6], "softmax, batch-norm unscaled, dense 5, tanh"),
            // What comes before any operation, and dropout at both ends.
            ([6], "batch-norm, tanh, dense 5"),
            ([9], "dropout 0.25, dense 7, tanh, dropout 0.5, dense 4"),
            ([5, 3, 1], "dropout 0.1, conv 4 k3 p1, tanh, residual (conv 4 k1, dropout 0.3)"),
        ] as [([Int], String)]

    private func example(_ index: Int, rowCount: Int) throws -> Example {
        let (shape, text) = Self.lists[index]
        let networks = try ModelNetworks(Shape(shape), encoder: try NetworkText.blocks(text), latentSize: 2)
        let example = try Example(
            ModelSpecification(
                latent: .normal, inputSize: Shape(shape).count, hiddenSizes: [], latentSize: 2, networks: networks),
            rowCount: rowCount, microBatch: rowCount)
        // What begins as 0 would hide what is before it.
        for entry in example.model.layout.entries where entry.role == .weight || entry.role == .gain {
            for i in entry.range where example.parameters.pointer[i] == 0 { example.parameters.pointer[i] = 0.3 * cos(Float(i)) }
        }
        example.prepared.pack()
        return example
    }

    private func reference(_ example: Example, _ shards: [Range<Int>], _ parameters: [Double]) -> NetworkReference {
        NetworkReference(
            specification: example.configuration, layout: example.model.layout, shards: shards, noise: example.noise,
            rowNumbers: example.rowNumbers, parameters: parameters)
    }

    private func loss(_ example: Example, _ reference: NetworkReference, _ rows: [[Double]], _ noise: [[Double]]) -> Double {
        let size = example.configuration.latentSize
        let (codes, outputs) = reference.outputs(rows, posterior: noise)
        return rows.indices.reduce(0) { sum, row in
            let kl = (0..<size).reduce(0.0) { sum, i in
                let (m, v) = (codes[row][i], codes[row][size + i])
                return sum + 0.5 * (m * m + exp(v) - 1 - v)
            }
            return sum + Reference.loss(.bernoulli, rows[row], outputs[row]) + kl
        }
    }

    @Test(arguments: lists.indices)
    func gradients(index: Int) throws {
        // A shard of one row takes the running statistics.
        let shards = [0..<4, 4..<5, 5..<8]
        let example = try example(index, rowCount: 8)
        let (rows, noise, parameters) = example.doubles
        let (sums, gradient) = example.gradient(ofShards: shards, scale: 0.125)
        let exact = reference(example, shards, parameters)
        let total = loss(example, exact, rows, noise)
        #expect(abs(sums[EvidenceLowerBound.reconstruction] + sums[EvidenceLowerBound.kl] - total) < 2e-5 * total)
        for entry in example.model.layout.entries {
            if entry.role == .statistic {
                let values = exact.seen.statistics[entry.name]!
                for (place, index) in entry.range.enumerated() {
                    let running = Double(example.parameters.pointer[index])
                    let change = zip(values, shards).reduce(0.0) {
                        $0 + ($1.0.map { $0[place] - running } ?? 0) * 0.1 * 0.125 * Double($1.1.count)
                    }
                    #expect(abs(Double(gradient[index]) - change) < 1e-5 * max(1, abs(change)), "\(entry.name)")
                }
                continue
            }
            // Not all of the larger ones, which would take a minute.
            let some = Array(stride(from: entry.range.lowerBound, to: entry.range.upperBound, by: 1 + entry.range.count / 32))
            let derivatives = some.map { i in
                func difference(_ h: Double) -> Double {
                    var (up, down) = (parameters, parameters)
                    up[i] += h
                    down[i] -= h
                    let losses = [up, down].map { loss(example, reference(example, shards, $0), rows, noise) }
                    return (losses[0] - losses[1]) / (2 * h)
                }
                return 0.125 * (4 * difference(0.5e-4) - difference(1e-4)) / 3
            }
            let scale = derivatives.map { abs($0) }.max()!
            for (index, value) in zip(some, derivatives) {
                #expect(
                    abs(Double(gradient[index]) - value) < 3e-5 * max(scale, 1),
                    "\(entry.name)[\(index - entry.range.lowerBound)]: \(gradient[index]), not \(value)")
            }
            // A bias before a normalisation that takes it away again has none.
            #expect(scale > 1e-9 || entry.role == .bias, "\(entry.name) has a gradient")
        }
    }

    /// Applied, a model takes the running statistics and drops nothing; what a row gives does not depend on the others.
    @Test(arguments: lists.indices)
    func inference(index: Int) throws {
        let example = try example(index, rowCount: 5)
        let (rows, noise, parameters) = example.doubles
        let exact = NetworkReference(
            specification: example.configuration, layout: example.model.layout, shards: [], noise: nil,
            rowNumbers: example.rowNumbers, parameters: parameters)
        let codes = exact.outputs(rows, posterior: noise).code
        let mean = AlignedBuffer(count: 10)
        example.withBatch { example.inference.encode($0, example.prepared, mean: mean.pointer) }
        for row in 0..<5 {
            for i in 0..<2 { #expect(abs(Double(mean.pointer[2 * row + i]) - codes[row][i]) < 1e-5 * max(1, abs(codes[row][i]))) }
        }
    }

    /// Threads share the rows of shards as they come, and the bits are those of one.
    @Test(arguments: lists.indices, Precision.allCases.filter(\.isFast))
    func teams(index: Int, precision: Precision) throws {
        let (shape, text) = Self.lists[index]
        let networks = try ModelNetworks(Shape(shape), encoder: try NetworkText.blocks(text), latentSize: 2)
        let example = try Example(
            ModelSpecification(
                latent: .normal, inputSize: Shape(shape).count, hiddenSizes: [], latentSize: 2, networks: networks),
            rowCount: 23, microBatch: 23, precision: precision)
        let shards = [0..<9, 9..<9, 9..<10, 10..<23]
        let (sums, alone) = example.gradient(ofShards: shards)
        #expect(sums.isFinite && alone.allSatisfy(\.isFinite))
        for count in [2, 3] {
            let team = example.gradient(ofShards: shards, workers: count)
            #expect(team.0 == sums && team.1 == alone, "\(count) threads")
        }
    }

    @Test func coupling() throws {
        for (index, list) in Self.lists.enumerated() {
            #expect(try example(index, rowCount: 3).model.couplesRows == list.1.contains("batch"))
        }
    }

    /// A residual begins as its shortcut.
    @Test func residualsBeginAsNothing() throws {
        let shape = Shape([4, 4, 3])
        for text in ["residual (conv 3 k3 p1, relu, conv 3 k3 p1)", "residual (conv 3 k3 p1, relu, conv 3 k3 p1, batch-norm)"] {
            let networks = try ModelNetworks(shape, encoder: try NetworkText.blocks(text), latentSize: 2)
            let plain = try ModelNetworks(shape, encoder: [], latentSize: 2)
            let codes = try [networks, plain].map { networks in
                let example = try Example(
                    ModelSpecification(
                        latent: .normal, inputSize: shape.count, hiddenSizes: [], latentSize: 2, networks: networks),
                    rowCount: 3, microBatch: 3)
                example.model.initialize(example.parameters.pointer, seed: 3)
                let last = example.model.layout.entries.last { $0.name.hasPrefix("encoder/") && $0.name.hasSuffix("/weight") }!
                for (place, i) in last.range.enumerated() { example.parameters.pointer[i] = sin(Float(place)) }
                example.prepared.pack()
                let mean = AlignedBuffer(count: 6)
                example.withBatch { example.inference.encode($0, example.prepared, mean: mean.pointer) }
                return (0..<6).map { mean.pointer[$0] }
            }
            #expect(codes[0] == codes[1])
        }
    }

    @Test func statisticsLieLast() throws {
        let layout = try example(3, rowCount: 1).model.layout
        let names = layout.entries.filter { $0.role == .statistic }.map(\.name)
        #expect(names.count == 4 && layout.entries.suffix(4).map(\.name) == names)
        #expect(layout.statistics % ParameterLayout.blockSize == 0)
        #expect(names[0] == "encoder/0/running-mean" && names[1] == "encoder/0/running-variance")
    }
}
