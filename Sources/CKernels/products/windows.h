// Products in fp32 whose left operand is what the windows of a convolution see, where it lies: a[i, k] = windows[i][columns[k]].
#pragma once
#include "ckernels_product.h"

/// As `kernel_product` and `kernel_product_scratch`.
void kernel_windows_product(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *const *windows, const ptrdiff_t *columns, const void *packed,
                            const kernel_product_ends *ends, float *c, void *scratch);
/// As `kernel_weight_gradient` and its scratch memory, where windows are rows and their columns inputs.
void kernel_windows_gradient(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *const *windows,
                             const ptrdiff_t *columns, const float *g, ptrdiff_t weight, void *scratch);

/// The most columns of `kernel_planes_product`.
enum { planes_most_columns = 4 };

/// A product with few columns, whose vectors run along what is multiplied: to[j stride + x] = bias[j] + sum over k of
/// b[k, j] planes[offsets[k] + x] for `count` x. Reads and writes up to 15 floats behind the last x; bias may be NULL.
void kernel_planes_product(ptrdiff_t count, ptrdiff_t k, ptrdiff_t n, const float *b, const ptrdiff_t *offsets, const float *planes,
                           const float *bias, float *to, ptrdiff_t stride);
