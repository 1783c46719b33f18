// Exponentials, logarithms and powers. The algorithms and polynomials are those of Sun's fdlibm (e_exp.c, s_expm1.c, e_log.c).
// Before what has products and sums in its functions.
#pragma clang fp contract(off)
#include "bits.h"
#include "ckernels_elementary.h"
#include "pairs.h"

static const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;

/// exp(x + rest), for |rest| far below 1.
static double exp_of_sum(double x, double rest) {
    if (x != x) return x;
    if (x > 710) return __builtin_inf();
    if (x < -746) return 0;
    // x = k ln 2 + r, where k ln2_high has no rounding error.
    const double k = nearest(x * 1.44269504088896338700);
    const double high = x - k * ln2_high, low = k * ln2_low - rest, r = high - low, t = r * r;
    double p = 4.13813679705723846039e-08;
    p = p * t - 1.65339022054652515390e-06;
    p = p * t + 6.61375632143793436117e-05;
    p = p * t - 2.77777777770155933842e-03;
    p = p * t + 1.66666666666666019037e-01;
    const double c = r - t * p;
    return scale(1.0 - ((low - r * c / (2.0 - c)) - high), (int)k);
}

double kernel_exp(double x) { return exp_of_sum(x, 0); }

double kernel_expm1(double x) {
    if (x != x || magnitude(x) < 0x1p-54) return x;
    if (x > 710) return __builtin_inf();
    if (x < -38) return -1;
    const double whole = nearest(x * 1.44269504088896338700);
    const int k = (int)whole;
    // x = k ln 2 + r + rest
    const double high = x - whole * ln2_high, low = whole * ln2_low, r = high - low, rest = (high - r) - low;
    const double half = 0.5 * r, square = r * half;
    double p = -2.01099218183624371326e-07;
    p = p * square + 4.00821782732936239552e-06;
    p = p * square - 7.93650757867487942473e-05;
    p = p * square + 1.58730158725481460165e-03;
    p = p * square - 3.33333333333331316428e-02;
    p = p * square + 1.0;
    const double t = 3.0 - p * half;
    const double e = square * ((p - t) / (6.0 - r * t));
    if (k == 0) return r - (r * e - square);
    // exp(r + rest) - 1 is r - d.
    const double d = (r * (e - rest) - rest) - square;
    if (k == -1) return 0.5 * (r - d) - 0.5;
    if (k == 1) return r < -0.25 ? -2.0 * (d - (r + 0.5)) : 1.0 + 2.0 * (r - d);
    if (k < 0 || k > 56) return scale(1.0 - (d - r), k) - 1.0;
    const double unit = power_of_two(-k);
    return scale(k < 20 ? (1.0 - unit) - (d - r) : (r - (d + unit)) + 1.0, k);
}

/// Whether the logarithm of x is finite; else `result` is what it is.
static int has_logarithm(double x, double *result) {
    *result = x == 0 ? -__builtin_inf() : x > 0 ? x : __builtin_nan("");
    return x > 0 && x < __builtin_inf();
}

double kernel_log(double x) {
    double special;
    if (!has_logarithm(x, &special)) return special;
    int exponent;
    const double f = split_exponent(x, &exponent), k = exponent;
    const double half = 0.5 * f * f, s = f / (2.0 + f), z = s * s;
    const double p = log_series(z);
    return k * ln2_high - ((half - (s * (half + z * p) + k * ln2_low)) - f);
}

/// log(x) to about 65 bits, for x that is finite and above 0: 2 (s + s^3 / 3 + s^5 / 5 + ...) with s = (m - 1) / (m + 1) for
/// x = m 2^k, of which what follows s^3 / 3 is so small that one double has all its digits.
static pair log_pair(double x) {
    int k;
    const double f = split_exponent(x, &k);
    const pair bottom = exact_sum(2.0, f), first = quotient(f, bottom.high);
    // f / (a + b) = f / a (1 - b / a)
    const pair s = fast_sum(first.high, first.low - first.high * (bottom.low / bottom.high)), z = pair_product(s, s);
    double rest = 0;
    for (int n = 29; n >= 5; n -= 2) rest = (rest + 1.0 / n) * z.high;
    const pair third = {0x1.5555555555555p-2, 0x1.5555555555555p-56}, ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
    const pair sum = pair_product(pair_sum((pair){1, 0}, pair_product(pair_sum(third, (pair){rest, 0}), z)), s);
    return pair_sum(pair_product((pair){k, 0}, ln2), (pair){2 * sum.high, 2 * sum.low});
}

double kernel_log2(double x) {
    double special;
    if (!has_logarithm(x, &special)) return special;
    return pair_product(log_pair(x), (pair){0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56}).high;
}

double kernel_log10(double x) {
    double special;
    if (!has_logarithm(x, &special)) return special;
    return pair_product(log_pair(x), (pair){0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57}).high;
}

double kernel_pow(double x, double y) {
    if (y == 0 || x == 1) return 1;
    if (x != x || y != y || x < 0) return __builtin_nan("");
    const int is_large = (x > 1) == (y > 0);
    if (x == 0 || x == __builtin_inf() || magnitude(y) == __builtin_inf()) return is_large ? __builtin_inf() : 0;
    const pair log = log_pair(x);
    // |log x| >= 2^-53, so y is small enough to be split where the power is neither infinite nor 0.
    if (magnitude(y * log.high) > 746) return is_large ? __builtin_inf() : 0;
    const pair power = pair_product(log, (pair){y, 0});
    return exp_of_sum(power.high, power.low);
}
