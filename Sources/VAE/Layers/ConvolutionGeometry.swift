internal import CKernels

/// A convolution's shapes: from `[axes, channels]` to `[axes, outputs]`, with one, two or three axes.
struct ConvolutionGeometry: Sendable {
    let input: Shape
    let output: Shape
    /// `[groups, kernel, channels of a group, outputs of a group]`, without the groups where there is one alone.
    let weight: [Int]
    let kernel: kernel_convolution

    /// - Parameters:
    ///   - input: the axes' sizes and the channels.
    ///   - outputs: the outputs' channels.
    ///   - sizes: those of the outputs' axes; nil for as many as see something within the padded input.
    init(_ input: Shape, outputs: Int, _ window: ConvolutionWindow, sizes: [Int]? = nil) throws(NetworkError) {
        let (given, channels) = try input.axesAndChannels()
        let window = try window.checked(axes: given.count)
        guard outputs > 0 else { throw NetworkError("channels must be at least 1") }
        guard channels % window.groups == 0, outputs % window.groups == 0 else {
            throw NetworkError("\(window.groups) groups do not divide \(channels) channels into \(outputs)")
        }
        var usual: [Int] = []
        for axis in given.indices {
            let reach = (window.kernel[axis] - 1) * window.dilation[axis] + 1
            let room = given[axis] + 2 * window.padding[axis] - reach
            guard room >= 0 || sizes != nil else {
                throw NetworkError(
                    "a kernel that reaches over \(reach) does not fit into \(given[axis]) values and a padding of \(window.padding[axis])"
                )
            }
            usual.append(room / window.stride[axis] + 1)
        }
        let counts = sizes ?? usual
        let values = counts.reduce(Double(outputs)) { $0 * Double($1) }
        let weights = window.kernel.reduce(Double(channels) * Double(outputs)) { $0 * Double($1) }
        guard max(values, weights) < Shape.most else { throw NetworkError("would be larger than the memory of any machine") }
        self.input = input
        output = Shape(counts + [outputs])
        weight = (window.groups > 1 ? [window.groups] : []) + window.kernel + [channels / window.groups, outputs / window.groups]
        kernel = kernel_convolution(
            input: given.asAxes(1), output: counts.asAxes(1), kernel: window.kernel.asAxes(1), stride: window.stride.asAxes(1),
            padding: window.padding.asAxes(0), dilation: window.dilation.asAxes(1), channels: channels, outputs: outputs,
            groups: window.groups)
    }

    /// Taps times channels of a group, and times outputs of a group: what an output sums over, and what an input goes into, but for strides.
    var fanIn: Int { weight[weight.count - 2] * taps }
    var fanOut: Int { weight[weight.count - 1] * taps }
    var taps: Int { kernel.kernel.0 * kernel.kernel.1 * kernel.kernel.2 }
    var strides: Int { kernel.stride.0 * kernel.stride.1 * kernel.stride.2 }
    var weightCount: Int { weight.reduce(1, *) }
    var inputPositions: Int { input.count / kernel.channels }
    var outputPositions: Int { output.count / kernel.outputs }
    /// What an output sees, with a number for each axis.
    var window: Operator.Window { kernel.window(axes: input.sizes.count - 1) }
    /// Multiply-adds of each of the three products for a row.
    var products: Int { outputPositions * kernel.outputs * fanIn }
}

extension kernel_convolution {
    /// What an output sees along the last of the axes.
    func window(axes: Int) -> Operator.Window {
        func own(_ numbers: (Int, Int, Int)) -> [Int] { Array([numbers.0, numbers.1, numbers.2].suffix(axes)) }
        return Operator.Window(
            kernel: own(kernel), stride: own(stride), dilation: own(dilation), before: own(padding), behind: own(padding),
            groups: groups)
    }
}

extension Shape {
    /// The sizes of the axes along which a convolution goes, and the channels.
    func axesAndChannels() throws(NetworkError) -> (axes: [Int], channels: Int) {
        guard (2...KERNEL_AXES + 1).contains(Int32(sizes.count)) else {
            throw NetworkError("goes along one to three axes with channels behind them, which rows of \(self) have not")
        }
        return (Array(sizes.dropLast()), sizes[sizes.count - 1])
    }
}

extension [Int] {
    /// For all axes of the kernels: the last ones are given.
    fileprivate func asAxes(_ usual: Int) -> (Int, Int, Int) {
        let all = Array(repeating: usual, count: 3 - count) + self
        return (all[0], all[1], all[2])
    }
}
