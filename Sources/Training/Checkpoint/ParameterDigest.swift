internal import Support
package import VAE

/// What tells whether two models are the same bits, and can be printed: SHA-256 over the parameters in the order of their layout.
///
/// Of each parameter come the bytes of its name in UTF-8, a zero byte, the number of its dimensions and each dimension as unsigned
/// integers of 64 bits, and its values as floats of 32 bits, all little-endian. Nothing else is in it: no path, no version, and none of
/// the gaps between parameters in memory. docs/file-formats.md has the same in Python.
public struct ParameterDigest {
    private var sha256 = SHA256()

    public init() {}

    /// Adds the next parameter.
    public mutating func add(_ name: String, shape: [Int], _ values: UnsafeBufferPointer<Float>) {
        sha256.update(name)
        sha256.update([UInt8(0)])
        sha256.update(([shape.count] + shape).map { UInt64($0).littleEndian })
        // All processors that this is built for are little-endian, so that the values are as they lie.
        sha256.update(UnsafeRawBufferPointer(values))
    }

    /// 64 hexadecimal digits. Nothing can be added after it.
    public consuming func finalize() -> String { sha256.finalize() }
}

extension ParameterLayout {
    /// The ``ParameterDigest`` of a flat buffer.
    ///
    /// - Parameter part: whose parameters count; nil for all.
    package func digest(of parameters: UnsafeBufferPointer<Float>, _ part: ModelPart? = nil) -> String {
        var digest = ParameterDigest()
        for entry in entries(of: part) {
            digest.add(entry.name, shape: entry.shape, UnsafeBufferPointer(rebasing: parameters[entry.range]))
        }
        return digest.finalize()
    }

    package func digest(of parameters: [Float], _ part: ModelPart? = nil) -> String {
        parameters.withUnsafeBufferPointer { digest(of: $0, part) }
    }
}
