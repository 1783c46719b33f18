// The rounds of Philox 4x32-10 (Salmon et al. 2011, section 4.3).
#pragma once
#include "math.h"

INLINE void philox_rounds(uint32_t *c0, uint32_t *c1, uint32_t *c2, uint32_t *c3, uint32_t k0, uint32_t k1) {
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * *c0, b = (uint64_t)0xCD9E8D57u * *c2;
        const uint32_t n0 = (uint32_t)(b >> 32) ^ *c1 ^ k0, n2 = (uint32_t)(a >> 32) ^ *c3 ^ k1;
        *c0 = n0, *c1 = (uint32_t)b, *c2 = n2, *c3 = (uint32_t)a;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
}
