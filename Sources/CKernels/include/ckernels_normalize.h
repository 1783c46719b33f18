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

/// Rows `[rows, columns]` divided by their lengths (Euclidean), which are kept in `lengths[rows]`; a row of zeros stays one.
void kernel_unit_normalize(float *output, float *lengths, const float *values, ptrdiff_t rows, ptrdiff_t columns);

/// The gradient with regard to the output becomes that with regard to the values.
void kernel_unit_normalize_backward(float *gradient, const float *output, const float *lengths, ptrdiff_t rows, ptrdiff_t columns);
