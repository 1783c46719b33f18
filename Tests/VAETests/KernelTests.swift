import CKernels
import Foundation
import Testing
import VAE

/// The functions of the kernels against the C library's in Double.
struct KernelTests {
    private static let inputs: [Float] = (-4000...4000).map { Float($0) / 40 } + [0, -0.0, 1e-30, -1e-30, 1e-6, -1e-6]

    private func apply(_ kind: kernel_activation, _ inputs: [Float]) -> [Float] {
        var outputs = [Float](repeating: 0, count: inputs.count)
        kernel_activate(kind, &outputs, inputs, inputs.count)
        return outputs
    }

    @Test func activations() {
        let kinds: [(kernel_activation, Activation)] = [
            (kernel_relu, .relu), (kernel_leaky_relu, .leakyReLU), (kernel_elu, .elu), (kernel_gelu, .gelu),
            (kernel_tanh, .tanh), (kernel_sigmoid, .sigmoid), (kernel_silu, .silu),
        ]
        for (kernel, activation) in kinds {
            for (x, y) in zip(Self.inputs, apply(kernel, Self.inputs)) {
                let exact = Reference.activate(activation, Double(x))
                // GELU's erf is good to 1.5e-7, times x.
                let allowed = max(1e-7 * max(1, abs(Double(x))), 4e-7 * abs(exact)) * (activation == .gelu ? 2 : 1)
                #expect(abs(Double(y) - exact) <= allowed, "\(activation)(\(x)) is \(y), not \(exact)")
            }
        }
    }

    @Test func notANumberStaysOne() {
        for kind in [kernel_elu, kernel_gelu, kernel_tanh, kernel_sigmoid, kernel_silu] {
            #expect(apply(kind, [.nan, 1])[0].isNaN)
        }
        var output: [Float] = [.nan]
        var loss = [0.0]
        var sums: [Float] = [0]
        kernel_bernoulli([0.5], &output, 1, &loss, &sums, 1, 1)
        #expect(loss[0].isNaN)
    }

    @Test(arguments: Likelihood.allCases)
    func likelihoods(likelihood: Likelihood) {
        // Sizes around the number of lanes.
        for features in [1, 15, 31, 32, 33, 64, 100] {
            let width = likelihood == .gaussianLearned ? 2 * features : features
            let x = (0..<2 * features).map { Float($0 % 7) / 7 }
            var output = (0..<2 * width).map { 6 * sin(Float($0)) }
            let before = output.map(Double.init)
            var losses = [0.0, 0.0]
            var sums = [Float](repeating: 0, count: width)
            switch likelihood {
            case .bernoulli: kernel_bernoulli(x, &output, 1, &losses, &sums, 2, features)
            case .gaussian: kernel_gaussian(x, &output, 0.5, 1, &losses, &sums, 2, features)
            case .gaussianLearned: kernel_gaussian_learned(x, &output, 1, &losses, &sums, 2, features)
            case .mse: kernel_squared_error(x, &output, 1, &losses, &sums, 2, features)
            }
            for row in 0..<2 {
                let exact = Reference.loss(
                    likelihood, x[row * features..<(row + 1) * features].map(Double.init),
                    Array(before[row * width..<(row + 1) * width]), scale: 0.5)
                #expect(abs(losses[row] - exact) < 2e-6 * max(1, abs(exact)), "\(features) features")
            }
            for i in 0..<width { #expect(abs(sums[i] - (output[i] + output[width + i])) <= 1e-6 * max(1, abs(sums[i]))) }
        }
    }

    @Test func sumsOfSquares() {
        for count in [0, 1, 7, 8, 9, 1000] {
            let values = (0..<count).map { sin(Float($0)) }
            let exact = values.reduce(0.0) { $0 + Double($1) * Double($1) }
            #expect(abs(kernel_sum_of_squares(values, count) - exact) < 1e-12 * max(1, exact))
        }
    }
}
