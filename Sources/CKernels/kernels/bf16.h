#include "../math.h"

static void KERNEL(to_bf16)(uint16_t *restrict rounded, const float *restrict values, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) rounded[i] = (uint16_t)(round_to_bf16(float_to_bits(values[i])) >> 16);
}

static void KERNEL(from_bf16)(float *restrict values, const uint16_t *restrict rounded, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) values[i] = bits_to_float((uint32_t)rounded[i] << 16);
}
