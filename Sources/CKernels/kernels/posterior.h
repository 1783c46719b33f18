#include "../lanes.h"
#include "../math.h"

// The standard deviation and the variance of the posterior by v, its log variance where there is no floor.
#define POSTERIOR_DEVIATION                                                                                           \
    const float variance_of_head = floor > 0 ? exp_float(held) : 0;                                                   \
    const float deviation = floor > 0 ? square_root(variance_of_head + floor) : exp_float(0.5f * held)

// Calls a loop with the terms of what is usual as constants, so that these take no time: the prior N(0, 1), with a floor of 0 or not.
#define BY_TERMS(loop, ...)                                                                                           \
    if (terms.precision != 1.0f) loop(terms, __VA_ARGS__);                                                            \
    else if (terms.floor > 0) loop((kernel_normal_terms){terms.floor, 1, 0}, __VA_ARGS__);                            \
    else loop((kernel_normal_terms){0, 1, 0}, __VA_ARGS__)

INLINE void posterior_rows(const kernel_normal_terms terms, const float *restrict code, const float *restrict noise, float *restrict z,
                           double *restrict kl, ptrdiff_t rows, ptrdiff_t size) {
    const float limit = KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT, floor = terms.floor;
    for (ptrdiff_t row = 0; row < rows; row++, code += 2 * size, noise += size, z += size) {
        FOR_EACH_FEATURE(0, size, {
            const float mean = code[i], held = clamp(code[size + i], -limit, limit);
            POSTERIOR_DEVIATION;
            const float v = (floor > 0 ? log_float(variance_of_head + floor) : held) - terms.log_variance;
            z[i] = mean + deviation * noise[i];
            // Kingma & Welling 2014, appendix B, of z by the prior's deviation.
            loss = 0.5f * (terms.precision * (mean * mean + deviation * deviation) - 1.0f - v);
        })
        kl[row] = sum_of_lanes(lanes);
    }
}

static void KERNEL(posterior)(const float *code, const float *noise, kernel_normal_terms terms, float *z, double *kl, ptrdiff_t rows,
                              ptrdiff_t size) {
    BY_TERMS(posterior_rows, code, noise, z, kl, rows, size);
}

INLINE void posterior_rows_backward(const kernel_normal_terms terms, const float *restrict code, const float *restrict noise,
                                    const float *restrict dz, float scale, const float *restrict weights,
                                    float *restrict gradient, ptrdiff_t rows, ptrdiff_t size) {
    const float limit = KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT, floor = terms.floor;
    for (ptrdiff_t row = 0; row < rows; row++, code += 2 * size, noise += size, dz += size, gradient += 2 * size) {
        const float weight = scale * weights[row];
        for (ptrdiff_t i = 0; i < size; i++) {
            const float mean = code[i], v = code[size + i], held = clamp(v, -limit, limit);
            POSTERIOR_DEVIATION;
            const float dm = dz[i] + weight * (terms.precision * mean);
            float dv = 0.5f * (dz[i] * deviation * noise[i] + weight * (terms.precision * (deviation * deviation) - 1.0f));
            // d log(variance) / dv = exp(v) / variance
            if (floor > 0) dv *= variance_of_head / (variance_of_head + floor);
            gradient[i] = dm;
            gradient[size + i] = v == held ? dv : 0.0f;
        }
    }
}

static void KERNEL(posterior_backward)(const float *code, const float *noise, kernel_normal_terms terms, const float *dz, float scale,
                                       const float *weights, float *gradient, ptrdiff_t rows, ptrdiff_t size) {
    BY_TERMS(posterior_rows_backward, code, noise, dz, scale, weights, gradient, rows, size);
}

INLINE void sample_rows(const kernel_normal_terms terms, const float *restrict code, const float *restrict noise, ptrdiff_t samples,
                        float *restrict z, double *restrict log_ratios, ptrdiff_t rows, ptrdiff_t size) {
    const float limit = KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT, floor = terms.floor;
    for (ptrdiff_t row = 0; row < rows; row++, code += 2 * size)
        for (ptrdiff_t sample = 0; sample < samples; sample++, noise += size, z += size) {
            FOR_EACH_FEATURE(0, size, {
                const float held = clamp(code[size + i], -limit, limit), e = noise[i];
                POSTERIOR_DEVIATION;
                const float v = (floor > 0 ? log_float(variance_of_head + floor) : held) - terms.log_variance;
                const float value = code[i] + deviation * e;
                z[i] = value;
                // Both normal densities have the same constant.
                loss = 0.5f * (e * e - terms.precision * (value * value) + v);
            })
            log_ratios[row * samples + sample] = sum_of_lanes(lanes);
        }
}

static void KERNEL(posterior_samples)(const float *code, const float *noise, kernel_normal_terms terms, ptrdiff_t samples, float *z,
                                      double *log_ratios, ptrdiff_t rows, ptrdiff_t size) {
    BY_TERMS(sample_rows, code, noise, samples, z, log_ratios, rows, size);
}

static void KERNEL(posterior_samples_backward)(const float *restrict code, const float *restrict noise, kernel_normal_terms terms,
                                               ptrdiff_t samples, const float *restrict z, const float *restrict dz,
                                               const float *restrict factors, float *restrict gradient, ptrdiff_t rows,
                                               ptrdiff_t size) {
    const float limit = KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT, floor = terms.floor;
    for (ptrdiff_t row = 0; row < rows; row++, code += 2 * size, gradient += 2 * size) {
        // Of z, and of z times its noise, over the samples in their order.
        for (ptrdiff_t i = 0; i < 2 * size; i++) gradient[i] = 0;
        float whole = 0;
        for (ptrdiff_t sample = 0; sample < samples; sample++, noise += size, z += size, dz += size) {
            const float factor = *factors++;
            whole += factor;
            for (ptrdiff_t i = 0; i < size; i++) {
                const float d = dz[i] + factor * (terms.precision * z[i]);
                gradient[i] += d;
                gradient[size + i] += d * noise[i];
            }
        }
        for (ptrdiff_t i = 0; i < size; i++) {
            const float v = code[size + i], held = clamp(v, -limit, limit);
            POSTERIOR_DEVIATION;
            float dv = 0.5f * (gradient[size + i] * deviation - whole);
            // d log(variance) / dv = exp(v) / variance
            if (floor > 0) dv *= variance_of_head / (variance_of_head + floor);
            gradient[size + i] = v == held ? dv : 0.0f;
        }
    }
}
#undef POSTERIOR_DEVIATION
#undef BY_TERMS
