// Before what has products and sums in its functions.
#pragma clang fp contract(off)
#include "gamma.h"
#include "ckernels_elementary.h"
#include "ckernels_gamma.h"

double kernel_log_factorial(double x) { return log_factorial(x); }

double kernel_log_rising_ratio(double x, double c) { return split_rising_factorial(x, c).log_ratio; }

double kernel_log_rising_slope(double x, double c) { return split_rising_factorial(x, c).slope; }

double kernel_draw_count(double u, double mean, double dispersion) {
    if (!(mean > 0)) return 0;
    const double c = dispersion, odds = mean / c;
    const int is_poisson = c == __builtin_inf();
    // P(k + 1) / P(k) is (c + k) / (k + 1) times mean / (c + mean), which is below 1 from the mode on.
    const double ratio = is_poisson ? mean : mean / (c + mean);
    const double top = is_poisson ? mean : c > 1 ? (c - 1) * odds : 0, mode = (double)(int64_t)(top < 0x1p52 ? top : 0x1p52);
#define RATIO(k) ((is_poisson ? ratio : ratio * (c + (k))) / ((k) + 1.0))
    const double others = is_poisson ? -mean : split_rising_factorial(mode, c).log_ratio - (c + mode) * log1p_double(odds);
    const double chance = kernel_exp(others + mode * kernel_log(mean) - log_factorial(mode));
    // The share of counts up to the mode.
    double below = chance, p = chance;
    for (double k = mode - 1; k >= 0 && below + p != below; k--) below += p /= RATIO(k);
    double k = mode;
    p = chance;
    if (u < below) {
        for (below -= p; k > 0 && u < below && p > 0; below -= p) {
            k--;
            p /= RATIO(k);
        }
        return k;
    }
    while (u >= below && k - mode < 0x1p24 && below + p != below) {
        p *= RATIO(k);
        below += p;
        k++;
    }
    return k;
#undef RATIO
}
