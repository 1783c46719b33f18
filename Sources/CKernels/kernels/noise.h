#pragma once
#include "../philox.h"

/// Two normal numbers from two random words.
INLINE void box_muller(uint32_t a, uint32_t b, float *first, float *second) {
    const float u = (float)((int32_t)(a >> 8) + 1) * 0x1p-24f;
    const float radius = square_root(-2.0f * log_float(u));
    // The angle is 2 pi b / 2^32: the nearest quarter turn and the rest, within an eighth of a turn of it.
    const float turns = (float)(int32_t)(b >> 8) * 0x1p-22f;
    const int32_t quarter = (int32_t)(turns + 0.5f);
    const float x = (turns - (float)quarter) * 1.57079632679f;
    const float square = x * x;
    const float sine = ((-1.9515295891e-4f * square + 8.3321608736e-3f) * square - 1.6666654611e-1f) * square * x + x;
    const float cosine = ((2.443315711809948e-5f * square - 1.388731625493765e-3f) * square + 4.166664568298827e-2f)
            * square * square - 0.5f * square + 1.0f;
    const float c = quarter & 1 ? -sine : cosine, s = quarter & 1 ? cosine : sine;
    const float sign = quarter & 2 ? -radius : radius;
    *first = sign * c;
    *second = sign * s;
}

// Blocks that are worked on side by side.
#define BLOCKS 64

static void normal_blocks(float *restrict out, uint32_t *restrict c0, uint32_t *restrict c1,
                                 uint32_t *restrict c2, uint32_t epoch, uint32_t k0, uint32_t k1) {
    for (int i = 0; i < BLOCKS; i++) {
        uint32_t a = c0[i], b = c1[i], c = c2[i], d = epoch;
        philox_rounds(&a, &b, &c, &d, k0, k1);
        box_muller(a, b, &out[i], &out[BLOCKS + i]);
        box_muller(c, d, &out[2 * BLOCKS + i], &out[3 * BLOCKS + i]);
    }
}

static void KERNEL(normal)(float *noise, const int64_t *rows, ptrdiff_t row_count, ptrdiff_t size, uint64_t seed, uint16_t purpose,
                           uint32_t epoch) {
    const ptrdiff_t blocks_per_row = (size + 3) / 4, total = row_count * blocks_per_row;
    uint32_t c0[BLOCKS] = {0}, c1[BLOCKS] = {0}, c2[BLOCKS] = {0};
    float out[4 * BLOCKS];
    for (ptrdiff_t first = 0; first < total; first += BLOCKS) {
        const int count = (int)(total - first < BLOCKS ? total - first : BLOCKS);
        for (int i = 0; i < count; i++) {
            const uint64_t row = (uint64_t)rows[(first + i) / blocks_per_row];
            c0[i] = (uint32_t)((first + i) % blocks_per_row);
            c1[i] = (uint32_t)row;
            c2[i] = (uint32_t)(row >> 32) | (uint32_t)purpose << 16;
        }
        normal_blocks(out, c0, c1, c2, epoch, (uint32_t)seed, (uint32_t)(seed >> 32));
        for (int i = 0; i < count; i++) {
            const ptrdiff_t row = (first + i) / blocks_per_row, column = (first + i) % blocks_per_row * 4;
            for (ptrdiff_t j = 0; j < 4 && column + j < size; j++) noise[row * size + column + j] = out[j * BLOCKS + i];
        }
    }
}
