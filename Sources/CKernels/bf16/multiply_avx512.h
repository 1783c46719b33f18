// AVX-512 BF16: a vector of 16 columns, a pair of k at a time.
#pragma once
#include "multiply.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// `count` rows of a tile, from row `first` on, and one or two tiles of columns. A number of a is read for both, so that reading keeps up with
/// multiplying: it does not where each has but one use.
INLINE void avx512_rows(const int first, const int count, const int columns, ptrdiff_t steps, const tile *left, ptrdiff_t left_width,
                        const tile *right, const float *const *from, ptrdiff_t from_ld, float *const *to, ptrdiff_t to_ld) {
    __m512 sum[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++)
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++)
            sum[i * columns + c] = from[c] ? _mm512_loadu_ps(from[c] + (first + i) * from_ld) : _mm512_setzero_ps();
    for (ptrdiff_t s = 0; s < steps; s++, left += left_width, right += columns)
        for (int pair = 0; pair < 16; pair++) {
            __m512bh y[2];
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) y[c] = (__m512bh)_mm512_load_si512(right[c].lines[pair]);
#pragma clang loop unroll(full)
            for (int i = 0; i < count; i++) {
                int32_t pairs;
                __builtin_memcpy(&pairs, left->lines[first + i] + 2 * pair, 4);
                const __m512bh x = (__m512bh)_mm512_set1_epi32(pairs);
#pragma clang loop unroll(full)
                for (int c = 0; c < columns; c++) sum[i * columns + c] = _mm512_dpbf16_ps(sum[i * columns + c], x, y[c]);
            }
        }
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++)
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) _mm512_storeu_ps(to[c] + (first + i) * to_ld, sum[i * columns + c]);
}

INLINE void avx512_multiply(const int rows, const int columns, ptrdiff_t steps, const tile *left, const tile *right,
                            const block_place *start, const block_place *to) {
    for (int r = 0; r < rows; r++) {
        const float *from[2] = {0};
        float *ends[2];
        for (int c = 0; c < columns; c++) {
            if (start) from[c] = tile_at(start, r, c);
            ends[c] = tile_at(to, r, c);
        }
        const ptrdiff_t from_ld = start ? start->ld : 0;
        if (columns == 1) {
            avx512_rows(0, 16, 1, steps, left + r, rows, right, from, from_ld, ends, to->ld);
        } else {
            avx512_rows(0, 8, 2, steps, left + r, rows, right, from, from_ld, ends, to->ld);
            avx512_rows(8, 8, 2, steps, left + r, rows, right, from, from_ld, ends, to->ld);
        }
    }
}

INSTANCES(avx512)
#pragma clang attribute pop
