// Differences of log Gamma and of digamma without cancellation, in double precision: straight-line code that the compiler vectorises.
//
// Stirling's series is taken at an argument of 8 or more, where 7 terms leave less than 1e-15 (Abramowitz & Stegun 1964, 6.1.41 and
// 6.3.18). Smaller arguments are raised by 8 first, with Gamma(z + 8) = z (z + 1) ... (z + 7) Gamma(z).
#pragma once
#include "math.h"

/// From here on the series are taken at the argument itself.
#define GAMMA_LEAST 8.0

// log(2 pi) / 2
#define HALF_LOG_2_PI 0.91893853320467274178

/// log(x) for normal x > 0, to 1 ulp (Sun's fdlibm, e_log.c).
INLINE double log_double(double x) {
    uint64_t bits;
    __builtin_memcpy(&bits, &x, 8);
    // x = (1 + f) * 2^k with 1 + f in [sqrt(1/2), sqrt(2)); the exponent has 1023 added, so that it is not negative.
    const uint64_t bias = (uint64_t)1023 << 52, exponent = (bits + bias - 0x3fe6a09e667f3bcdu) >> 52;
    const uint64_t whole = exponent | 0x4330000000000000u, unit = bits + bias - (exponent << 52);
    double k, one;
    __builtin_memcpy(&k, &whole, 8);
    __builtin_memcpy(&one, &unit, 8);
    k -= 0x1p52 + 1023;
    const double f = one - 1.0, half = 0.5 * f * f, s = f / (2.0 + f), z = s * s;
    return k * 6.93147180369123816490e-01 - ((half - (s * (half + z * log_series(z)) + k * 1.90821492927058770002e-10)) - f);
}

/// log Gamma(z) - ((z - 1/2) log(z) - z + log(2 pi) / 2), for z >= 8.
INLINE double stirling_rest(double z) {
    const double i = 1.0 / z, y = i * i;
    double p = 6.41025641025641025641e-03;
    p = p * y - 1.91752691752691752692e-03;
    p = p * y + 8.41750841750841750842e-04;
    p = p * y - 5.95238095238095238095e-04;
    p = p * y + 7.93650793650793650794e-04;
    p = p * y - 2.77777777777777777778e-03;
    p = p * y + 8.33333333333333333333e-02;
    return p * i;
}

/// log(z) - 1 / (2 z) - digamma(z), for z >= 8.
INLINE double digamma_rest(double z) {
    const double i = 1.0 / z, y = i * i;
    double p = 8.33333333333333333333e-02;
    p = p * y - 2.10927960927960927961e-02;
    p = p * y + 7.57575757575757575758e-03;
    p = p * y - 4.16666666666666666667e-03;
    p = p * y + 3.96825396825396825397e-03;
    p = p * y - 8.33333333333333333333e-03;
    p = p * y + 8.33333333333333333333e-02;
    return p * y;
}

/// z (z + 1) ... (z + 7), and its derivative by z.
typedef struct {
    double value, slope;
} rising_product;

INLINE rising_product rising_to_8(double z) {
    double value = z, slope = 1.0;
    for (int k = 1; k < 8; k++) {
        const double factor = z + (double)k;
        slope = slope * factor + value;
        value *= factor;
    }
    return (rising_product){value, slope};
}

/// log Gamma(x + 1) for 0 <= x <= 1e30, to 1e-15 of max(1, itself).
INLINE double log_factorial(double x) {
    const double z = x + 1.0;
    const int is_small = z < GAMMA_LEAST;
    const double t = is_small ? z + 8.0 : z, raised = is_small ? rising_to_8(z).value : 1.0;
    return ((t - 0.5) * log_double(t) - t) + (HALF_LOG_2_PI + stirling_rest(t)) - log_double(raised);
}

/// R(x, c) = log Gamma(x + c) - log Gamma(c) - x log(c), which for whole x is the sum of log(1 + k / c) over k < x; and
/// T(x, c) = -c dR/dc = x - c (digamma(x + c) - digamma(c)), the sum of k / (c + k). For x >= 0 up to 1e30 and c of 1e-5 to 1e9.
typedef struct {
    double log_ratio, slope;
} rising_factorial;

INLINE rising_factorial split_rising_factorial(double x, double c) {
    const int is_small = c < GAMMA_LEAST;
    const double t = is_small ? c + 8.0 : c, u = x / t;
    const log1p_parts l = split_log1p(u);
    // Of t, by Stirling's series: the logarithms of both arguments appear as that of their quotient 1 + u alone.
    const double log_ratio = t * (u * l.log - l.excess) - 0.5 * l.log + (stirling_rest(x + t) - stirling_rest(t));
    const double slope = t * l.excess - 0.5 * (x / (x + t)) - t * (digamma_rest(t) - digamma_rest(x + t));
    // From t = c + 8 down to c.
    const rising_product high = rising_to_8(is_small ? x + c : 1.0), low = rising_to_8(is_small ? c : 1.0);
    const double lowered = x * log_double(t / c) - log_double(high.value / low.value);
    const double difference = l.log + 0.5 * (u / (x + t)) + (digamma_rest(t) - digamma_rest(x + t));
    const double sums = low.slope / low.value - high.slope / high.value;
    return (rising_factorial){is_small ? log_ratio + lowered : log_ratio, is_small ? x - c * (difference + sums) : slope};
}
