#include "../math.h"

INLINE float same(float x) { return x; }
INLINE float rounded(float x) { return bits_to_float(round_to_bf16(float_to_bits(x))); }

// The sums in single precision, and with every operand and every sum rounded to bfloat16.
#define FOLD(suffix, r)                                                                                               \
    static void KERNEL(add##suffix)(float *destination, const float *a, const float *b, ptrdiff_t count) {            \
        for (ptrdiff_t i = 0; i < count; i++) destination[i] = r(r(a[i]) + r(b[i]));                                  \
    }                                                                                                                 \
    static void KERNEL(fold4##suffix)(float *restrict destination, const float *const *sources, ptrdiff_t offset,     \
                                     ptrdiff_t count) {                                                               \
        const float *a = sources[0] + offset, *b = sources[1] + offset, *c = sources[2] + offset;                     \
        const float *d = sources[3] + offset;                                                                         \
        for (ptrdiff_t i = 0; i < count; i++)                                                                         \
            destination[i] = r(r(r(a[i]) + r(b[i])) + r(r(c[i]) + r(d[i])));                                          \
    }                                                                                                                 \
    static void KERNEL(fold8##suffix)(float *restrict destination, const float *const *sources, ptrdiff_t offset,     \
                                     ptrdiff_t count) {                                                               \
        const float *a = sources[0] + offset, *b = sources[1] + offset, *c = sources[2] + offset;                     \
        const float *d = sources[3] + offset, *e = sources[4] + offset, *f = sources[5] + offset;                     \
        const float *g = sources[6] + offset, *h = sources[7] + offset;                                               \
        for (ptrdiff_t i = 0; i < count; i++)                                                                         \
            destination[i] = r(r(r(r(a[i]) + r(b[i])) + r(r(c[i]) + r(d[i]))) +                                       \
                               r(r(r(e[i]) + r(f[i])) + r(r(g[i]) + r(h[i]))));                                       \
    }

FOLD(, same)
FOLD(_bf16, rounded)

static double KERNEL(sum_of_squares)(const float *values, ptrdiff_t count) {
    double lanes[8] = {0};
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int lane = 0; lane < 8; lane++) lanes[lane] += (double)values[i + lane] * (double)values[i + lane];
    for (int lane = 0; i < count; i++, lane++) lanes[lane] += (double)values[i] * (double)values[i];
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}
