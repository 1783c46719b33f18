import Foundation
import Support
import Testing
import VAE

/// Passes over rows: the same bits in any pieces, by any thread, with or without gradients, and finite far out.
struct PassTests {
    /// Passes of any size give the bits of one, also where a chain of 256 rows is cut.
    @Test(arguments: LatentKind.allCases, Normalization.allCases.filter { $0 != .batch })
    func passesDoNotMatter(kind: LatentKind, normalization: Normalization) throws {
        let configuration = ModelSpecification(
            latent: kind, inputSize: 20, hiddenSizes: [17], latentSize: 3, activation: .gelu, normalization: normalization)
        let whole = try Example(configuration, rowCount: 600, microBatch: 600).gradient()
        for rows in [1, 13, 100, 256, 300, 512, 599] {
            let example = try Example(configuration, rowCount: 600, microBatch: rows)
            let pieces = example.gradient()
            #expect(pieces.0 == whole.0 && pieces.1 == whole.1, "\(rows) rows at once")
        }
    }

    /// Without the encoder's gradients, which nobody writes, those of the decoder are the same.
    @Test(arguments: LatentKind.allCases)
    func frozenEncoder(kind: LatentKind) throws {
        let example = try Example(
            ModelSpecification(latent: kind, inputSize: 20, hiddenSizes: [17], latentSize: 3, normalization: .layer),
            rowCount: 30,
            microBatch: 13)
        let (sums, whole) = example.gradient(beta: 2)
        let (others, part) = example.gradient(beta: 2, trainsEncoder: false)
        #expect(others == sums)
        for entry in example.model.layout.entries(of: .decoder) { #expect(part[entry.range] == whole[entry.range]) }
        for entry in example.model.layout.entries(of: .encoder) { #expect(part[entry.range].allSatisfy { $0.isNaN }) }
    }

    /// Threads that share the rows give the bits of one.
    @Test(arguments: [2, 3, 5])
    func teamsDoNotMatter(count: Int) throws {
        let configuration = ModelSpecification(
            latent: .normal, inputSize: 61, hiddenSizes: [40, 9], latentSize: 3, activation: .relu, normalization: .layer)
        let example = try Example(configuration, rowCount: 37, microBatch: 37)
        let (sums, alone) = example.gradient()
        let team = example.gradient(ofTeam: count)
        #expect(team.0 == sums && team.1 == alone)
    }

    @Test func noRows() throws {
        let example = try Example(
            ModelSpecification(latent: .normal, inputSize: 6, hiddenSizes: [5], latentSize: 3), rowCount: 0, microBatch: 4)
        let (sums, gradient) = example.gradient()
        #expect(sums == LossSums() && gradient.allSatisfy { $0 == 0 })
    }

    /// Logits and log variances far out: loss and gradients stay finite, as they must in an unlucky first epoch.
    @Test(arguments: LikelihoodName.allCases)
    func extremes(likelihood: LikelihoodName) throws {
        let example = try Example(
            ModelSpecification(latent: .normal, inputSize: 6, hiddenSizes: [], latentSize: 2, likelihood: likelihood),
            rowCount: 3, microBatch: 4)
        for i in 0..<example.model.layout.count { example.parameters.pointer[i] *= 200 }
        example.prepared.pack()
        let (sums, gradient) = example.gradient()
        #expect(sums.isFinite && gradient.allSatisfy(\.isFinite))
    }

    /// A second pass, on another thread, gives the same bits.
    @Test func sameBitsFromEveryThread() async throws {
        let example = try Example(
            ModelSpecification(latent: .normal, inputSize: 100, hiddenSizes: [64], latentSize: 8), rowCount: 77, microBatch: 32
        )
        let (sums, first) = example.gradient()
        #expect(example.gradient().1 == first)
        nonisolated(unsafe) let shared = example
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var second: (LossSums, [Float])?
        Thread {
            second = shared.gradient()
            done.signal()
        }.start()
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                done.wait()
                continuation.resume()
            }
        }
        #expect(second!.0 == sums && second!.1 == first)
    }

    /// What `encode` says of rows averages to what `evaluate` says of all.
    @Test(arguments: LatentKind.allCases)
    func rowsAddUp(kind: LatentKind) throws {
        let example = try Example(
            ModelSpecification(latent: kind, inputSize: 10, hiddenSizes: [8], latentSize: 3), rowCount: 13, microBatch: 4)
        let (mean, logVariance) = (AlignedBuffer(count: 39), AlignedBuffer(count: 39))
        let (reconstruction, kl) = (AlignedBuffer(count: 13), AlignedBuffer(count: 13))
        let sums = example.withBatch { example.inference.evaluate($0, example.prepared, noise: example.noise) }
        let encoded = example.withBatch {
            example.inference.evaluate(
                $0, example.prepared, noise: example.noise,
                into: .init(
                    mean: mean.pointer, logVariance: logVariance.pointer, reconstruction: reconstruction.pointer, kl: kl.pointer))
        }
        #expect(encoded == sums)
        let total = (0..<13).reduce(0.0) { $0 + Double(reconstruction.pointer[$1]) }
        #expect(abs(total - sums[EvidenceLowerBound.reconstruction]) < 1e-5 * sums[EvidenceLowerBound.reconstruction])
        for row in 0..<13 {
            // The prior of three shares by Dirichlet(1, 1, 1) has the variance 2 / 3.
            let prior = kind == .logisticNormal ? 2.0 / 3 : 1
            let exact = (0..<3).reduce(0.0) { sum, i in
                let (m, v) = (Double(mean.pointer[row * 3 + i]), Double(logVariance.pointer[row * 3 + i]))
                return sum + 0.5 * ((m * m + exp(v)) / prior - 1 - v + log(prior))
            }
            #expect(kind == .deterministic ? kl.pointer[row] == 0 : abs(exact - Double(kl.pointer[row])) < 1e-5)
        }
        #expect(sums == example.gradient().0, "with and without a gradient the sums are the same")
    }
}
