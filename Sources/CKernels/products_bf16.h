// Matrix products of numbers rounded to bfloat16, with sums in single precision: the part of `ckernels_product.h` for `kernel_bf16`,
// whose functions have the same parameters; in place of a left operand there may be what windows see. Only to be called where
// `kernel_bf16_kind` is not none.
#pragma once
#include "ckernels_bf16.h"
#include "ckernels_product.h"
#include "products/windows.h"

size_t kernel_bf16_packed_bytes(ptrdiff_t k, ptrdiff_t n);
void kernel_bf16_pack(ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts, void *packed);
size_t kernel_bf16_product_scratch(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n);
void kernel_bf16_product(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const window_table *seen, const void *packed,
                         const kernel_product_ends *ends, float *c, void *scratch);
size_t kernel_bf16_weight_gradient_scratch(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs);
void kernel_bf16_weight_gradient(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, const window_table *seen,
                                 const float *g, ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch);
