internal import CPNG
internal import Support

extension Bitmap {
    /// The bytes of a PNG file, by libpng's simplified interface.
    ///
    /// - Precondition: one or three channels.
    /// - Throws: ``Failure`` (74).
    package func png() throws -> [UInt8] {
        precondition(channels == 1 || channels == 3)
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = png_uint_32(width)
        image.height = png_uint_32(height)
        image.format = UInt32(channels == 3 ? PNG_FORMAT_FLAG_COLOR : 0)
        defer { png_image_free(&image) }
        func encode(to memory: UnsafeMutableRawPointer?, _ size: inout Int) throws {
            guard png_image_write_to_memory(&image, memory, &size, 0, pixels, 0, nil) != 0 else {
                throw Failure(
                    .inputOutput, "cannot make a PNG of \(height) x \(width) pixels: \(String(cString: cpng_message(&image)))")
            }
        }
        // The first time it tells how long it is.
        var size = 0
        try encode(to: nil, &size)
        return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            try encode(to: buffer.baseAddress!, &size)
            count = size
        }
    }
}
