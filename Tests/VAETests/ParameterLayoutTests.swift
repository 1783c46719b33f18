import Support
import Testing
import VAE

struct ParameterLayoutTests {
    /// Names, shapes and places of a small model, which are those of its checkpoints: without memory for them.
    @Test func ofAModel() {
        let layout = ModelSpecification(
            latent: .normal, inputSize: 5, seesMask: true, hiddenSizes: [7], latentSize: 2, normalization: .layer,
            likelihood: .learnedGaussian
        ).layout()
        let wanted: [(String, [Int], ParameterRole)] = [
            ("encoder/0/weight", [10, 7], .weight), ("encoder/0/bias", [7], .bias), ("encoder/0/gain", [7], .gain),
            ("encoder/0/shift", [7], .shift), ("encoder/1/weight", [7, 4], .weight), ("encoder/1/bias", [4], .bias),
            ("decoder/0/weight", [2, 7], .weight), ("decoder/0/bias", [7], .bias), ("decoder/0/gain", [7], .gain),
            ("decoder/0/shift", [7], .shift), ("decoder/1/weight", [7, 10], .weight), ("decoder/1/bias", [10], .bias),
        ]
        #expect(layout.entries.map(\.name) == wanted.map(\.0))
        #expect(layout.entries.map(\.shape) == wanted.map(\.1))
        #expect(layout.entries.map(\.role) == wanted.map(\.2))
        #expect(layout.entries.allSatisfy { $0.range.lowerBound % 16 == 0 && $0.range.count == $0.shape.reduce(1, *) })
        #expect(layout.groups == [0..<layout.count] && layout.statistics == layout.count)
        #expect(layout.parameterCount == wanted.reduce(0) { $0 + $1.1.reduce(1, *) } && layout.withMoments == layout)
    }

    /// A part is one range, gaps included, and one of its statistics.
    @Test func parts() {
        var layout = ParameterLayout()
        for (name, shape) in [("encoder/0/weight", [3, 5]), ("encoder/0/bias", [5]), ("decoder/0/weight", [5, 3])] {
            _ = layout.add(name, shape, .weight)
        }
        _ = layout.add("encoder/0/mean", [5], .statistic)
        _ = layout.add("decoder/0/mean", [20], .statistic)
        #expect(layout.ranges(of: .encoder) == [0..<32, 4096..<4112])
        #expect(layout.ranges(of: .decoder) == [32..<48, 4112..<4144])
        #expect(layout.entries(of: .encoder).map(\.name) == ["encoder/0/weight", "encoder/0/bias", "encoder/0/mean"])
        #expect(layout.entries(of: nil) == layout.entries)
    }

    /// Groups and statistics begin at whole blocks of the fold, and statistics have no moments.
    @Test func groupsAndStatistics() {
        var layout = ParameterLayout()
        let critic = ParameterGroup(name: "critic")
        let first = layout.add("encoder/0/weight", [3, 5], .weight)
        let second = layout.add("critic/0/weight", [70, 70], .weight, critic)
        let third = layout.add("critic/0/bias", [70], .bias, critic)
        let mean = layout.add("encoder/0/mean", [5], .statistic)
        let variance = layout.add("encoder/0/variance", [5], .statistic)
        let size = ParameterLayout.blockSize
        #expect(first == 0..<15 && second == size..<size + 4900 && third == size + 4912..<size + 4982)
        #expect(mean == 3 * size..<3 * size + 5 && variance == 3 * size + 16..<3 * size + 21)
        #expect(layout.groups == [0..<16, size..<size + 4992] && layout.statistics == 3 * size)
        #expect(layout.parameterCount == 15 + 4900 + 70)
        #expect(layout.withMoments.entries.map(\.name) == ["encoder/0/weight", "critic/0/weight", "critic/0/bias"])
        #expect(layout.withMoments.count == layout.count)
    }

    /// What is summed of statistics is their change: no rate, no moments, no decay, no clipping.
    @Test(arguments: OptimizerKind.allCases)
    func statisticsAreAdded(kind: OptimizerKind) {
        let state = OptimizerState(
            OptimizerConfiguration(kind: kind, momentum: 0.9, weightDecay: 0.1), range: 0..<8192, statistics: 4096)
        let parameters = AlignedBuffer(count: 8192)
        parameters.pointer.update(repeating: 2, count: 8192)
        let gradient = [Float](repeating: 0.25, count: 4096)
        for range in [0..<4096, 4096..<8192] {
            state.update(parameters.pointer, gradient: gradient, range: range, factor: 0.5, learningRate: 0.1, step: 0)
        }
        #expect((0..<4096).allSatisfy { parameters.pointer[$0] < 2 })
        #expect((4096..<8192).allSatisfy { parameters.pointer[$0] == 2.25 })
        for moment in state.moments { #expect((4096..<8192).allSatisfy { moment.values[$0] == 0 }, "\(moment.name)") }
    }
}
