// Doubles as integers, and powers of two.
#pragma once
#include "math.h"

INLINE double bits_to_double(uint64_t bits) {
    double value;
    __builtin_memcpy(&value, &bits, 8);
    return value;
}

INLINE uint64_t double_to_bits(double value) {
    uint64_t bits;
    __builtin_memcpy(&bits, &value, 8);
    return bits;
}

INLINE double magnitude(double x) { return bits_to_double(double_to_bits(x) & 0x7fffffffffffffffu); }

/// The whole number nearest to |x| < 2^51, by the addition of 1.5 * 2^52.
INLINE double nearest(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

/// 2^k, where it is a normal number.
INLINE double power_of_two(int k) { return bits_to_double((uint64_t)(1023 + k) << 52); }

/// x 2^k, rounded once, for x in 1/4...4.
INLINE double scale(double x, int k) {
    if (k > 1000) return x * 0x1p1000 * power_of_two(k - 1000);
    if (k < -1000) return x * power_of_two(k + 1000) * 0x1p-1000;
    return x * power_of_two(k);
}

/// x > 0 as m * 2^k with m in [sqrt(1/2), sqrt(2)): returns m - 1, which is exact.
INLINE double split_exponent(double x, int *k) {
    const int is_subnormal = x < 0x1p-1022;
    const uint64_t bits = double_to_bits(is_subnormal ? x * 0x1p54 : x) - 0x3fe6a09e667f3bcdu;
    *k = (int)((int64_t)bits >> 52) - (is_subnormal ? 54 : 0);
    return bits_to_double((bits & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
}
