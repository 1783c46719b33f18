#pragma once
#include "../philox.h"
#include "noise.h"

static void add_scaled(float *restrict target, const float *restrict values, float factor, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) target[i] = values[i] + factor * target[i];
}

static void KERNEL(corrupt_gaussian)(float *corrupted, const float *values, const int64_t *row_numbers, ptrdiff_t rows,
                                     ptrdiff_t features, float deviation, uint64_t seed, uint16_t purpose, uint32_t epoch) {
    KERNEL(normal)(corrupted, row_numbers, rows, features, seed, purpose, epoch);
    add_scaled(corrupted, values, deviation, rows * features);
}

/// A word of random bits to a number in 0...1 without 1.
INLINE float unit(uint32_t word) { return (float)(int32_t)(word >> 8) * 0x1p-24f; }

/// Uniform numbers of a row: its features in quarters, each with a word of the same blocks; the few that are left with blocks of
/// their own.
static void draw_uniform(float *restrict target, uint64_t row, ptrdiff_t features, uint32_t k0, uint32_t k1,
                                uint32_t purpose, uint32_t epoch) {
    const ptrdiff_t quarter = features / 4;
    for (ptrdiff_t i = 0; i < quarter; i++) {
        uint32_t a = (uint32_t)i, b = (uint32_t)row, c = (uint32_t)(row >> 32) | purpose << 16, d = epoch;
        philox_rounds(&a, &b, &c, &d, k0, k1);
        target[i] = unit(a);
        target[quarter + i] = unit(b);
        target[2 * quarter + i] = unit(c);
        target[3 * quarter + i] = unit(d);
    }
    for (ptrdiff_t i = 4 * quarter; i < features; i++) {
        uint32_t a = (uint32_t)i, b = (uint32_t)row, c = (uint32_t)(row >> 32) | purpose << 16, d = epoch;
        philox_rounds(&a, &b, &c, &d, k0, k1);
        target[i] = unit(a);
    }
}

static void choose(float *restrict target, const float *restrict values, float low, float high, float below_low,
                          float below_high, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const float u = target[i];
        target[i] = u < below_low ? low : u < below_high ? high : values[i];
    }
}

static void find_range(const float *values, float *least, float *greatest, ptrdiff_t count) {
    float low = values[0], high = values[0];
    for (ptrdiff_t i = 0; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    *least = low;
    *greatest = high;
}

static void KERNEL(corrupt_masking)(float *corrupted, const float *values, const int64_t *row_numbers, ptrdiff_t rows,
                                    ptrdiff_t features, float share, uint64_t seed, uint16_t purpose, uint32_t epoch) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *target = corrupted + row * features;
        draw_uniform(target, (uint64_t)row_numbers[row], features, (uint32_t)seed, (uint32_t)(seed >> 32), purpose, epoch);
        choose(target, values + row * features, 0, 0, share, share, features);
    }
}

static void KERNEL(corrupt_salt_and_pepper)(float *corrupted, const float *values, const int64_t *row_numbers, ptrdiff_t rows,
                                            ptrdiff_t features, float share, uint64_t seed, uint16_t purpose, uint32_t epoch) {
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *target = corrupted + row * features;
        float low = 0, high = 0;
        find_range(values + row * features, &low, &high, features);
        draw_uniform(target, (uint64_t)row_numbers[row], features, (uint32_t)seed, (uint32_t)(seed >> 32), purpose, epoch);
        choose(target, values + row * features, low, high, 0.5f * share, share, features);
    }
}
