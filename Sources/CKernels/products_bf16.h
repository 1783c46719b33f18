// Matrix products of numbers rounded to bfloat16, with sums in single precision: the part of `ckernels_product.h` for `kernel_bf16`,
// whose functions have the same parameters; in place of a left operand there may be what windows see, and rows of
// c may begin at `places`. Only to be called where
// `kernel_bf16_kind` is not none.
#pragma once
#include "ckernels_bf16.h"
#include "ckernels_product.h"
#include "convolution/padded.h"
#include "products/windows.h"

size_t kernel_bf16_packed_bytes(ptrdiff_t k, ptrdiff_t n);
void kernel_bf16_pack(ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts, void *packed);
size_t kernel_bf16_product_scratch(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n);
void kernel_bf16_product(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const window_table *seen, const void *packed,
                         const kernel_product_ends *ends, const ptrdiff_t *places, float *c, void *scratch);
size_t kernel_bf16_weight_gradient_scratch(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs);
void kernel_bf16_weight_gradient(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, const window_table *seen,
                                 const float *g, ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch);

/// As products round their operands: to the nearest, ties to even, subnormal numbers to zero.
void kernel_bf16_round(const float *values, ptrdiff_t count, uint16_t *rounded);

// `kernel_planes_product` and what it takes, as pairs of neighbouring k: of rows, in place, and of a map's channels. k and channels come in whole
// runs, `window_run`.

void kernel_bf16_pair_rows(ptrdiff_t k, ptrdiff_t n, float *b);
void kernel_bf16_pad_planes(const padded_map *p, const window *w, const float *map, float *planes);
void kernel_bf16_planes_product(ptrdiff_t count, ptrdiff_t k, ptrdiff_t n, const float *b, const ptrdiff_t *offsets, const float *planes,
                                const float *bias, float *to, ptrdiff_t stride);
