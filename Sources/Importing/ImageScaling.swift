/// The height and width of an image in pixels.
public struct ImageSize: Sendable, Equatable {
    package let height: Int
    package let width: Int

    /// - Parameter text: HEIGHTxWIDTH, such as `64x64`, each up to 8192; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard parts.count == 2, parts.allSatisfy({ (1...8192).contains($0) }) else { return nil }
        self.init(height: parts[0], width: parts[1])
    }

    package init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }
}

extension Bitmap {
    /// In another size, each axis by itself: the mean over the area that a new pixel covers where there are to be fewer, bilinear
    /// where there are to be more. The proportions are not kept.
    package func scaled(to size: ImageSize) -> Bitmap {
        if size == ImageSize(height: height, width: width) { return self }
        let rows = AxisWeights(from: height, to: size.height)
        let columns = AxisWeights(from: width, to: size.width)
        let rowSize = width * channels
        // One row of the new height at the old width.
        var row = [Float](repeating: 0, count: rowSize)
        let result = [UInt8](unsafeUninitializedCapacity: size.height * size.width * channels) { target, count in
            count = size.height * size.width * channels
            pixels.withUnsafeBufferPointer { source in
                row.withUnsafeMutableBufferPointer { row in
                    var place = 0
                    for y in 0..<size.height {
                        row.update(repeating: 0)
                        for tap in 0..<rows.taps {
                            let weight = rows.weights[y * rows.taps + tap]
                            let first = (rows.first[y] + tap) * rowSize
                            for index in 0..<rowSize { row[index] += weight * Float(source[first + index]) }
                        }
                        for x in 0..<size.width {
                            for channel in 0..<channels {
                                var sum: Float = 0.5
                                for tap in 0..<columns.taps {
                                    sum +=
                                        columns.weights[x * columns.taps + tap]
                                        * row[(columns.first[x] + tap) * channels + channel]
                                }
                                target[place] = UInt8(min(sum, 255))
                                place += 1
                            }
                        }
                    }
                }
            }
        }
        return Bitmap(height: size.height, width: size.width, channels: channels, pixels: result)
    }
}

/// Which pixels of one axis make up each new pixel, and with which weights.
private struct AxisWeights {
    /// The number of weights of a pixel.
    let taps: Int
    /// For each new pixel, the first old one.
    private(set) var first: [Int] = []
    /// For each new pixel, the weights of the old ones from the first on; their sum is 1.
    private(set) var weights: [Float] = []

    init(from source: Int, to target: Int) {
        let scale = Double(source) / Double(target)
        taps = min(scale > 1 ? Int(scale.rounded(.up)) + 1 : 2, source)
        for pixel in 0..<target {
            // The area that the pixel covers, or its center among the centers of the old pixels.
            let (from, to) = (Double(pixel) * scale, Double(pixel + 1) * scale)
            let center = min(max((from + to) / 2 - 0.5, 0), Double(source - 1))
            let start = min(Int(scale > 1 ? from : center), source - taps)
            first.append(start)
            for place in start..<start + taps {
                let weight =
                    scale > 1
                    ? max(min(to, Double(place + 1)) - max(from, Double(place)), 0) / scale
                    : max(1 - abs(center - Double(place)), 0)
                weights.append(Float(weight))
            }
        }
    }
}
