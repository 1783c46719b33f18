internal import CTurboJPEG
internal import Support

extension Bitmap {
    /// The bytes of a JPEG file, without loss of colour by subsampling.
    ///
    /// - Precondition: one or three channels.
    /// - Throws: ``Failure`` (74).
    package func jpeg(quality: Int32 = 95) throws -> [UInt8] {
        precondition(channels == 1 || channels == 3)
        guard let handle = tjInitCompress() else { throw Failure(.internal, "libjpeg-turbo cannot start: out of memory") }
        defer { tjDestroy(handle) }
        var bytes: UnsafeMutablePointer<UInt8>?
        var size: UInt = 0
        defer { tjFree(bytes) }
        let (format, sampling) = channels == 1 ? (TJPF_GRAY, TJSAMP_GRAY) : (TJPF_RGB, TJSAMP_444)
        let status = tjCompress2(
            handle, pixels, Int32(width), 0, Int32(height), format.rawValue, &bytes, &size, Int32(sampling.rawValue), quality,
            TJFLAG_ACCURATEDCT)
        guard status == 0 else {
            throw Failure(
                .inputOutput,
                "cannot make a JPEG of \(height) x \(width) pixels: \(String(cString: tjGetErrorStr2(handle)))")
        }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(size)))
    }
}
