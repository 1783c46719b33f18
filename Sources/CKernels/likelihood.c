#include "ckernels_likelihood.h"
#include "kernel.h"
#include "math.h"

// Sums over a row run in this many lanes, whatever the vectors' width, and the lanes are added in one order: the bits are the
// same in every clone.
#define LANES 32

INLINE double sum_of_lanes(const float *lanes) {
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

// A loop over a row whose body, for element i, sets `loss` and adds it to its lane.
#define FOR_EACH_FEATURE(body)                                                                                        \
    float lanes[LANES] = {0};                                                                                         \
    ptrdiff_t first = 0;                                                                                              \
    for (; first + LANES <= features; first += LANES)                                                                 \
        for (int lane = 0; lane < LANES; lane++) {                                                                    \
            const ptrdiff_t i = first + lane;                                                                         \
            float loss;                                                                                               \
            body lanes[lane] += loss;                                                                                 \
        }                                                                                                             \
    for (ptrdiff_t i = first; i < features; i++) {                                                                    \
        float loss;                                                                                                   \
        body lanes[i - first] += loss;                                                                                \
    }

KERNEL void kernel_bernoulli(const float *restrict x, float *restrict output, float scale, double *restrict losses,
                             float *restrict column_sums, ptrdiff_t rows, ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, x += features, output += features) {
        FOR_EACH_FEATURE({
            const float l = output[i];
            const float t = exp_float(l < 0 ? l : -l);
            const float inverse = 1.0f / (1.0f + t);
            loss = (l < 0 ? 0 : l) + log_float(1.0f + t) - x[i] * l;
            const float g = ((l < 0 ? t * inverse : inverse) - x[i]) * scale;
            output[i] = g;
            column_sums[i] += g;
        })
        losses[row] = sum_of_lanes(lanes);
    }
}

KERNEL void kernel_gaussian(const float *restrict x, float *restrict output, float deviation, float scale,
                            double *restrict losses, float *restrict column_sums, ptrdiff_t rows, ptrdiff_t features) {
    const float inverse = 1.0f / deviation;
    const double constant = (double)features * (0.91893853320467274178 + __builtin_log((double)deviation));
    for (ptrdiff_t row = 0; row < rows; row++, x += features, output += features) {
        FOR_EACH_FEATURE({
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
        FOR_EACH_FEATURE({
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
        FOR_EACH_FEATURE({
            const float d = output[i] - x[i];
            loss = d * d;
            const float g = 2.0f * d * scale;
            output[i] = g;
            column_sums[i] += g;
        })
        losses[row] = sum_of_lanes(lanes);
    }
}
