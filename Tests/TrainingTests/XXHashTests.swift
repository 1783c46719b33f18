import CKernels
import Testing

/// The published known answers of XXH64: `cli/xsum_sanity_check.c` of xxHash, and texts.
struct XXHashTests {
    private static let prime: UInt64 = 2_654_435_761

    /// The bytes that the known answers are of.
    private static let bytes: [UInt8] = {
        var state = prime
        return (0..<222).map { _ in
            defer { state = state &* 11_400_714_785_074_694_797 }
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }()

    @Test(
        arguments: [
            (0, 0, 0xEF46_DB37_51D8_E999), (0, prime, 0xAC75_FDA2_929B_17EF), (1, 0, 0xE934_A84A_DB05_2768),
            (1, prime, 0x5014_6076_43A9_B4C3), (4, 0, 0x9136_A0DC_A574_57EE), (14, 0, 0x8282_DCC4_994E_35C8),
            (14, prime, 0xC3BD_6BF6_3DEB_6DF0), (222, 0, 0xB641_AE8C_B691_C174), (222, prime, 0x20CB_8AB7_AE10_C14A),
        ] as [(Int, UInt64, UInt64)])
    func knownAnswers(count: Int, seed: UInt64, hash: UInt64) {
        #expect(kernel_xxh64(Self.bytes, count, seed) == hash)
    }

    @Test(
        arguments: [
            ("abc", 0x44BC_2CF5_AD77_0999), ("xxhash", 0x32DD_3895_2C4B_C720),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
        ] as [(String, UInt64)])
    func texts(text: String, hash: UInt64) {
        #expect(kernel_xxh64(Array(text.utf8), text.utf8.count, 0) == hash)
    }

    /// Every bit of every byte counts, wherever the bytes lie.
    @Test func everyBitCounts() {
        let hash = kernel_xxh64(Self.bytes, 100, 0)
        for bit in 0..<800 {
            var flipped = [0] + Self.bytes
            flipped[1 + bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(flipped.withUnsafeBytes { kernel_xxh64($0.baseAddress! + 1, 100, 0) } != hash)
        }
    }
}
