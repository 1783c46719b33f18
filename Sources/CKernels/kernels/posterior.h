#include "../lanes.h"
#include "../math.h"

static void KERNEL(posterior)(const float *restrict code, const float *restrict noise, float *restrict z, double *restrict kl,
                              ptrdiff_t rows, ptrdiff_t size) {
    const float limit = KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT;
    for (ptrdiff_t row = 0; row < rows; row++, code += 2 * size, noise += size, z += size) {
        FOR_EACH_FEATURE(0, size, {
            const float mean = code[i], v = clamp(code[size + i], -limit, limit);
            const float deviation = exp_float(0.5f * v);
            z[i] = mean + deviation * noise[i];
            // Kingma & Welling 2014, appendix B.
            loss = 0.5f * (mean * mean + deviation * deviation - 1.0f - v);
        })
        kl[row] = sum_of_lanes(lanes);
    }
}

static void KERNEL(posterior_backward)(const float *restrict code, const float *restrict noise, const float *restrict dz,
                                       float scale, const float *restrict weights, float *restrict gradient, ptrdiff_t rows,
                                       ptrdiff_t size) {
    const float limit = KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT;
    for (ptrdiff_t row = 0; row < rows; row++, code += 2 * size, noise += size, dz += size, gradient += 2 * size) {
        const float weight = scale * weights[row];
        for (ptrdiff_t i = 0; i < size; i++) {
            const float mean = code[i], v = code[size + i], held = clamp(v, -limit, limit);
            const float deviation = exp_float(0.5f * held);
            const float dm = dz[i] + weight * mean;
            const float dv = 0.5f * (dz[i] * deviation * noise[i] + weight * (deviation * deviation - 1.0f));
            gradient[i] = dm;
            gradient[size + i] = v == held ? dv : 0.0f;
        }
    }
}
