internal import CKernels

/// A digest of bytes in the making (SHA-256, FIPS 180-4).
public struct SHA256 {
    private var state = kernel_sha256()

    public init() { kernel_sha256_begin(&state) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) { kernel_sha256_update(&state, bytes.baseAddress, bytes.count) }

    /// The values as they lie in memory.
    public mutating func update<Value: BitwiseCopyable>(_ values: [Value]) { values.withUnsafeBytes { update($0) } }

    /// The text's bytes in UTF-8.
    public mutating func update(_ text: String) { update(Array(text.utf8)) }

    /// 64 hexadecimal digits. Nothing can be added after it.
    public consuming func finalize() -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        kernel_sha256_finish(&state, &bytes)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
