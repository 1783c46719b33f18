internal import CPNG
internal import Support

/// Decodes one PNG by libpng's simplified interface.
final class PNGDecoder: ImageDecoder {
    static let magic: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    private let path: String
    /// Its place must not change: libpng keeps a pointer to it.
    private let image: UnsafeMutablePointer<png_image>
    /// What libpng reads, where that is not all of the file.
    private let bytes: UnsafeMutableRawBufferPointer?
    let header: ImageHeader

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
        self.path = path
        image = .allocate(capacity: 1)
        image.initialize(to: png_image())
        image.pointee.version = png_uint_32(PNG_IMAGE_VERSION)
        self.bytes = PNGChunks.withoutWords(bytes).map { kept in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: kept.count, alignment: 1)
            copy.copyBytes(from: kept)
            return copy
        }
        let read = self.bytes.map { UnsafeRawBufferPointer($0) } ?? bytes
        let isKnown = png_image_begin_read_from_memory(image, read.baseAddress!, read.count) != 0
        header = ImageHeader(
            height: Int(image.pointee.height), width: Int(image.pointee.width),
            isGray: image.pointee.format & UInt32(PNG_FORMAT_FLAG_COLOR) == 0)
        if !isKnown { throw damage }
        if image.pointee.format & UInt32(PNG_FORMAT_FLAG_LINEAR) != 0, bytes[28] != 0 {
            // libpng's issue 853; the mark of interlacing stands at a fixed place.
            throw Failure(
                .badData, "\(path): is an interlaced PNG of 16 bits, which libpng reads wrongly: save it without interlacing")
        }
        // Without a gamma of their own, 16 bits mean what 8 bits do.
        image.pointee.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
    }

    deinit {
        png_image_free(image)
        image.deallocate()
        bytes?.deallocate()
    }

    /// The pixels: palettes and few bits expanded, 16 bits rounded to 8, alpha kept.
    func bitmap() throws -> Bitmap {
        let hasAlpha = image.pointee.format & UInt32(PNG_FORMAT_FLAG_ALPHA) != 0
        let channels = (header.isGray ? 1 : 3) + (hasAlpha ? 1 : 0)
        image.pointee.format = UInt32((header.isGray ? 0 : PNG_FORMAT_FLAG_COLOR) | (hasAlpha ? PNG_FORMAT_FLAG_ALPHA : 0))
        let count = header.height * header.width * channels
        let pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            guard png_image_finish_read(image, nil, buffer.baseAddress!, 0, nil) != 0 else { throw damage }
            done = count
        }
        return Bitmap(height: header.height, width: header.width, channels: channels, pixels: pixels)
    }

    private var damage: Failure {
        Failure(.badData, "\(path): cannot be read as PNG, damaged or incomplete: \(String(cString: cpng_message(image)))")
    }
}
