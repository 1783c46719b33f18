/// The colours that images are imported in.
public enum ImageColor: Sendable {
    case gray
    case rgb

    package var channels: Int { self == .gray ? 1 : 3 }
}

/// Pixels of one byte a channel, row by row: gray, gray and alpha, red green blue, or these and alpha.
package struct Bitmap {
    package let height: Int
    package let width: Int
    package let channels: Int
    package let pixels: [UInt8]

    package init(height: Int, width: Int, channels: Int, pixels: [UInt8]) {
        precondition(pixels.count == height * width * channels)
        self.height = height
        self.width = width
        self.channels = channels
        self.pixels = pixels
    }

    /// In other colours, without alpha: what is transparent is black behind.
    ///
    /// Gray is 0.299 R + 0.587 G + 0.114 B of the values as they are stored (ITU-R 601), to the bit as in Pillow.
    func converted(to color: ImageColor) -> Bitmap {
        if channels == color.channels { return self }
        let result = [UInt8](unsafeUninitializedCapacity: height * width * color.channels) { target, count in
            count = height * width * color.channels
            pixels.withUnsafeBufferPointer { source in
                let isGray = channels <= 2
                let alpha: Int? = channels == 2 ? 1 : channels == 4 ? 3 : nil
                for pixel in 0..<height * width {
                    let first = pixel * channels
                    func value(_ channel: Int) -> Int {
                        let value = Int(source[first + (isGray ? 0 : channel)])
                        guard let alpha else { return value }
                        return (value * Int(source[first + alpha]) + 127) / 255
                    }
                    switch color {
                    case .gray:
                        target[pixel] = UInt8(
                            isGray ? value(0) : (19595 * value(0) + 38470 * value(1) + 7471 * value(2) + 0x8000) >> 16)
                    case .rgb: for channel in 0..<3 { target[3 * pixel + channel] = UInt8(value(channel)) }
                    }
                }
            }
        }
        return Bitmap(height: height, width: width, channels: color.channels, pixels: result)
    }
}
