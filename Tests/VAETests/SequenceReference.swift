import Foundation
import VAE

/// Attention in Double, written down plainly: for each head and query, all keys.
struct ReferenceAttention {
    let positions: Int
    let channels: Int
    let heads: Int

    init(_ shape: Shape, heads: Int) {
        (positions, channels) = (shape.sizes[0], shape.sizes[1])
        self.heads = heads
    }

    /// What all heads give of queries, keys and values `[positions, 3, channels]`.
    func attend(_ parts: [Double]) -> [Double] {
        let width = channels / heads
        func part(_ kind: Int, _ position: Int, _ channel: Int) -> Double { parts[(position * 3 + kind) * channels + channel] }
        var context = [Double](repeating: 0, count: positions * channels)
        for head in 0..<heads {
            let own = head * width..<(head + 1) * width
            for i in 0..<positions {
                let scores = (0..<positions).map { j in
                    own.reduce(0) { $0 + part(0, i, $1) * part(1, j, $1) } / Double(width).squareRoot()
                }
                let exponentials = scores.map { exp($0 - scores.max()!) }
                let sum = exponentials.reduce(0, +)
                for c in own {
                    context[i * channels + c] = (0..<positions).reduce(0) { $0 + exponentials[$1] / sum * part(2, $1, c) }
                }
            }
        }
        return context
    }

    func layer(_ x: [Double], _ parameter: (String) -> ArraySlice<Double>) -> [Double] {
        let parts = product(x, parameter("query-key-value/weight"), parameter("query-key-value/bias"))
        return product(attend(parts), parameter("projection/weight"), parameter("projection/bias"))
    }

    private func product(_ x: [Double], _ weight: ArraySlice<Double>, _ bias: ArraySlice<Double>) -> [Double] {
        (0..<positions).flatMap { position in
            bias.indices.map { j in
                let column = j - bias.startIndex
                return (0..<channels).reduce(bias[j]) {
                    $0 + x[position * channels + $1] * weight[weight.startIndex + $1 * bias.count + column]
                }
            }
        }
    }
}

enum SequenceReference {
    /// Vaswani et al. 2017, section 3.5.
    static func waves(_ shape: Shape) -> [Double] {
        let channels = shape.sizes[1]
        return (0..<shape.count).map { i in
            let (t, pair) = (Double(i / channels), Double(i % channels / 2))
            let angle = t / pow(10_000, 2 * pair / Double(channels))
            return i % channels % 2 == 0 ? sin(angle) : cos(angle)
        }
    }

    /// Linear interpolation axis after axis, as PyTorch's `interpolate(align_corners=False)`.
    static func interpolate(_ x: [Double], _ input: Shape, _ output: Shape) -> [Double] {
        var (values, sizes) = (x, input.sizes)
        for axis in 0..<sizes.count - 1 {
            let (from, to) = (sizes[axis], output.sizes[axis])
            let inner = sizes[(axis + 1)...].reduce(1, *)
            values = (0..<sizes[..<axis].reduce(1, *)).flatMap { outer in
                (0..<to).flatMap { p in
                    let place = max(0, (Double(p) + 0.5) * Double(from) / Double(to) - 0.5)
                    let (low, high) = (Int(place), min(Int(place) + 1, from - 1))
                    let weight = place - place.rounded(.down)
                    return (0..<inner).map { i in
                        (1 - weight) * values[(outer * from + low) * inner + i] + weight
                            * values[(outer * from + high) * inner + i]
                    }
                }
            }
            sizes[axis] = to
        }
        return values
    }
}
