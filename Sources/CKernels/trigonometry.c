// Angles and lengths. The algorithms and polynomials are those of Sun's fdlibm (k_sin.c, k_cos.c, e_acos.c).
// Before what has products and sums in its functions.
#pragma clang fp contract(off)
#include "bits.h"
#include "ckernels_elementary.h"
#include "pairs.h"

static const double half_pi_high = 1.57079632679489655800e+00, half_pi_low = 6.12323399573676603587e-17;

/// The sine of x + rest, for |x| up to pi / 4.
static double sine(double x, double rest) {
    const double z = x * x, cube = z * x;
    double p = 1.58969099521155010221e-10;
    p = p * z - 2.50507602534068634195e-08;
    p = p * z + 2.75573137070700676789e-06;
    p = p * z - 1.98412698298579493134e-04;
    p = p * z + 8.33333333332248946124e-03;
    return x - ((z * (0.5 * rest - cube * p) - rest) - cube * -1.66666666666666324348e-01);
}

/// The cosine of x + rest, for |x| up to pi / 4.
static double cosine(double x, double rest) {
    const double z = x * x, half = 0.5 * z, high = 1.0 - half;
    double p = -1.13596475577881948265e-11;
    p = p * z + 2.08757232129817482790e-09;
    p = p * z - 2.75573143513906633035e-07;
    p = p * z + 2.48015872894767294178e-05;
    p = p * z - 1.38888888888741095749e-03;
    p = p * z + 4.16666666666666019037e-02;
    return high + (((1.0 - high) - half) + (z * (p * z) - x * rest));
}

/// Sine (0) or cosine (1) of x.
static double turn(double x, int quarters) {
    if (!(magnitude(x) <= 0x1p20)) return __builtin_nan("");
    // x = n pi / 2 + r: the first two parts of pi / 2 have 33 bits, so that their products with n are exact.
    const double n = nearest(x * 6.36619772367581382433e-01);
    const double first = 1.57079632673412561417e+00, second = 6.07710050630396597660e-11, third = 2.02226624879595063154e-21;
    const pair high = exact_sum(x - n * first, -(n * second));
    const pair r = fast_sum(high.high, high.low - n * third);
    const int quarter = ((int)n + quarters) & 3;
    const double value = quarter & 1 ? cosine(r.high, r.low) : sine(r.high, r.low);
    return quarter & 2 ? -value : value;
}

double kernel_sin(double x) { return x == 0 ? x : turn(x, 0); }
double kernel_cos(double x) { return turn(x, 1); }

/// (asin(s) - s) / s for z = s^2 <= 1/4
static double arc(double z) {
    double p = 3.47933107596021167570e-05;
    p = p * z + 7.91534994289814532176e-04;
    p = p * z - 4.00555345006794114027e-02;
    p = p * z + 2.01212532134862925881e-01;
    p = p * z - 3.25565818622400915405e-01;
    p = p * z + 1.66666666666666657415e-01;
    double q = 7.70381505559019352791e-02;
    q = q * z - 6.88283971605453293030e-01;
    q = q * z + 2.02094576023350569471e+00;
    q = q * z - 2.40339491173441421878e+00;
    return p * z / (q * z + 1.0);
}

double kernel_acos(double x) {
    if (!(magnitude(x) <= 1)) return __builtin_nan("");
    if (x == 1) return 0;
    if (magnitude(x) < 0.5) return half_pi_high - (x - (half_pi_low - x * arc(x * x)));
    const double z = 0.5 * (1.0 - magnitude(x)), s = __builtin_elementwise_sqrt(z);
    if (x < 0) return 2.0 * (half_pi_high - (s + (arc(z) * s - half_pi_low)));
    // The upper half of the digits of s, whose square is exact.
    const double high = bits_to_double(double_to_bits(s) & 0xffffffff00000000u);
    return 2.0 * (high + (arc(z) * s + (z - high * high) / (s + high)));
}

double kernel_hypot(double x, double y) {
    const double a = magnitude(x), b = magnitude(y), large = a > b ? a : b;
    if (a == __builtin_inf() || b == __builtin_inf()) return __builtin_inf();
    if (!(a + b > 0)) return a + b;
    // A power of two as large as the larger one makes the squares harmless.
    const int exponent = (int)(double_to_bits(large) >> 52) - 1023;
    const double down = power_of_two(exponent > 1000 ? -1000 : exponent < -1000 ? 1000 : -exponent);
    const double p = a * down, q = b * down;
    const pair p2 = exact_product(p, p), q2 = exact_product(q, q), sum = exact_sum(p2.high, q2.high);
    return __builtin_elementwise_sqrt(sum.high + (sum.low + (p2.low + q2.low))) / down;
}
