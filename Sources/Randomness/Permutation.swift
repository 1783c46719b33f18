/// A random order of `0..<count` that needs no memory: a keyed bijection, evaluated where it is needed.
///
/// A Feistel network (Luby & Rackoff 1988) of eight rounds on the smallest domain of 2^(a+b) values that holds `count`; values
/// outside are walked on until they fall inside (cycle walking; Black & Rogaway 2002, section 4).
public struct Permutation: Sendable {
    public let count: Int
    private let leftBits: UInt32
    private let rightBits: UInt32
    private let keys: SIMD8<UInt32>

    /// - Parameters:
    ///   - domain: numbers permutations of one key, say the shard.
    public init(count: Int, key: NoiseKey, domain: Int) {
        precondition(count >= 0 && count <= 1 << 62)
        self.count = count
        let bits = UInt32(max(2, Int.bitWidth - max(count - 1, 0).leadingZeroBitCount))
        leftBits = bits / 2
        rightBits = bits - bits / 2
        let a = key.words(row: UInt64(domain), index: 0)
        let b = key.words(row: UInt64(domain), index: 1)
        keys = SIMD8(lowHalf: a, highHalf: b)
    }

    /// The place of `index` in the order.
    public subscript(index: Int) -> Int {
        precondition(index >= 0 && index < count)
        var value = UInt64(index)
        repeat { value = encrypt(value) } while value >= UInt64(count)
        return Int(value)
    }

    /// One pass through the network: the halves take turns to be changed by the other.
    private func encrypt(_ value: UInt64) -> UInt64 {
        let leftMask = UInt64(1) << UInt64(leftBits) &- 1
        let rightMask = UInt64(1) << UInt64(rightBits) &- 1
        var left = value >> UInt64(rightBits)
        var right = value & rightMask
        for round in stride(from: 0, to: 8, by: 2) {
            left ^= Self.mix(right, keys[round]) & leftMask
            right ^= Self.mix(left, keys[round + 1]) & rightMask
        }
        return left << UInt64(rightBits) | right
    }

    /// The finaliser of SplitMix64 (Steele et al. 2014) as the round function.
    @inline(__always)
    private static func mix(_ value: UInt64, _ key: UInt32) -> UInt64 {
        var x = value &+ UInt64(key) &* 0x9E37_79B9_7F4A_7C15
        x = (x ^ x >> 30) &* 0xBF58_476D_1CE4_E5B9
        x = (x ^ x >> 27) &* 0x94D0_49BB_1331_11EB
        return x ^ x >> 31
    }
}
