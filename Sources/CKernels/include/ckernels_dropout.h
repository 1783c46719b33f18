// Dropout (Srivastava et al. 2014).
#pragma once
#include <stddef.h>
#include <stdint.h>

/// `output[rows, features]`, which must not be `values`: 0 with probability `share`, else `value / (1 - share)`. What is 0 is a function of seed,
/// purpose, epoch, the row's number and the feature alone: the way back gives gradients to the same function.
void kernel_dropout(float *output, const float *values, const int64_t *row_numbers, ptrdiff_t rows, ptrdiff_t features, float share,
                    uint64_t seed, uint16_t purpose, uint32_t epoch);
