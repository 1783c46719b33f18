// What conditions of rows, as the batch that a cell is of, add to the values of layers.
#pragma once
#include <stddef.h>

/// `output[rows, positions, channels]`: at every position the values and `conditions[rows, width] weight[width, channels]`, added in the order of the
/// conditions. `output` may be `values`.
void kernel_add_condition(float *output, const float *values, const float *conditions, const float *weight, ptrdiff_t rows,
                          ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t width);

/// `sums[rows, channels]`: the values `[rows, positions, channels]` of all positions, added in their order.
void kernel_sum_positions(float *sums, const float *values, ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t channels);
