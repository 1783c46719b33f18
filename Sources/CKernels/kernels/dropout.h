#include "corrupt.h"

static void keep(float *restrict target, const float *restrict values, float share, float factor, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) target[i] = target[i] < share ? 0 : values[i] * factor;
}

static void KERNEL(dropout)(float *output, const float *values, const int64_t *row_numbers, ptrdiff_t rows, ptrdiff_t features,
                            float share, uint64_t seed, uint16_t purpose, uint32_t epoch) {
    const float factor = 1 / (1 - share);
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *target = output + row * features;
        draw_uniform(target, (uint64_t)row_numbers[row], features, (uint32_t)seed, (uint32_t)(seed >> 32), purpose, epoch);
        keep(target, values + row * features, share, factor, features);
    }
}
