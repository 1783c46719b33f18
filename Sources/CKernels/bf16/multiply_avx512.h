// AVX-512 BF16: a vector of 16 columns, a pair of k at a time.
#pragma once
#include "multiply.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// `count` rows of a tile, from row `first` on, and one or two tiles of columns. A number of a is read for both, so that reading keeps up with
/// multiplying: it does not where each has but one use. The rows are those of a panel, or where `sees` is not NULL what windows see.
INLINE void avx512_rows(const int first, const int count, const int columns, ptrdiff_t steps, const tile *left, ptrdiff_t left_width,
                        const window_table *sees, const tile *right, const float *const *from, ptrdiff_t from_ld, float *const *to,
                        ptrdiff_t to_ld) {
    __m512 sum[16];
    const uint16_t *window[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < count && sees; i++) window[i] = sees->windows[first + i];
    const ptrdiff_t *column = sees ? sees->columns : NULL;
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++)
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++)
            sum[i * columns + c] = from[c] ? _mm512_loadu_ps(from[c] + (first + i) * from_ld) : _mm512_setzero_ps();
    for (ptrdiff_t s = 0; s < steps; s++, left += left_width, right += columns, column += sees ? tile_depth : 0)
        for (int pair = 0; pair < 16; pair++) {
            const ptrdiff_t at = sees ? *column + 2 * pair : 0;
            __m512bh y[2];
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) y[c] = (__m512bh)_mm512_load_si512(right[c].lines[pair]);
#pragma clang loop unroll(full)
            for (int i = 0; i < count; i++) {
                int32_t pairs;
                __builtin_memcpy(&pairs, sees ? window[i] + at : left->lines[first + i] + 2 * pair, 4);
                const __m512bh x = (__m512bh)_mm512_set1_epi32(pairs);
#pragma clang loop unroll(full)
                for (int c = 0; c < columns; c++) sum[i * columns + c] = _mm512_dpbf16_ps(sum[i * columns + c], x, y[c]);
            }
            // Otherwise the compiler reads what several steps need first, and has no registers for it.
            if (sees) __asm__ volatile("" : : : "memory");
        }
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++)
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) _mm512_storeu_ps(to[c] + (first + i) * to_ld, sum[i * columns + c]);
}

INLINE void avx512_block(const int rows, const int columns, ptrdiff_t steps, const tile *left, const window_table *sees, const tile *right,
                         const block_place *start, const block_place *to) {
    for (int r = 0; r < rows; r++) {
        const window_table of_row = sees ? (window_table){sees->windows + r * tile_lines, sees->columns} : (window_table){0, 0};
        const window_table *const seen = sees ? &of_row : NULL;
        const float *from[2] = {0};
        float *ends[2];
        for (int c = 0; c < columns; c++) {
            if (start) from[c] = tile_at(start, r, c);
            ends[c] = tile_at(to, r, c);
        }
        const ptrdiff_t from_ld = start ? start->ld : 0;
        // Windows begin anywhere: there are registers for the places of eight.
        if (columns == 1 && !sees) {
            avx512_rows(0, 16, 1, steps, left + r, rows, NULL, right, from, from_ld, ends, to->ld);
        } else {
            avx512_rows(0, 8, columns, steps, left + r, rows, seen, right, from, from_ld, ends, to->ld);
            avx512_rows(8, 8, columns, steps, left + r, rows, seen, right, from, from_ld, ends, to->ld);
        }
    }
}

INLINE void avx512_multiply(const int rows, const int columns, ptrdiff_t steps, const tile *left, const tile *right,
                            const block_place *start, const block_place *to) {
    avx512_block(rows, columns, steps, left, NULL, right, start, to);
}

INSTANCES(avx512)

#define WINDOWS(rows, columns)                                                                                        \
    static void avx512_windows_##rows##_##columns(ptrdiff_t steps, const window_table *seen, const tile *right,       \
                                                  const block_place *start, const block_place *to) {                  \
        avx512_block(rows, columns, steps, NULL, seen, right, start, to);                                             \
    }
WINDOWS(1, 1)
WINDOWS(1, 2)
WINDOWS(2, 1)
WINDOWS(2, 2)
#undef WINDOWS
static const multiply_windows avx512_windows[2][2] = {
    {avx512_windows_1_1, avx512_windows_1_2},
    {avx512_windows_2_1, avx512_windows_2_2},
};
#pragma clang attribute pop
