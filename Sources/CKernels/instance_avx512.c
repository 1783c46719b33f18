#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
// Vectors of 512 bits, which clang by itself avoids for this architecture.
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,no-prefer-256-bit"))), apply_to = function)
#define INSTANCE avx512
#define VECTOR_BYTES 64
#include "instance.h"
#pragma clang attribute pop
#endif
