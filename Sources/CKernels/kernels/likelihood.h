#include "../lanes.h"
#include "../math.h"

// Every likelihood is written once and compiled four times: with a mask or, where `SEEN` is the constant 1, without one; and with a
// gradient or with the loss alone.
#define SEEN (masked ? mask[i] : 1.0f)

// What the functions below share. Without `weights` there is no gradient.
#define ROWS                                                                                                          \
    const float *restrict x, const float *restrict mask, const float *weights, float *restrict output, float scale,   \
            double *restrict losses, ptrdiff_t rows, ptrdiff_t features
#define FOR_EACH_ROW(outputs)                                                                                         \
    for (ptrdiff_t row = 0; row < rows;                                                                               \
         row++, x += features, mask += masked ? features : 0, output += (outputs) * features)

#define COMPILE(name, ...)                                                                                            \
    if (mask && weights) name(1, 1, __VA_ARGS__);                                                                     \
    else if (mask) name(1, 0, __VA_ARGS__);                                                                           \
    else if (weights) name(0, 1, __VA_ARGS__);                                                                        \
    else name(0, 0, __VA_ARGS__);

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
INLINE void bernoulli(int masked, int has_gradient, ROWS) {
    FOR_EACH_ROW(1) {
        const float row_scale = has_gradient ? scale * weights[row] : 0;
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
                if (has_gradient) output[i] = SEEN * ((l < 0 ? t * inverse : inverse) - x[i]) * row_scale;
            })
            for (int lane = 0; lane < LANES; lane++) lanes[lane] += log_float(products[lane]);
            sum += sum_of_lanes(lanes);
        }
        losses[row] = sum;
    }
}

INLINE void gaussian(int masked, int has_gradient, ROWS, float deviation) {
    const float inverse = 1.0f / deviation;
    const double constant = 0.91893853320467274178 + kernel_log((double)deviation);
    FOR_EACH_ROW(1) {
        const float row_scale = has_gradient ? scale * weights[row] : 0;
        FOR_EACH_FEATURE(0, features, {
            const float d = SEEN * (output[i] - x[i]) * inverse;
            loss = 0.5f * d * d;
            if (has_gradient) output[i] = d * inverse * row_scale;
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * constant;
    }
}

INLINE void gaussian_learned(int masked, int has_gradient, ROWS) {
    const float limit = KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT;
    FOR_EACH_ROW(2) {
        const float row_scale = has_gradient ? scale * weights[row] : 0;
        FOR_EACH_FEATURE(0, features, {
            const float v = output[features + i];
            const float held = clamp(v, -limit, limit);
            const float precision = exp_float(-held);
            const float d = SEEN * (output[i] - x[i]);
            const float squares = d * d * precision;
            loss = 0.5f * (SEEN * held + squares);
            if (has_gradient) {
                output[i] = d * precision * row_scale;
                output[features + i] = (v == held ? 0.5f * (SEEN - squares) : 0.0f) * row_scale;
            }
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * 0.91893853320467274178;
    }
}

INLINE void squared_error(int masked, int has_gradient, ROWS) {
    FOR_EACH_ROW(1) {
        const float row_scale = has_gradient ? scale * weights[row] : 0;
        FOR_EACH_FEATURE(0, features, {
            const float d = SEEN * (output[i] - x[i]);
            loss = d * d;
            if (has_gradient) output[i] = 2.0f * d * row_scale;
        })
        losses[row] = sum_of_lanes(lanes);
    }
}

static void KERNEL(bernoulli)(ROWS) { COMPILE(bernoulli, x, mask, weights, output, scale, losses, rows, features) }

static void KERNEL(gaussian)(const float *x, const float *mask, const float *weights, float *output, float deviation, float scale,
                             double *losses, ptrdiff_t rows, ptrdiff_t features) {
    COMPILE(gaussian, x, mask, weights, output, scale, losses, rows, features, deviation)
}

static void KERNEL(gaussian_learned)(ROWS) {
    COMPILE(gaussian_learned, x, mask, weights, output, scale, losses, rows, features)
}

static void KERNEL(squared_error)(ROWS) {
    COMPILE(squared_error, x, mask, weights, output, scale, losses, rows, features)
}
