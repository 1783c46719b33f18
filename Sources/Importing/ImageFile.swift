internal import Foundation
internal import Support

/// What can be known of an image without its pixels.
struct ImageHeader {
    let height: Int
    let width: Int
    let isGray: Bool
}

/// Decodes one image of one format.
protocol ImageDecoder {
    /// The first bytes of its files.
    static var magic: [UInt8] { get }
    var header: ImageHeader { get }

    /// - Parameter bytes: the file; they must outlive the decoder.
    /// - Throws: ``Failure`` (65), also where the header is not complete.
    init(_ bytes: UnsafeRawBufferPointer, path: String) throws

    /// The pixels. Throws ``Failure`` (65). Called once.
    func bitmap() throws -> Bitmap
}

/// A PNG or JPEG file, told apart by its first bytes, whatever its name is.
struct ImageFile {
    let path: String

    /// Larger images are refused before memory is taken for them: a few bytes can claim any size.
    private static let mostPixels = 1 << 26
    private static let mostBytes = 1 << 28
    /// Of images with more pixels only one is in memory at a time: progressive JPEGs take ten bytes a pixel.
    private static let manyPixels = 1 << 24
    private static let oneLarge = NSLock()
    /// Mostly enough for the header.
    private static let startBytes = 1 << 16

    /// Throws ``Failure`` (65, 66, 74, 77).
    func header() throws -> ImageHeader {
        let start = try read(upTo: Self.startBytes)
        if start.count < Self.startBytes || isWhole(start) { return try decode(start) { $0.header } }
        return try decode(try read(upTo: Self.mostBytes)) { $0.header }
    }

    /// Whether the start of a file is enough to tell what it is; a header may lie behind long comments.
    private func isWhole(_ start: [UInt8]) -> Bool {
        start.withUnsafeBytes { start in
            guard let format = Self.format(start) else { return true }
            return (try? format.init(start, path: path)) != nil
        }
    }

    /// The pixels in some colours, scaled to a size. Throws ``Failure`` (65, 66, 74, 77).
    func pixels(_ color: ImageColor, _ size: ImageSize) throws -> [UInt8] {
        try decode(try read(upTo: Self.mostBytes)) { decoder in
            func pixels() throws -> [UInt8] { try decoder.bitmap().converted(to: color).scaled(to: size).pixels }
            let isLarge = decoder.header.height * decoder.header.width > Self.manyPixels
            return isLarge ? try Self.oneLarge.withLock { try pixels() } : try pixels()
        }
    }

    private static func format(_ bytes: UnsafeRawBufferPointer) -> (any ImageDecoder.Type)? {
        let formats: [any ImageDecoder.Type] = [PNGDecoder.self, JPEGDecoder.self]
        return formats.first { bytes.starts(with: $0.magic) }
    }

    private func decode<Result>(_ bytes: [UInt8], _ body: (any ImageDecoder) throws -> Result) throws -> Result {
        if bytes.isEmpty { throw Failure(.badData, "\(path): is empty") }
        return try bytes.withUnsafeBytes { bytes in
            guard let format = Self.format(bytes) else {
                throw Failure(.badData, "\(path): is neither a PNG nor a JPEG image, whatever its name says")
            }
            let decoder = try format.init(bytes, path: path)
            try check(decoder.header)
            return try body(decoder)
        }
    }

    private func check(_ header: ImageHeader) throws {
        if header.height * header.width <= Self.mostPixels { return }
        throw Failure(
            .badData,
            "\(path): claims \(header.height) x \(header.width) pixels, but at most \(Self.mostPixels / 1_000_000) million are read: "
                + "scale it down before")
    }

    private func read(upTo count: Int) throws -> [UInt8] {
        // A pipe must not keep us waiting for somebody to write to it.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        if descriptor < 0 { throw failure() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure() }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.badData, "\(path): is not a regular file: remove or rename it")
        }
        guard status.st_size <= Self.mostBytes else {
            throw Failure(.badData, "\(path): has \(status.st_size >> 20) MiB, too many for an image")
        }
        let count = min(count, Int(status.st_size))
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = Foundation.read(descriptor, buffer.baseAddress! + done, count - done)
                if got < 0, errno == EINTR { continue }
                if got < 0 { throw failure() }
                if got == 0 { break }
                done += got
            }
        }
    }

    private func failure() -> Failure {
        let code: ExitCode =
            switch errno {
            case EACCES, EPERM: .noPermission
            case ENOENT: .inputMissing
            case ELOOP: .badData
            default: .inputOutput
            }
        return Failure(code, "\(path): \(String(cString: strerror(errno)).lowercased())")
    }
}
