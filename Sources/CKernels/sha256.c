#include "ckernels_isa.h"
#include "ckernels_sha256.h"
#include <string.h>

// FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotate(uint32_t x, int count) { return x >> count | x << (32 - count); }

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

// Intel's SHA extensions, which are in most processors since 2017: the same function, some twenty times as fast.
__attribute__((target("sha,sse4.1,ssse3"))) static void add_blocks_sha(uint32_t *state, const uint8_t *blocks, size_t count) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    // The instructions want the words as a, b, e, f and c, d, g, h, highest first.
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (; count > 0; count--, blocks += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];
        for (int i = 0; i < 4; i++) w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(blocks + 16 * i)), big_endian);
#pragma clang loop unroll(full)
        for (int t = 0; t < 16; t++) {
            if (t >= 4) {
                const __m128i last = w[(t + 3) & 3];
                const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[t & 3], w[(t + 1) & 3]), _mm_alignr_epi8(last, w[(t + 2) & 3], 4));
                w[t & 3] = _mm_sha256msg2_epu32(sum, last);
            }
            const __m128i k = _mm_add_epi32(w[t & 3], _mm_loadu_si128((const __m128i *)(round_constants + 4 * t)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_before), cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    low = _mm_shuffle_epi32(abef, 0x1b), high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static int has_sha(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    return (b >> 29 & 1) && __builtin_cpu_supports("sse4.1");
}
#endif

// Section 6.2.2.
static void add_block(uint32_t *state, const uint8_t *block) {
    uint32_t w[64];
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (int t = 16; t < 64; t++) {
        const uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
        const uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t++) {
        const uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25), choice = (e & f) ^ (~e & g);
        const uint32_t first = h + s1 + choice + round_constants[t] + w[t];
        const uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22), majority = (a & b) ^ (a & c) ^ (b & c);
        h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + s0 + majority;
    }
    const uint32_t sums[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) state[i] += sums[i];
}

static void add_blocks(uint32_t *state, const uint8_t *blocks, size_t count) {
#if defined(__x86_64__)
    // Decided once; threads that come first find the same.
    static int decided = -1;
    int has = __atomic_load_n(&decided, __ATOMIC_RELAXED);
    if (has < 0) __atomic_store_n(&decided, has = kernel_isa() != kernel_baseline && has_sha(), __ATOMIC_RELAXED);
    if (has) {
        add_blocks_sha(state, blocks, count);
        return;
    }
#endif
    for (; count > 0; count--, blocks += 64) add_block(state, blocks);
}

void kernel_sha256_begin(kernel_sha256 *digest) {
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(digest->state, start, sizeof start);
    digest->byte_count = 0;
}

void kernel_sha256_update(kernel_sha256 *digest, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    size_t held = digest->byte_count % 64;
    digest->byte_count += count;
    while (count > 0) {
        if (held == 0 && count >= 64) {
            const size_t whole = count / 64;
            add_blocks(digest->state, next, whole);
            next += 64 * whole, count -= 64 * whole;
            continue;
        }
        const size_t part = count < 64 - held ? count : 64 - held;
        memcpy(digest->block + held, next, part);
        next += part, count -= part, held += part;
        if (held == 64) {
            add_blocks(digest->state, digest->block, 1);
            held = 0;
        }
    }
}

void kernel_sha256_finish(kernel_sha256 *digest, uint8_t *result) {
    const uint64_t bits = digest->byte_count * 8;
    static const uint8_t padding[64] = {0x80};
    kernel_sha256_update(digest, padding, 1 + (119 - digest->byte_count % 64) % 64);
    uint8_t length[8];
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
    kernel_sha256_update(digest, length, 8);
    for (int i = 0; i < 32; i++) result[i] = (uint8_t)(digest->state[i / 4] >> (24 - 8 * (i % 4)));
}
