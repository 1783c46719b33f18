#include "ckernels_likelihood.h"
#include "kernel.h"
#include "lanes.h"
#include "math.h"

// Every likelihood is written once and compiled twice: without a mask, where `SEEN` is the constant 1, and with one.
#define SEEN (masked ? mask[i] : 1.0f)

// Declares a kernel that takes the mask, or none, to the function of the same name.
#define LIKELIHOOD(name, parameters, ...)                                                                             \
    KERNEL void kernel_##name parameters {                                                                            \
        if (mask) name(1, __VA_ARGS__);                                                                               \
        else name(0, __VA_ARGS__);                                                                                    \
    }

/// The features whose factors a lane multiplies before it takes the logarithm.
#define FACTORS (64 * LANES)

/// The values of a row that are there.
INLINE double seen_count(int masked, const float *mask, ptrdiff_t features) {
    if (!masked) return (double)features;
    double count = 0;
    for (ptrdiff_t i = 0; i < features; i++) count += (double)mask[i];
    return count;
}

// The row's sum of log(1 + exp(-|l|)) is the logarithm of a product of factors in 1...2: one logarithm for many features, and less
// rounding than many logarithms.
INLINE void bernoulli(int masked, const float *restrict x, const float *restrict mask, const float *weights,
                      float *restrict output, float scale, double *restrict losses, float *restrict column_sums,
                      ptrdiff_t rows, ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, x += features, mask += masked ? features : 0, output += features) {
        const float row_scale = scale * weights[row];
        double sum = 0;
        for (ptrdiff_t start = 0; start < features; start += FACTORS) {
            const ptrdiff_t end = features - start < FACTORS ? features : start + FACTORS;
            float products[LANES];
            for (int lane = 0; lane < LANES; lane++) products[lane] = 1.0f;
            FOR_EACH_FEATURE(start, end, {
                const float l = output[i];
                const float t = exp_float(l < 0 ? l : -l);
                const float factor = 1.0f + t, inverse = 1.0f / factor;
                products[lane] *= 1.0f + SEEN * t;
                loss = SEEN * ((l < 0 ? 0 : l) - x[i] * l);
                const float g = SEEN * ((l < 0 ? t * inverse : inverse) - x[i]) * row_scale;
                output[i] = g;
                column_sums[i] += g;
            })
            for (int lane = 0; lane < LANES; lane++) lanes[lane] += log_float(products[lane]);
            sum += sum_of_lanes(lanes);
        }
        losses[row] = sum;
    }
}

INLINE void gaussian(int masked, const float *restrict x, const float *restrict mask, const float *weights,
                     float *restrict output, float deviation, float scale, double *restrict losses,
                     float *restrict column_sums, ptrdiff_t rows, ptrdiff_t features) {
    const float inverse = 1.0f / deviation;
    const double constant = 0.91893853320467274178 + __builtin_log((double)deviation);
    for (ptrdiff_t row = 0; row < rows; row++, x += features, mask += masked ? features : 0, output += features) {
        const float row_scale = scale * weights[row];
        FOR_EACH_FEATURE(0, features, {
            const float d = SEEN * (output[i] - x[i]) * inverse;
            loss = 0.5f * d * d;
            const float g = d * inverse * row_scale;
            output[i] = g;
            column_sums[i] += g;
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * constant;
    }
}

INLINE void gaussian_learned(int masked, const float *restrict x, const float *restrict mask, const float *weights,
                             float *restrict output, float scale, double *restrict losses, float *restrict column_sums,
                             ptrdiff_t rows, ptrdiff_t features) {
    const float limit = KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT;
    for (ptrdiff_t row = 0; row < rows; row++, x += features, mask += masked ? features : 0, output += 2 * features) {
        const float row_scale = scale * weights[row];
        FOR_EACH_FEATURE(0, features, {
            const float v = output[features + i];
            const float held = clamp(v, -limit, limit);
            const float precision = exp_float(-held);
            const float d = SEEN * (output[i] - x[i]);
            const float squares = d * d * precision;
            loss = 0.5f * (SEEN * held + squares);
            const float gm = d * precision * row_scale;
            const float gv = (v == held ? 0.5f * (SEEN - squares) : 0.0f) * row_scale;
            output[i] = gm;
            output[features + i] = gv;
            column_sums[i] += gm;
            column_sums[features + i] += gv;
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * 0.91893853320467274178;
    }
}

INLINE void squared_error(int masked, const float *restrict x, const float *restrict mask, const float *weights,
                          float *restrict output, float scale, double *restrict losses, float *restrict column_sums,
                          ptrdiff_t rows, ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, x += features, mask += masked ? features : 0, output += features) {
        const float row_scale = scale * weights[row];
        FOR_EACH_FEATURE(0, features, {
            const float d = SEEN * (output[i] - x[i]);
            loss = d * d;
            const float g = 2.0f * d * row_scale;
            output[i] = g;
            column_sums[i] += g;
        })
        losses[row] = sum_of_lanes(lanes);
    }
}

LIKELIHOOD(bernoulli,
           (const float *x, const float *mask, const float *weights, float *output, float scale, double *losses,
            float *column_sums, ptrdiff_t rows, ptrdiff_t features),
           x, mask, weights, output, scale, losses, column_sums, rows, features)
LIKELIHOOD(gaussian,
           (const float *x, const float *mask, const float *weights, float *output, float deviation, float scale,
            double *losses, float *column_sums, ptrdiff_t rows, ptrdiff_t features),
           x, mask, weights, output, deviation, scale, losses, column_sums, rows, features)
LIKELIHOOD(gaussian_learned,
           (const float *x, const float *mask, const float *weights, float *output, float scale, double *losses,
            float *column_sums, ptrdiff_t rows, ptrdiff_t features),
           x, mask, weights, output, scale, losses, column_sums, rows, features)
LIKELIHOOD(squared_error,
           (const float *x, const float *mask, const float *weights, float *output, float scale, double *losses,
            float *column_sums, ptrdiff_t rows, ptrdiff_t features),
           x, mask, weights, output, scale, losses, column_sums, rows, features)
