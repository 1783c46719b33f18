// SHA-256 (FIPS 180-4).
#pragma once
#include <stddef.h>
#include <stdint.h>

/// What a digest in the making holds: eight words of state, the bytes so far, and those of a block that is not full.
typedef struct {
    uint32_t state[8];
    uint64_t byte_count;
    uint8_t block[64];
} kernel_sha256;

void kernel_sha256_begin(kernel_sha256 *digest);
void kernel_sha256_update(kernel_sha256 *digest, const void *bytes, size_t count);
/// Writes the 32 bytes of the digest, which is used up.
void kernel_sha256_finish(kernel_sha256 *digest, uint8_t *result);
