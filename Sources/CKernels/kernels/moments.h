#include "../lanes.h"
#include "../math.h"

typedef float loose_floats __attribute__((vector_size(32), aligned(4), may_alias));
typedef double loose_doubles __attribute__((vector_size(64), aligned(8), may_alias));

// Sums of channels in double, one position after the other: vectors run over channels alone, and products of two floats are exact in double.

#define CHANNEL_BLOCK 8

// Runs the body for blocks of channels, of vectors first, then one by one: `type` is what holds the values of a block.
#define EACH_BLOCK(body)                                                                                              \
    ptrdiff_t c = first;                                                                                              \
    for (; c + 4 * CHANNEL_BLOCK <= last; c += 4 * CHANNEL_BLOCK) body(4)                                             \
    for (; c + CHANNEL_BLOCK <= last; c += CHANNEL_BLOCK) body(1)

#define VECTOR(pointer) (*(const loose_floats *)(pointer))
#define WIDE(value) __builtin_convertvector(value, loose_doubles)

static void KERNEL(channel_sums)(double *restrict sums, const float *restrict x, ptrdiff_t positions, ptrdiff_t channels,
                                 ptrdiff_t first, ptrdiff_t last) {
#define BODY(count)                                                                                                   \
    {                                                                                                                 \
        loose_doubles s[count] = {0};                                                                                 \
        for (ptrdiff_t p = 0; p < positions; p++)                                                                     \
            for (int v = 0; v < count; v++) s[v] += WIDE(VECTOR(x + p * channels + c + v * CHANNEL_BLOCK));           \
        for (int v = 0; v < count; v++) *(loose_doubles *)(sums + c + v * CHANNEL_BLOCK) = s[v];                      \
    }
    EACH_BLOCK(BODY)
#undef BODY
    for (; c < last; c++) {
        double s = 0;
        for (ptrdiff_t p = 0; p < positions; p++) s += (double)x[p * channels + c];
        sums[c] = s;
    }
}

static void KERNEL(channel_squares)(double *restrict sums, const float *restrict x, const float *restrict means,
                                    ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t last) {
#define BODY(count)                                                                                                   \
    {                                                                                                                 \
        loose_doubles s[count] = {0};                                                                                 \
        for (ptrdiff_t p = 0; p < positions; p++)                                                                     \
            for (int v = 0; v < count; v++) {                                                                         \
                const ptrdiff_t i = c + v * CHANNEL_BLOCK;                                                            \
                const loose_doubles d = WIDE(VECTOR(x + p * channels + i) - VECTOR(means + i));                       \
                s[v] += d * d;                                                                                        \
            }                                                                                                         \
        for (int v = 0; v < count; v++) *(loose_doubles *)(sums + c + v * CHANNEL_BLOCK) = s[v];                      \
    }
    EACH_BLOCK(BODY)
#undef BODY
    for (; c < last; c++) {
        double s = 0;
        for (ptrdiff_t p = 0; p < positions; p++) {
            const float d = x[p * channels + c] - means[c];
            s += (double)d * (double)d;
        }
        sums[c] = s;
    }
}

static void KERNEL(channel_gradients)(double *restrict sums, double *restrict products, const float *restrict x,
                                      const float *restrict dy, const float *restrict means, const float *restrict factors,
                                      ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t last) {
#define BODY(count)                                                                                                   \
    {                                                                                                                 \
        loose_doubles s[count] = {0}, t[count] = {0};                                                                 \
        for (ptrdiff_t p = 0; p < positions; p++)                                                                     \
            for (int v = 0; v < count; v++) {                                                                         \
                const ptrdiff_t i = c + v * CHANNEL_BLOCK, j = p * channels + i;                                      \
                const loose_doubles g = WIDE(VECTOR(dy + j));                                                         \
                s[v] += g;                                                                                            \
                t[v] += g * WIDE((VECTOR(x + j) - VECTOR(means + i)) * VECTOR(factors + i));                          \
            }                                                                                                         \
        for (int v = 0; v < count; v++) {                                                                             \
            *(loose_doubles *)(sums + c + v * CHANNEL_BLOCK) = s[v];                                                  \
            *(loose_doubles *)(products + c + v * CHANNEL_BLOCK) = t[v];                                              \
        }                                                                                                             \
    }
    EACH_BLOCK(BODY)
#undef BODY
    for (; c < last; c++) {
        double s = 0, t = 0;
        for (ptrdiff_t p = 0; p < positions; p++) {
            const double g = (double)dy[p * channels + c];
            s += g;
            t += g * (double)((x[p * channels + c] - means[c]) * factors[c]);
        }
        sums[c] = s;
        products[c] = t;
    }
}

#undef EACH_BLOCK
#undef VECTOR
#undef WIDE
#undef CHANNEL_BLOCK

static void KERNEL(channel_normalize)(float *restrict y, const float *restrict x, const float *restrict means,
                                      const float *restrict factors, const float *restrict gain, const float *restrict shift,
                                      ptrdiff_t positions, ptrdiff_t channels) {
    for (ptrdiff_t p = 0; p < positions; p++, x += channels, y += channels)
        for (ptrdiff_t c = 0; c < channels; c++) y[c] = (x[c] - means[c]) * factors[c] * gain[c] + shift[c];
}

static void KERNEL(channel_normalize_backward)(float *restrict dx, const float *restrict dy, const float *restrict x,
                                               const kernel_channel_terms *terms, ptrdiff_t positions, ptrdiff_t channels) {
    const float *restrict means = terms->means, *restrict factors = terms->factors, *restrict slopes = terms->slopes;
    const float *restrict levels = terms->levels, *restrict tilts = terms->tilts;
    for (ptrdiff_t p = 0; p < positions; p++, x += channels, dy += channels, dx += channels)
        for (ptrdiff_t c = 0; c < channels; c++)
            dx[c] = (dy[c] * slopes[c] - levels[c]) - (x[c] - means[c]) * factors[c] * tilts[c];
}
