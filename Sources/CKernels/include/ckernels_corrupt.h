// What a denoising model's encoder gets in place of its rows.
#pragma once
#include <stddef.h>
#include <stdint.h>

// All of them write `corrupted[rows, features]`, which must not be `values`. What they draw is a function of seed, purpose, epoch,
// the row's number and the feature.

/// `corrupted = values + deviation * noise`, with standard normal noise.
void kernel_corrupt_gaussian(float *corrupted, const float *values, const int64_t *row_numbers, ptrdiff_t rows,
                             ptrdiff_t features, float deviation, uint64_t seed, uint16_t purpose, uint32_t epoch);

/// 0 with probability `share`, else the value.
void kernel_corrupt_masking(float *corrupted, const float *values, const int64_t *row_numbers, ptrdiff_t rows,
                            ptrdiff_t features, float share, uint64_t seed, uint16_t purpose, uint32_t epoch);

/// With probability `share` the least or, as often, the greatest value of the row; else the value.
void kernel_corrupt_salt_and_pepper(float *corrupted, const float *values, const int64_t *row_numbers, ptrdiff_t rows,
                                    ptrdiff_t features, float share, uint64_t seed, uint16_t purpose, uint32_t epoch);
