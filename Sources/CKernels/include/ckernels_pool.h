// Pooling and nearest-neighbour resizing of maps [rows, depth, height, width, channels], and their gradients. Sums begin at +0 and go in the order
// of the outputs' places, or of a window's taps.
#pragma once
#include "ckernels_convolution.h"

/// The mean of what a window sees of its map, for windows of a convolution that leaves channels as they are. One that sees nothing gives 0.
void kernel_pool_average(const kernel_convolution *c, ptrdiff_t rows, const float *x, float *y);
void kernel_pool_average_backward(const kernel_convolution *c, ptrdiff_t rows, const float *dy, float *dx);

/// The largest value that a window sees of its map; of equal ones the first gets the gradient.
void kernel_pool_max(const kernel_convolution *c, ptrdiff_t rows, const float *x, float *y);
void kernel_pool_max_backward(const kernel_convolution *c, ptrdiff_t rows, const float *x, const float *dy, float *dx);

/// Along each axis of `from` positions, that number p of `to` is p from / to, rounded down.
void kernel_resize(const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows, const float *x, float *y);
void kernel_resize_backward(const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows, const float *dy, float *dx);
