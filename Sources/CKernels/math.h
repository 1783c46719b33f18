// Single-precision functions as straight-line code that the compiler vectorises: polynomials of Cephes (Moshier 1992), without
// branches, tables or errno. Accurate to about 2 ulp where not said otherwise; not a number stays not a number.
#pragma once
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

INLINE float bits_to_float(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, 4);
    return value;
}

INLINE uint32_t float_to_bits(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, 4);
    return bits;
}

/// The bits of the bfloat16 number nearest to a float's, ties to even, with zeros below them.
INLINE uint32_t round_to_bf16(uint32_t bits) {
    const uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1u);
    // Not a number must not be rounded to infinity.
    return ((bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x400000u : rounded) & 0xffff0000u;
}

INLINE float clamp(float x, float low, float high) {
    // In this order so that not a number passes through.
    x = x < low ? low : x;
    return x > high ? high : x;
}

/// exp(x) for x up to 88; smaller than exp(-87) is exp(-87), about 1e-38.
INLINE float exp_float(float x) {
    x = clamp(x, -87.0f, 88.0f);
    // The nearest integer, by the addition of 1.5 * 2^23.
    const float shifted = x * 1.44269504088896341f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = (p * r) * r + r + 1.0f;
    return p * bits_to_float((float_to_bits(shifted) << 23) + 0x3f800000u);
}

/// log(x) for normal x > 0.
INLINE float log_float(float x) {
    // x = m * 2^e with m in [sqrt(1/2), sqrt(2)).
    const uint32_t bits = float_to_bits(x) - 0x3f3504f3u;
    const float e = (float)((int32_t)bits >> 23);
    const float m = bits_to_float((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    const float square = m * m;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    p = p * m * square;
    p = p + e * -2.12194440e-4f - 0.5f * square;
    return (m + p) + e * 0.693359375f;
}

/// sign(x) log(1 + |x|)
INLINE float symlog_float(float x) {
    const float log = log_float(1.0f + (x < 0 ? -x : x));
    return x < 0 ? -log : x >= 0 ? log : x;
}

/// log(1 + x) for x >= 0, and log(1 + x) - x / (1 + x) without cancellation, which is x^2 / 2 for small x; `share` is 1 / (1 + x).
typedef struct {
    float log, rest, share;
} log1p_terms;

INLINE log1p_terms log1p_float(float x) {
    // log(1 + x) = 2 (s + s^3 / 3 + s^5 / 5 + ...) with s = x / (2 + x), of which x / (1 + x) leaves s x / (1 + x) in place of 2 s.
    const float share = 1.0f / (1.0f + x), s = x / (2.0f + x), z = s * s;
    float p = 7.6923076923e-2f;
    p = p * z + 9.0909090909e-2f;
    p = p * z + 1.1111111111e-1f;
    p = p * z + 1.4285714286e-1f;
    p = p * z + 2.0e-1f;
    p = p * z + 3.3333333333e-1f;
    const float series = 2.0f * s * z * p;
    // Not a number has some logarithm there.
    const float large = log_float(1.0f + x) + (x - x);
    const int is_small = x < 1.0f;
    return (log1p_terms){is_small ? series + 2.0f * s : large, is_small ? series + s * (x * share) : large - x * share, share};
}

/// log(1 + exp(x))
INLINE float softplus_float(float x) { return (x > 0 ? x : 0.0f) + log1p_float(exp_float(x < 0 ? x : -x)).log; }

/// (log(1 + f) - 2 s) / (s z) for s = f / (2 + f), z = s^2 and 1 + f in sqrt(1/2)...sqrt(2) (Sun's fdlibm, e_log.c).
INLINE double log_series(double z) {
    double p = 1.479819860511658591e-01;
    p = p * z + 1.531383769920937332e-01;
    p = p * z + 1.818357216161805012e-01;
    p = p * z + 2.222219843214978396e-01;
    p = p * z + 2.857142874366239149e-01;
    p = p * z + 3.999999999940941908e-01;
    p = p * z + 6.666666666666735130e-01;
    return p;
}

/// log(1 + x) for x >= 0, and x - log(1 + x) without cancellation, which is x^2 / 2 for small x.
typedef struct {
    double log, excess;
} log1p_parts;

INLINE log1p_parts split_log1p(double x) {
    // 1 + x = (1 + f) * 2^k with 1 + f in [sqrt(1/2), sqrt(2)); for k = 0 f is x itself.
    const double u = 1.0 + x;
    uint64_t bits;
    __builtin_memcpy(&bits, &u, 8);
    const uint64_t exponent = (bits - 0x3fe6a09e667f3bcdu) >> 52;
    double k, unit;
    // Whole numbers become doubles by the addition of 2^52.
    bits = exponent | 0x4330000000000000u;
    __builtin_memcpy(&k, &bits, 8);
    k -= 0x1p52;
    bits = (1023u - exponent) << 52;
    __builtin_memcpy(&unit, &bits, 8);
    const double f = x * unit + (unit - 1.0);
    const double half = 0.5 * f * f, s = f / (2.0 + f), z = s * s;
    // f - log(1 + f) without what k adds.
    const double excess = half - (s * (half + z * log_series(z)) + k * 1.90821492927058770002e-10);
    const double log = k * 6.93147180369123816490e-01 - (excess - f);
    return (log1p_parts){log, x < 0.41 ? excess : x - log};
}

/// log(1 + x) for x >= 0 in double precision, to 1 ulp (Sun's fdlibm, s_log1p.c).
INLINE double log1p_double(double x) { return split_log1p(x).log; }

/// 1 / (1 + exp(-x))
INLINE float sigmoid_float(float x) {
    const float t = exp_float(x < 0 ? x : -x);
    return (x < 0 ? t : 1.0f) / (1.0f + t);
}

INLINE float tanh_float(float x) {
    const float square = x * x;
    float p = -5.70498872745e-3f;
    p = p * square + 2.06390887954e-2f;
    p = p * square - 5.37397155531e-2f;
    p = p * square + 1.33314422036e-1f;
    p = p * square - 3.33332819422e-1f;
    const float small = p * square * x + x;
    const float t = exp_float(2.0f * (x < 0 ? x : -x));
    const float large = (1.0f - t) / (1.0f + t);
    return square < 0.390625f ? small : (x < 0 ? -large : large);
}

/// erf(x) to 1.5e-7 absolute (Abramowitz & Stegun, 7.1.26).
INLINE float erf_float(float x) {
    const float a = x < 0 ? -x : x;
    const float t = 1.0f / (1.0f + 0.3275911f * a);
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const float y = 1.0f - p * t * exp_float(-a * a);
    return x < 0 ? -y : y;
}

INLINE float square_root(float x) { return __builtin_elementwise_sqrt(x); }
