package import VAE

/// How the differences of a row (``HiddenDifferences``) are brought together where they are too many to be whitened.
///
/// First the activations of every hidden layer that gives a map become, for each channel, the mean over its positions. If that does not do, every
/// part (the row's own values, each layer, the code) that has more than m values becomes m means over runs of neighbours, where m is the
/// largest number with which all parts fit; run j of n values is that from j n / m to (j + 1) n / m, rounded down. Sums are in double
/// precision, in ascending order, and a mean is rounded once.
package final class DifferencePooling {
    /// The values that belong together in a row: `[positions, channels]`, of which `means` are left.
    private struct Part {
        let positions: Int
        let channels: Int
        let means: Int

        var count: Int { positions * channels }
    }

    /// The values of a row before and behind it.
    package let input: Int
    package let output: Int
    private let parts: [Part]
    /// The means over positions of the part under way.
    private var channelMeans: [Double]

    /// Nil where the values are not too many.
    ///
    /// - Parameters:
    ///   - hidden: the shapes of the hidden layers' activations; maps have several axes, channels last.
    ///   - most: the values that may be left; at least one for each part.
    package init?(inputSize: Int, hidden: [Shape], latentSize: Int, most: Int) {
        let maps = hidden.map { (channels: $0.sizes.count > 1 ? $0.sizes.last! : $0.count, count: $0.count) }
        let parts = [(channels: inputSize, count: inputSize)] + maps + [(channels: latentSize, count: latentSize)]
        input = parts.reduce(0) { $0 + $1.count }
        guard input > most else { return nil }
        precondition(most >= parts.count)
        let limit = Self.limit(parts.map(\.channels), most: most)
        self.parts = parts.map { channels, count in
            Part(positions: count / channels, channels: channels, means: min(channels, limit))
        }
        output = self.parts.reduce(0) { $0 + $1.means }
        channelMeans = [Double](repeating: 0, count: self.parts.reduce(0) { max($0, $1.channels) })
    }

    /// The largest number of values that each part may keep, so that all together are at most so many.
    private static func limit(_ sizes: [Int], most: Int) -> Int {
        var (low, high) = (1, most + 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if sizes.reduce(0, { $0 + min($1, middle) }) <= most { low = middle } else { high = middle }
        }
        return low
    }

    /// - Parameters:
    ///   - values: `[rowCount, input]`.
    ///   - means: `[rowCount, output]`.
    package func pool(_ values: UnsafePointer<Float>, rowCount: Int, into means: UnsafeMutablePointer<Float>) {
        for row in 0..<rowCount {
            var (from, to) = (values + row * input, means + row * output)
            for part in parts {
                pool(from, part, into: to)
                from += part.count
                to += part.means
            }
        }
    }

    private func pool(_ values: UnsafePointer<Float>, _ part: Part, into means: UnsafeMutablePointer<Float>) {
        for channel in 0..<part.channels {
            var sum = 0.0
            for position in 0..<part.positions { sum += Double(values[position * part.channels + channel]) }
            channelMeans[channel] = sum / Double(part.positions)
        }
        for mean in 0..<part.means {
            let run = mean * part.channels / part.means..<(mean + 1) * part.channels / part.means
            var sum = 0.0
            for channel in run { sum += channelMeans[channel] }
            means[mean] = Float(sum / Double(run.count))
        }
    }
}
