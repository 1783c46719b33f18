// Sums over the fixed tree of shard gradients.
#pragma once
#include <stddef.h>

/// `destination[i] = a[i] + b[i]`; `destination` may be `a` or `b`.
void kernel_add(float *destination, const float *a, const float *b, ptrdiff_t count);
