// Prints a digest of the elementary functions over many numbers, which must be the same on every architecture, and checks that
// `kernel_set_arithmetic` brings subnormal numbers and rounding back. Tests/VAETests/ElementaryTests.swift has what is exact.

#include "ckernels.h"
#include <fenv.h>
#include <stdio.h>
#include <string.h>

static uint64_t state = 1;

/// SplitMix64 (Steele et al. 2014).
static uint64_t random_bits(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/// Any double, or one of a magnitude that is common.
static double random_double(void) {
    uint64_t bits = random_bits();
    if (random_bits() % 4 != 0) bits = (bits & 0x800fffffffffffffu) | (uint64_t)(1003 + random_bits() % 30) << 52;
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static void take(kernel_sha256 *digest, double value) {
    if (value != value) value = __builtin_nan("");
    kernel_sha256_update(digest, &value, sizeof value);
}

/// Whether a subnormal number is what it should be, and 1 is rounded to the nearest.
static int is_arithmetic_right(void) {
    volatile double least = 0x1p-1022, half = 0.5, one = 1, small = 0x1.8p-53;
    volatile float least_float = 0x1p-126f;
    return least * half > 0 && least_float * 0.5f > 0 && one + small == 1 + 0x1p-52;
}

static void break_arithmetic(void) {
    fesetround(FE_TOWARDZERO);
#if defined(__x86_64__)
    // Flush to zero, and denormals are zero.
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(3ul << 22 | 1ul << 24));
#endif
}

int main(void) {
    break_arithmetic();
    if (is_arithmetic_right()) return fprintf(stderr, "the arithmetic could not be broken\n"), 1;
    kernel_set_arithmetic();
    if (!is_arithmetic_right()) return fprintf(stderr, "kernel_set_arithmetic does not bring it back\n"), 1;

    kernel_sha256 digest;
    kernel_sha256_begin(&digest);
    for (int i = 0; i < 200000; i++) {
        const double x = random_double(), y = random_double();
        const double unit = (double)(random_bits() >> 11) * 0x1p-52 - 1;
        const double values[] = {kernel_exp(x),   kernel_expm1(x), kernel_log(x),     kernel_sin(x),     kernel_cos(x),
                                 kernel_acos(unit), kernel_hypot(x, y), kernel_pow(x, y), kernel_log2(x), kernel_log10(x)};
        const int count = i % 8 == 0 ? 10 : 7;
        for (int j = 0; j < count; j++) take(&digest, values[j]);
        // Of counts, or between them, and dispersions of 2^-22 to 2^22.
        if (i % 8 != 0) continue;
        const double n = i % 16 ? (double)(random_bits() >> (44 + random_bits() % 20)) : 40 * (unit + 1);
        const double c = kernel_pow(2, 22 * unit);
        take(&digest, kernel_log_factorial(n));
        take(&digest, kernel_log_rising_ratio(n, c));
        take(&digest, kernel_log_rising_slope(n, c));
        if (i % 128 == 0) take(&digest, kernel_draw_count(0.5 * (unit + 1), 0.01 * n, c));
    }
    uint8_t result[32];
    kernel_sha256_finish(&digest, result);
    for (int byte = 0; byte < 32; byte++) printf("%02x", result[byte]);
    printf("\n");
    return 0;
}
