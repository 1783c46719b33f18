// What is done to rows before a model sees them, in place.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Sets `mask` to 1 where there is a number and to 0 where there is none (NaN), which becomes 0.
void kernel_take_missing(float *values, float *mask, ptrdiff_t count);

/// What the encoder sees of rows with missing values, `[rows, 2 features]`: the values, 0 where they are missing, and the mask.
/// `values` gets these zeros too.
void kernel_join_mask(float *values, const float *mask, float *encoder_input, ptrdiff_t rows, ptrdiff_t features);

/// Scales every row to the sum `total`; rows whose sum is 0 stay.
void kernel_scale_to_total(float *values, float total, ptrdiff_t rows, ptrdiff_t features);

/// log(1 + x), accurate also for small x.
void kernel_log1p(float *values, ptrdiff_t count);

void kernel_clamp(float *values, float low, float high, ptrdiff_t count);

/// 1 where x is above the threshold, else 0.
void kernel_threshold(float *values, float threshold, ptrdiff_t count);

/// 1 with probability x, else 0: a draw of uniform numbers that are functions of seed, purpose, epoch, row and feature.
void kernel_draw_bernoulli(float *values, const int64_t *row_numbers, ptrdiff_t rows, ptrdiff_t features, uint64_t seed,
                           uint16_t purpose, uint32_t epoch);
