#include "../lanes.h"
#include "../philox.h"

static void KERNEL(scale_to_total)(float *restrict values, float total, ptrdiff_t rows, ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, values += features) {
        FOR_EACH_FEATURE(0, features, { loss = values[i]; })
        const double sum = sum_of_lanes(lanes);
        if (sum == 0) continue;
        const float factor = (float)((double)total / sum);
        for (ptrdiff_t i = 0; i < features; i++) values[i] *= factor;
    }
}

static void KERNEL(log1p)(float *restrict values, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        // Goldberg 1991, theorem 4: the error of 1 + x cancels.
        const float x = values[i], u = 1.0f + x, d = u - 1.0f;
        values[i] = d == 0.0f ? x : log_float(u) * (x / d);
    }
}

static void KERNEL(clamp)(float *restrict values, float low, float high, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) values[i] = clamp(values[i], low, high);
}

static void KERNEL(threshold)(float *restrict values, float threshold, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) values[i] = values[i] > threshold ? 1.0f : 0.0f;
}

static void draw_row(float *restrict values, uint64_t row, ptrdiff_t features, uint32_t k0, uint32_t k1,
                            uint32_t purpose, uint32_t epoch) {
    const ptrdiff_t quarter = features / 4;
    for (ptrdiff_t i = 0; i < quarter; i++) {
        uint32_t a = (uint32_t)i, b = (uint32_t)row, c = (uint32_t)(row >> 32) | purpose << 16, d = epoch;
        philox_rounds(&a, &b, &c, &d, k0, k1);
        // Words to numbers in 0...1 without 1, of which those below x are an x-th.
        values[i] = (float)(int32_t)(a >> 8) * 0x1p-24f < values[i] ? 1.0f : 0.0f;
        values[quarter + i] = (float)(int32_t)(b >> 8) * 0x1p-24f < values[quarter + i] ? 1.0f : 0.0f;
        values[2 * quarter + i] = (float)(int32_t)(c >> 8) * 0x1p-24f < values[2 * quarter + i] ? 1.0f : 0.0f;
        values[3 * quarter + i] = (float)(int32_t)(d >> 8) * 0x1p-24f < values[3 * quarter + i] ? 1.0f : 0.0f;
    }
    for (ptrdiff_t i = 4 * quarter; i < features; i++) {
        uint32_t a = (uint32_t)i, b = (uint32_t)row, c = (uint32_t)(row >> 32) | purpose << 16, d = epoch;
        philox_rounds(&a, &b, &c, &d, k0, k1);
        values[i] = (float)(int32_t)(a >> 8) * 0x1p-24f < values[i] ? 1.0f : 0.0f;
    }
}

static void KERNEL(draw_bernoulli)(float *values, const int64_t *row_numbers, ptrdiff_t rows, ptrdiff_t features, uint64_t seed,
                                   uint16_t purpose, uint32_t epoch) {
    for (ptrdiff_t row = 0; row < rows; row++)
        draw_row(values + row * features, (uint64_t)row_numbers[row], features, (uint32_t)seed, (uint32_t)(seed >> 32),
                 purpose, epoch);
}

static void KERNEL(take_missing)(float *restrict values, float *restrict mask, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const int is_there = values[i] == values[i];
        mask[i] = is_there ? 1.0f : 0.0f;
        values[i] = is_there ? values[i] : 0.0f;
    }
}

static void KERNEL(join_mask)(float *restrict values, const float *restrict mask, float *restrict encoder_input, ptrdiff_t rows,
                              ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, values += features, mask += features, encoder_input += 2 * features)
        for (ptrdiff_t i = 0; i < features; i++) {
            values[i] = mask[i] != 0 ? values[i] : 0.0f;
            encoder_input[i] = values[i];
            encoder_input[features + i] = mask[i];
        }
}
