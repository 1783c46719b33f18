// Linear interpolation of maps [rows, depth, height, width, channels] along each axis, and its gradient.
#pragma once
#include "ckernels_convolution.h"

/// Maps of `to` positions along each axis of such of `from`. Position p of n lies at (p + 1/2) m / n - 1/2 of m, held to 0...m - 1, as with PyTorch's
/// align_corners=False.
void kernel_interpolate(const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows, const float *x, float *y);
/// Each input sums, from +0 and in the order of the outputs, what each of them gives it.
void kernel_interpolate_backward(const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows, const float *dy, float *dx);
