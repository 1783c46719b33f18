import Testing
import Training

/// The digest of parameters against values that Python's hashlib gave for the definition in docs/file-formats.md.
struct ParameterDigestTests {
    private func digest(_ parameters: [(String, [Int], [Float])]) -> String {
        var digest = ParameterDigest()
        for (name, shape, values) in parameters { values.withUnsafeBufferPointer { digest.add(name, shape: shape, $0) } }
        return digest.finalize()
    }

    private let weight: (String, [Int], [Float]) = ("encoder/0/weight", [2, 3], [0, 1, -2.5, 3, 0x1p-140, .infinity])
    private let bias: (String, [Int], [Float]) = ("encoder/0/bias", [3], [-0.0, 0.1, 7])

    @Test func knownValue() {
        #expect(digest([weight, bias]) == "3e3b33771a4fde35e4a78028d26cf0bae47c376bb1a69a0ab85d243692ba558e")
        #expect(digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    /// Order, names, shapes and every bit count, also the sign of zero.
    @Test func everythingCounts() {
        let digests = [
            digest([weight, bias]), digest([bias, weight]), digest([weight]),
            digest([("encoder/1/weight", weight.1, weight.2), bias]),
            digest([(weight.0, [3, 2], weight.2), bias]), digest([(weight.0, [6], weight.2), bias]),
            digest([weight, (bias.0, bias.1, [0, 0.1, 7])]),
        ]
        #expect(Set(digests).count == digests.count)
    }
}
