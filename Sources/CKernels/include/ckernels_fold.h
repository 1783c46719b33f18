// Sums of shard gradients over the fixed tree.
#pragma once
#include <stddef.h>

/// `destination[i] = a[i] + b[i]`; `destination` may be `a` or `b`.
void kernel_add(float *destination, const float *a, const float *b, ptrdiff_t count);

/// `destination[i] = (s0[i] + s1[i]) + (s2[i] + s3[i])` for four sources.
void kernel_fold4(float *destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count);

/// The balanced sum of eight sources, from `offset` on; `destination` begins at 0.
void kernel_fold8(float *destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count);

// The same, with every operand and every sum rounded to bfloat16: the result has no lower bits, wherever parts of it were summed.

void kernel_add_bf16(float *destination, const float *a, const float *b, ptrdiff_t count);
void kernel_fold4_bf16(float *destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count);
void kernel_fold8_bf16(float *destination, const float *const *sources, ptrdiff_t offset, ptrdiff_t count);

/// The sum of squares in double, in eight lanes that are folded at the end, so that it does not depend on vector width.
double kernel_sum_of_squares(const float *values, ptrdiff_t count);
