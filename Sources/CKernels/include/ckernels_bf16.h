// bfloat16: the upper half of a float.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Rounds to the nearest, ties to even; not a number stays one.
void kernel_to_bf16(uint16_t *rounded, const float *values, ptrdiff_t count);

/// The same numbers as floats.
void kernel_from_bf16(float *values, const uint16_t *rounded, ptrdiff_t count);
