// Products whose left operand is what the windows of a convolution see, where it lies: a[i, k] = windows[i][columns[k]].
#pragma once
#include "ckernels_product.h"

/// What windows see: each window's first value, and the distances of all others from it. Values are floats; for `kernel_bf16` they are rounded.
typedef struct {
    const void *const *windows;
    const ptrdiff_t *columns;
} window_table;

/// In bf16 so many columns, from a multiple of it on, are to be neighbours: tiles are made of them.
enum { window_run = 32 };

/// As `kernel_product` and `kernel_product_scratch`. In bf16 rows of c, and of the ends' values, may begin anywhere, `places` floats behind the first
/// element; it is NULL where they follow each other.
void kernel_windows_product(enum kernel_precision precision, ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const window_table *seen,
                            const void *packed, const kernel_product_ends *ends, const ptrdiff_t *places, float *c, void *scratch);
/// As `kernel_weight_gradient` and its scratch memory, where windows are rows and their columns inputs.
void kernel_windows_gradient(enum kernel_precision precision, const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs,
                             const window_table *seen, const float *g, ptrdiff_t weight, void *scratch);

/// The most columns of `kernel_planes_product`.
enum { planes_most_columns = 4 };

/// A product with few columns, whose vectors run along what is multiplied: to[j stride + x] = bias[j] + sum over k of
/// b[k, j] planes[offsets[k] + x] for `count` x. Reads and writes up to 15 floats behind the last x; bias may be NULL.
void kernel_planes_product(ptrdiff_t count, ptrdiff_t k, ptrdiff_t n, const float *b, const ptrdiff_t *offsets, const float *planes,
                           const float *bias, float *to, ptrdiff_t stride);
