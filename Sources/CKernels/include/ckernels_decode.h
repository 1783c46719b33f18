// Rows as they are kept, to floats.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// `values[i] = bytes[i] / 255`
void kernel_decode_bytes(float *values, const uint8_t *bytes, ptrdiff_t count);

/// Asks for memory that is about to be read.
static inline void kernel_prefetch(const void *memory, ptrdiff_t byte_count) {
    for (ptrdiff_t i = 0; i < byte_count; i += 64) __builtin_prefetch((const char *)memory + i, 0, 2);
}
