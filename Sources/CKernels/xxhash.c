#include "ckernels_xxhash.h"
#include <string.h>

// Primes of the specification, section "XXH64 algorithm description".
static const uint64_t prime1 = 0x9e3779b185ebca87, prime2 = 0xc2b2ae3d27d4eb4f, prime3 = 0x165667b19e3779f9;
static const uint64_t prime4 = 0x85ebca77c2b2ae63, prime5 = 0x27d4eb2f165667c5;

static inline uint64_t rotate(uint64_t x, int count) { return x << count | x >> (64 - count); }
static inline uint64_t mixed(uint64_t lane, uint64_t word) { return rotate(lane + word * prime2, 31) * prime1; }

// Words are little-endian, as on all processors that this runs on.
static inline uint64_t word_at(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

uint64_t kernel_xxh64(const void *bytes, size_t count, uint64_t seed) {
    const uint8_t *p = bytes, *const end = p + count;
    uint64_t hash = seed + prime5;
    if (count >= 32) {
        uint64_t a = seed + prime1 + prime2, b = seed + prime2, c = seed, d = seed - prime1;
        for (; end - p >= 32; p += 32)
            a = mixed(a, word_at(p)), b = mixed(b, word_at(p + 8)), c = mixed(c, word_at(p + 16)), d = mixed(d, word_at(p + 24));
        hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
        const uint64_t lanes[] = {a, b, c, d};
        for (int i = 0; i < 4; i++) hash = (hash ^ mixed(0, lanes[i])) * prime1 + prime4;
    }
    hash += count;
    for (; end - p >= 8; p += 8) hash = rotate(hash ^ mixed(0, word_at(p)), 27) * prime1 + prime4;
    if (end - p >= 4) {
        uint32_t word;
        memcpy(&word, p, sizeof word);
        hash = rotate(hash ^ word * prime1, 23) * prime2 + prime3;
        p += 4;
    }
    for (; p < end; p++) hash = rotate(hash ^ *p * prime5, 11) * prime1;
    hash = (hash ^ hash >> 33) * prime2;
    hash = (hash ^ hash >> 29) * prime3;
    return hash ^ hash >> 32;
}
