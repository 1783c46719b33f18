// XXH64 (Yann Collet, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): a fast hash that finds errors, not forgeries.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// The XXH64 of bytes.
uint64_t kernel_xxh64(const void *bytes, size_t count, uint64_t seed);
