// Multi-head self-attention between the positions of a row, softmax(q k^T / sqrt(width)) v for each head (Vaswani et al. 2017, section 3.2), without
// its projections, in fp32. A row's result depends on no other row. Sums are chains of fused multiply-adds, docs/arithmetic.md has their order.
#pragma once
#include <stddef.h>

typedef struct {
    /// Positions of a row, heads, and channels of a head.
    ptrdiff_t positions, heads, width;
} kernel_attention;

/// Bytes of scratch memory that a call needs, on a cache line; each thread has its own.
size_t kernel_attend_scratch(const kernel_attention *a);

/// `context[rows, positions, heads, width]` of `qkv[rows, positions, 3, heads, width]`: queries, keys and values. Writes the largest score of each query
/// and 1 / the sum of its exponentials to `moments[rows, heads, 2, positions]` unless that is NULL.
void kernel_attend(const kernel_attention *a, ptrdiff_t rows, const float *qkv, float *context, float *moments, void *scratch);

/// The gradient with regard to `qkv` of that with regard to the context; may take its place.
void kernel_attend_backward(const kernel_attention *a, ptrdiff_t rows, const float *qkv, const float *moments, const float *dcontext,
                            float *dqkv, void *scratch);
