"""Random numbers without state: functions of seed, purpose, epoch, row and index (docs/arithmetic.md)."""

import numpy as np

from floats import f32, log, polynomial

TRAINING, SHUFFLE, SPLIT, INITIALIZATION = 1, 3, 4, 5


def philox(counter, key):
    """Philox 4x32-10 (Salmon et al. 2011, section 4.3)."""
    c0, c1, c2, c3 = counter
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = b >> 32 ^ c1 ^ k0, b & 0xFFFFFFFF, a >> 32 ^ c3 ^ k1, a & 0xFFFFFFFF
        k0, k1 = k0 + 0x9E3779B9 & 0xFFFFFFFF, k1 + 0xBB67AE85 & 0xFFFFFFFF
    return [c0, c1, c2, c3]


def words(seed, purpose, epoch, row, index):
    """Four words of 32 bits."""
    return philox((index, row & 0xFFFFFFFF, row >> 32 | purpose << 16, epoch), seed)


def normal(seed, purpose, epoch, rows, size):
    """Standard normal numbers [rows, size]: a block of four words gives four."""
    blocks = range((size + 3) // 4)
    drawn = np.array([[words(seed, purpose, epoch, row, block) for block in blocks] for row in rows], np.uint32)
    drawn = drawn.reshape(len(rows), -1)
    numbers = np.empty(drawn.shape, f32)
    numbers[:, 0::2], numbers[:, 1::2] = box_muller(drawn[:, 0::2].copy(), drawn[:, 1::2].copy())
    return numbers[:, :size]


def box_muller(a, b):
    u = ((a >> np.uint32(8)) + np.uint32(1)).astype(f32) * f32(2.0**-24)
    radius = np.sqrt(f32(-2) * log(u))
    # The angle in quarter turns: the nearest whole number of them, and the rest.
    turns = (b >> np.uint32(8)).astype(f32) * f32(2.0**-22)
    quarter = (turns + f32(0.5)).astype(np.int32)
    x = (turns - quarter.astype(f32)) * f32(1.57079632679)
    square = x * x
    sine = polynomial(square, -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1) * square * x + x
    cosine = polynomial(square, 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
    cosine = cosine * square * square - f32(0.5) * square + f32(1)
    is_odd = quarter & 1 == 1
    radius = np.where(quarter & 2 == 2, -radius, radius)
    return radius * np.where(is_odd, -sine, cosine), radius * np.where(is_odd, cosine, sine)


def initial_weights(seed, layer, limit, shape):
    """Uniform in -limit..<limit, four elements a block."""
    count = shape[0] * shape[1]
    drawn = [words(seed, INITIALIZATION, 0, layer, block) for block in range((count + 3) // 4)]
    units = np.array(drawn, np.int64).ravel()[:count] // 2**7 - 2**24
    return (units.astype(f32) * f32(2.0**-24) * limit).reshape(shape)


def permutation(count, seed, purpose, epoch, domain):
    """A random order of 0..<count: a Feistel network of eight rounds, walked on where it leaves the range."""
    bits = max(2, max(count - 1, 0).bit_length())
    left_bits, right_bits = bits // 2, bits - bits // 2
    keys = words(seed, purpose, epoch, domain, 0) + words(seed, purpose, epoch, domain, 1)

    def encrypt(value):
        left, right = value >> right_bits, value % 2**right_bits
        for turn in range(0, 8, 2):
            left ^= mix(right, keys[turn]) % 2**left_bits
            right ^= mix(left, keys[turn + 1]) % 2**right_bits
        return left << right_bits | right

    def place(index):
        value = encrypt(index)
        while value >= count:
            value = encrypt(value)
        return value

    return [place(index) for index in range(count)]


def mix(value, key):
    """The finaliser of SplitMix64 (Steele et al. 2014)."""
    x = (value + key * 0x9E3779B97F4A7C15) % 2**64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31
