import VAE

/// Pooling of maps `[height, width, channels]` in Double, by an output's position and then all that its window sees.
enum PoolingExample {
    case max(ConvolutionWindow)
    case average(ConvolutionWindow)
    case global

    var operation: Block.Operation {
        switch self {
        case .max(let window): .maxPooling(window)
        case .average(let window): .averagePooling(window)
        case .global: .globalPooling
        }
    }

    func reference(_ x: [Double], _ input: Shape, _ output: Shape) -> [Double] {
        switch self {
        case .max(let window): Self.pool(x, input, output, window) { $0.max()! }
        case .average(let window): Self.pool(x, input, output, window) { $0.reduce(0, +) / Double($0.count) }
        case .global:
            (0..<output.count).map { c in
                let values = stride(from: c, to: x.count, by: output.count).map { x[$0] }
                return values.reduce(0, +) / Double(values.count)
            }
        }
    }

    private static func pool(
        _ x: [Double], _ input: Shape, _ output: Shape, _ window: ConvolutionWindow, _ join: ([Double]) -> Double
    ) -> [Double] {
        func seen(_ axis: Int, _ p: Int) -> [Int] {
            let (kernel, stride) = (window.kernel.count > 1 ? window.kernel[axis] : window.kernel[0], window.stride.last!)
            let step = window.stride.count > 1 ? window.stride[axis] : stride
            let spacing = window.dilation.count > 1 ? window.dilation[axis] : window.dilation[0]
            let padding = window.padding.count > 1 ? window.padding[axis] : window.padding[0]
            return (0..<kernel).map { p * step + $0 * spacing - padding }.filter { (0..<input.sizes[axis]).contains($0) }
        }
        let (width, channels) = (input.sizes[1], input.sizes[2])
        return (0..<output.sizes[0]).flatMap { h in
            (0..<output.sizes[1]).flatMap { w in
                (0..<channels).map { c in
                    join(seen(0, h).flatMap { y in seen(1, w).map { x[(y * width + $0) * channels + c] } })
                }
            }
        }
    }

    static func resize(_ x: [Double], _ input: Shape, _ output: Shape) -> [Double] {
        let sizes = input.sizes.count == 1 ? [1, 1, input.sizes[0]] : input.sizes
        let (height, width, channels) = (output.sizes[0], output.sizes[1], output.sizes[2])
        return (0..<output.count).map { i in
            let (y, z) = (i / channels / width * sizes[0] / height, i / channels % width * sizes[1] / width)
            return x[(y * sizes[1] + z) * channels + i % channels]
        }
    }
}
