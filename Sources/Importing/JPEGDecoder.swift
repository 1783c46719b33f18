internal import CTurboJPEG
internal import Support

/// Decodes one JPEG by libjpeg-turbo.
final class JPEGDecoder: ImageDecoder {
    static let magic: [UInt8] = [0xFF, 0xD8, 0xFF]

    private let path: String
    private let bytes: UnsafeRawBufferPointer
    private let handle: tjhandle
    let header: ImageHeader

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
        guard let handle = tjInitDecompress() else { throw Failure(.internal, "libjpeg-turbo cannot start: out of memory") }
        self.path = path
        self.bytes = bytes
        self.handle = handle
        var (width, height, sampling, colors): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        let status = tjDecompressHeader3(
            handle, bytes.bindMemory(to: UInt8.self).baseAddress!, UInt(bytes.count), &width, &height, &sampling, &colors)
        header = ImageHeader(height: Int(height), width: Int(width), isGray: colors == Int32(TJCS_GRAY.rawValue))
        if status != 0 { throw damage }
        // What the library makes of a file that ends before its image.
        if width < 1 || height < 1 { throw Failure(.badData, "\(path): cannot be read as JPEG: ends before its image") }
        if colors == Int32(TJCS_CMYK.rawValue) || colors == Int32(TJCS_YCCK.rawValue) {
            throw Failure(.badData, "\(path): is a CMYK image, whose colours depend on a printer: convert it to RGB")
        }
    }

    deinit { tjDestroy(handle) }

    /// The pixels, gray or RGB.
    func bitmap() throws -> Bitmap {
        let channels = header.isGray ? 1 : 3
        let count = header.height * header.width * channels
        // Warnings are errors: after them the library invents pixels. Thousands of scans are an attack, not an image.
        let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
        let format = header.isGray ? TJPF_GRAY : TJPF_RGB
        let pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            let status = tjDecompress2(
                handle, bytes.bindMemory(to: UInt8.self).baseAddress!, UInt(bytes.count), buffer.baseAddress!,
                Int32(header.width), 0, Int32(header.height), format.rawValue, Int32(flags))
            guard status == 0 else { throw damage }
            done = count
        }
        return Bitmap(height: header.height, width: header.width, channels: channels, pixels: pixels)
    }

    private var damage: Failure {
        Failure(.badData, "\(path): cannot be read as JPEG, damaged or incomplete: \(String(cString: tjGetErrorStr2(handle)))")
    }
}
