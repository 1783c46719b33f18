// bfloat16: the upper half of a float.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Rounds to the nearest, ties to even; not a number stays one.
void kernel_to_bf16(uint16_t *rounded, const float *values, ptrdiff_t count);

/// The same numbers as floats.
void kernel_from_bf16(float *values, const uint16_t *rounded, ptrdiff_t count);

/// The instructions that multiply bfloat16 numbers. AVX-512 BF16 has an order of its own within a sum; fused multiply-adds take AMX's and give
/// the same bits.
enum kernel_bf16_kind { kernel_bf16_none, kernel_bf16_avx512, kernel_bf16_fma, kernel_bf16_amx };

/// The best that the processor has and the system permits, decided at the first call; none where `kernel_isa` is less than AVX-512.
enum kernel_bf16_kind kernel_bf16_kind(void);
/// "none", "avx512_bf16", "avx512_fma" or "amx".
const char *kernel_bf16_kind_name(enum kernel_bf16_kind kind);
