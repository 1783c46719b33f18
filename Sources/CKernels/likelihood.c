#include "ckernels_likelihood.h"
#include "kernel.h"
#include "lanes.h"
#include "math.h"

/// The features whose factors a lane multiplies before it takes the logarithm.
#define FACTORS (64 * LANES)

// The row's sum of log(1 + exp(-|l|)) is the logarithm of a product of factors in 1...2: one logarithm for many features, and less
// rounding than many logarithms.
KERNEL void kernel_bernoulli(const float *restrict x, float *restrict output, float scale, double *restrict losses,
                             float *restrict column_sums, ptrdiff_t rows, ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, x += features, output += features) {
        double sum = 0;
        for (ptrdiff_t start = 0; start < features; start += FACTORS) {
            const ptrdiff_t end = features - start < FACTORS ? features : start + FACTORS;
            float products[LANES];
            for (int lane = 0; lane < LANES; lane++) products[lane] = 1.0f;
            FOR_EACH_FEATURE(start, end, {
                const float l = output[i];
                const float t = exp_float(l < 0 ? l : -l);
                const float factor = 1.0f + t, inverse = 1.0f / factor;
                products[lane] *= factor;
                loss = (l < 0 ? 0 : l) - x[i] * l;
                const float g = ((l < 0 ? t * inverse : inverse) - x[i]) * scale;
                output[i] = g;
                column_sums[i] += g;
            })
            for (int lane = 0; lane < LANES; lane++) lanes[lane] += log_float(products[lane]);
            sum += sum_of_lanes(lanes);
        }
        losses[row] = sum;
    }
}

KERNEL void kernel_gaussian(const float *restrict x, float *restrict output, float deviation, float scale,
                            double *restrict losses, float *restrict column_sums, ptrdiff_t rows, ptrdiff_t features) {
    const float inverse = 1.0f / deviation;
    const double constant = (double)features * (0.91893853320467274178 + __builtin_log((double)deviation));
    for (ptrdiff_t row = 0; row < rows; row++, x += features, output += features) {
        FOR_EACH_FEATURE(0, features, {
            const float d = (output[i] - x[i]) * inverse;
            loss = 0.5f * d * d;
            const float g = d * inverse * scale;
            output[i] = g;
            column_sums[i] += g;
        })
        losses[row] = sum_of_lanes(lanes) + constant;
    }
}

KERNEL void kernel_gaussian_learned(const float *restrict x, float *restrict output, float scale,
                                    double *restrict losses, float *restrict column_sums, ptrdiff_t rows,
                                    ptrdiff_t features) {
    const float limit = KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT;
    const double constant = (double)features * 0.91893853320467274178;
    for (ptrdiff_t row = 0; row < rows; row++, x += features, output += 2 * features) {
        FOR_EACH_FEATURE(0, features, {
            const float v = output[features + i];
            const float held = clamp(v, -limit, limit);
            const float precision = exp_float(-held);
            const float d = output[i] - x[i];
            const float squares = d * d * precision;
            loss = 0.5f * (held + squares);
            const float gm = d * precision * scale;
            const float gv = (v == held ? 0.5f * (1.0f - squares) : 0.0f) * scale;
            output[i] = gm;
            output[features + i] = gv;
            column_sums[i] += gm;
            column_sums[features + i] += gv;
        })
        losses[row] = sum_of_lanes(lanes) + constant;
    }
}

KERNEL void kernel_squared_error(const float *restrict x, float *restrict output, float scale, double *restrict losses,
                                 float *restrict column_sums, ptrdiff_t rows, ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, x += features, output += features) {
        FOR_EACH_FEATURE(0, features, {
            const float d = output[i] - x[i];
            loss = d * d;
            const float g = 2.0f * d * scale;
            output[i] = g;
            column_sums[i] += g;
        })
        losses[row] = sum_of_lanes(lanes);
    }
}
