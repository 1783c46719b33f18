#include "ckernels_decode.h"
#include "kernel.h"

KERNEL void kernel_decode_bytes(float *restrict values, const uint8_t *restrict bytes, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) values[i] = (float)bytes[i] / 255.0f;
}
