import Foundation
import Support
import Testing
import VAE

struct OptimizerTests {
    static let configurations: [OptimizerConfiguration] = [
        OptimizerConfiguration(kind: .sgd), OptimizerConfiguration(kind: .sgd, momentum: 0.9, weightDecay: 0.01),
        OptimizerConfiguration(), OptimizerConfiguration(weightDecay: 0.1),
        OptimizerConfiguration(kind: .adamw, weightDecay: 0.1),
        OptimizerConfiguration(beta1: 0.5, beta2: 0.9, epsilon: 1e-3),
    ]

    private static func gradient(_ step: Int, _ i: Int) -> Float { sin(Float(i * 7 + step * 3)) * Float(1 + i % 5) }

    /// Some steps by PyTorch's formulas in Double (torch/optim/sgd.py, adam.py, adamw.py).
    @Test(arguments: configurations)
    func formulas(c: OptimizerConfiguration) {
        let (count, rate) = (37, 0.01)
        var expected = (0..<count).map { Double($0) / 10 }
        var m = [Double](repeating: 0, count: count)
        var v = m
        let parameters = AlignedBuffer(count: count)
        for i in 0..<count { parameters.pointer[i] = Float(expected[i]) }
        let state = OptimizerState(c, range: 0..<count)
        for step in 0..<6 {
            let values = (0..<count).map { Self.gradient(step, $0) }
            state.update(
                parameters.pointer, gradient: values, range: 0..<count, factor: 0.5, learningRate: Float(rate), step: step)
            for i in 0..<count {
                var g = 0.5 * Double(values[i])
                if c.kind == .adamw {
                    expected[i] *= 1 - rate * Double(c.weightDecay)
                } else {
                    g += Double(c.weightDecay) * expected[i]
                }
                if c.kind == .sgd {
                    m[i] = Double(c.momentum) * m[i] + g
                    expected[i] -= rate * m[i]
                } else {
                    m[i] = Double(c.beta1) * m[i] + (1 - Double(c.beta1)) * g
                    v[i] = Double(c.beta2) * v[i] + (1 - Double(c.beta2)) * g * g
                    let mean = m[i] / (1 - pow(Double(c.beta1), Double(step + 1)))
                    let square = v[i] / (1 - pow(Double(c.beta2), Double(step + 1)))
                    expected[i] -= rate * mean / (square.squareRoot() + Double(c.epsilon))
                }
            }
        }
        for i in 0..<count { #expect(abs(Double(parameters.pointer[i]) - expected[i]) < 2e-6, "\(c.kind) \(i)") }
    }

    /// Slices on different ranks and blocks within them give the bits of one update of the whole.
    @Test(arguments: configurations)
    func slices(c: OptimizerConfiguration) {
        let count = 1000
        func run(_ bounds: [Int]) -> [UInt32] {
            let parameters = AlignedBuffer(count: count)
            for i in 0..<count { parameters.pointer[i] = Float(i % 13) }
            let slices = zip(bounds, bounds.dropFirst()).map { OptimizerState(c, range: $0..<$1) }
            for step in 0..<3 {
                for slice in slices {
                    for first in stride(from: slice.range.lowerBound, to: slice.range.upperBound, by: 100) {
                        let block = first..<min(first + 100, slice.range.upperBound)
                        slice.update(
                            parameters.pointer, gradient: block.map { Self.gradient(step, $0) }, range: block, factor: 1,
                            learningRate: 0.01, step: step)
                    }
                }
            }
            return (0..<count).map { parameters.pointer[$0].bitPattern }
        }
        let whole = run([0, count])
        #expect(run([0, 333, 334, count]) == whole)
        #expect(run([0, 16, 512, 999, count]) == whole)
    }

    /// What is frozen keeps its bits and has no moments; all else gets the bits that it has without.
    @Test(arguments: configurations)
    func frozenParameters(c: OptimizerConfiguration) {
        func run(_ frozen: [Range<Int>]) -> (parameters: [UInt32], moments: [[Float]]) {
            let parameters = AlignedBuffer(count: 500)
            for i in 0..<500 { parameters.pointer[i] = Float(i % 13) + 0.5 }
            let state = OptimizerState(c, range: 0..<500, statistics: 480, frozen: frozen)
            for step in 0..<3 {
                for block in [0..<100, 100..<300, 300..<480, 480..<500] {
                    state.update(
                        parameters.pointer, gradient: block.map { Self.gradient(step, $0) }, range: block, factor: 0.5,
                        learningRate: 0.01, step: step)
                }
            }
            return ((0..<500).map { parameters.pointer[$0].bitPattern }, state.moments.map { Array($0.values) })
        }
        let whole = run([])
        for frozen in [[0..<64], [80..<400], [16..<32, 288..<304, 480..<500], [300..<480], [0..<500]] as [[Range<Int>]] {
            let (parameters, moments) = run(frozen)
            for i in 0..<500 {
                let isFrozen = frozen.contains { $0.contains(i) }
                #expect(parameters[i] == (isFrozen ? (Float(i % 13) + 0.5).bitPattern : whole.parameters[i]), "\(frozen) \(i)")
                for (own, all) in zip(moments, whole.moments) { #expect(own[i] == (isFrozen ? 0 : all[i]), "\(frozen) \(i)") }
            }
        }
    }

    @Test func learningRates() {
        func value(_ shape: LearningRateSchedule.Shape, _ step: Int, warmup: Int = 0) -> Double {
            Double(
                LearningRateSchedule(shape: shape, rate: 2, warmupSteps: warmup, finalFactor: 0.1, interval: 10)
                    .value(step: step, totalSteps: 101))
        }
        #expect(value(.constant, 50) == 2)
        #expect(abs(value(.linear, 50) - 1.1) < 1e-6 && abs(value(.linear, 100) - 0.2) < 1e-6)
        #expect(abs(value(.cosine, 50) - 1.1) < 1e-6 && abs(value(.cosine, 100) - 0.2) < 1e-6)
        #expect(abs(value(.step, 9) - 2) < 1e-6 && abs(value(.step, 10) - 0.2) < 1e-6 && abs(value(.step, 25) - 0.02) < 1e-6)
        #expect(abs(value(.exponential, 50) - 2 * 0.1.squareRoot()) < 1e-6)
        #expect(value(.cosine, 0, warmup: 4) == 0.5 && value(.cosine, 3, warmup: 4) == 2 && value(.cosine, 4, warmup: 4) == 2)
        #expect(abs(value(.cosine, 1000) - 0.2) < 1e-6, "beyond the end it stays")
    }

    @Test func betas() {
        #expect(BetaSchedule(beta: 4).value(step: 0) == 4)
        let linear = BetaSchedule(shape: .linear, beta: 4, warmupSteps: 10)
        #expect(linear.value(step: 0) == 0 && linear.value(step: 5) == 2 && linear.value(step: 99) == 4)
        let cyclical = BetaSchedule(shape: .cyclical, beta: 1, cycles: 4, totalSteps: 80)
        #expect([0, 5, 10, 19, 20, 25].map { cyclical.value(step: $0) } == [0, 0.5, 1, 1, 0, 0.5])
    }
}
