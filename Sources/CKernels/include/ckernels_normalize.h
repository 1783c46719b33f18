// Layer normalisation and its gradients.
#pragma once
#include <stddef.h>

/// What is added to the variance of a row, as by default in PyTorch.
#define KERNEL_NORMALIZE_EPSILON 1e-5f

/// `output = (values - mean) / sqrt(variance + epsilon) * gain + shift`, with the mean and variance of each row of `values[rows, columns]`.
/// Writes the mean and the factor of each row to `moments[rows, 2]`.
void kernel_normalize(float *output, float *moments, const float *values, const float *gain, const float *shift, ptrdiff_t rows,
                      ptrdiff_t columns);

/// Turns `gradient[rows, columns]`, with regard to the output, into that with regard to the values. Sums over rows give the other
/// gradients: of the columns of `gradient` before the call that of the shift, of those of `products[rows, columns]` that of the gain.
void kernel_normalize_backward(float *gradient, const float *values, const float *moments, const float *gain, float *products,
                               ptrdiff_t rows, ptrdiff_t columns);
