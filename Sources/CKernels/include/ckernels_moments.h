// Means and variances of channels over many positions, and normalisation by them: batch and group normalisation.
#pragma once
#include <stddef.h>

// Sums over the `positions` of `x[positions, channels]` for the channels from `first` to `last`, in double, one position after the other.

/// `sums[c] = sum of x[p, c]`
void kernel_channel_sums(double *sums, const float *x, ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t last);

/// `sums[c] = sum of (x[p, c] - means[c])^2`, the differences in single precision.
void kernel_channel_squares(double *sums, const float *x, const float *means, ptrdiff_t positions, ptrdiff_t channels,
                            ptrdiff_t first, ptrdiff_t last);

/// `sums[c] = sum of dy[p, c]` and `products[c] = sum of dy[p, c] n`, with `n = (x[p, c] - means[c]) factors[c]` in single precision.
void kernel_channel_gradients(double *sums, double *products, const float *x, const float *dy, const float *means,
                              const float *factors, ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t last);

/// `y = (x - mean) factor gain + shift`, each of the four by channel.
void kernel_channel_normalize(float *y, const float *x, const float *means, const float *factors, const float *gain,
                              const float *shift, ptrdiff_t positions, ptrdiff_t channels);

/// Of each channel: with `n = (x - mean) factor` the gradient with regard to x is `dy slope - level - n tilt`.
typedef struct {
    const float *means, *factors, *slopes, *levels, *tilts;
} kernel_channel_terms;

void kernel_channel_normalize_backward(float *dx, const float *dy, const float *x, const kernel_channel_terms *terms,
                                       ptrdiff_t positions, ptrdiff_t channels);
