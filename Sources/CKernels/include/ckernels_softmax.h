// Shares of rows of values.
#pragma once
#include <stddef.h>

/// `output[row] = exp(values[row]) / sum of exp(values[row])` for each row of so many columns.
void kernel_softmax(float *output, const float *values, ptrdiff_t rows, ptrdiff_t columns);

/// The gradient with regard to `output` becomes that with regard to the values, in place.
void kernel_softmax_backward(float *gradient, const float *output, ptrdiff_t rows, ptrdiff_t columns);
