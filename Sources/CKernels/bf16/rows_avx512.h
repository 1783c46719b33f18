// AVX-512 BF16: a vector of 16 columns, a pair of k at a time.
#pragma once
#include "rows.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

#define ALL _Pragma("clang loop unroll(full)")

INLINE __m512bh broadcast_pair(const uint16_t *pair) {
    int32_t both;
    __builtin_memcpy(&both, pair, sizeof both);
    return (__m512bh)_mm512_set1_epi32(both);
}

/// Asks for where rows go: near ones before they are multiplied, into the second-level cache, as they would not stay in the first one until then.
INLINE void ask_for_ends(const int width, const block_end *e, ptrdiff_t row, ptrdiff_t rows) {
    const int is_near = e->places || e->ld <= near_floats;
    if (is_near) row += tile_lines;
    for (const ptrdiff_t end = least(row + rows, e->all_rows); row < end; row++)
        ALL for (int j = 0; j < width; j++) {
            const ptrdiff_t at = place_of_row(e, row) + j * tile_lines;
            if (is_near) __builtin_prefetch(e->c + at, 0, 2);
            else __builtin_prefetch(e->c + at, 1);
            if (e->end < kernel_end_relu_derivative) continue;
            if (is_near) __builtin_prefetch(e->values + at, 0, 2);
            else __builtin_prefetch(e->values + at);
        }
}

/// `lines` rows of a block, from `row` on. A number of theirs has a use for each vector of columns, so that reading keeps up with multiplying.
INLINE void avx512_rows(const int is_whole, const int sees, const int lines, const int width, ptrdiff_t pairs, const block_left *left,
                        const tile *right, const float *bias, const block_end *e, ptrdiff_t row) {
    const ptrdiff_t rest = is_whole ? lines : e->rows - row;
    const uint16_t *from[16];
    __m512 sum[16];
    // Behind the last row that one again.
    ALL for (int i = 0; i < lines && sees; i++) from[i] = left->seen.windows[row + (i < rest ? i : rest - 1)];
    ALL for (int i = 0; i < lines; i++)
        ALL for (int j = 0; j < width; j++) sum[i * width + j] = bias ? _mm512_loadu_ps(bias + j * tile_lines) : _mm512_setzero_ps();
    ask_for_ends(width, e, row, lines);
    const tile *packed = sees ? NULL : left->panel + row / tile_lines;
    const ptrdiff_t *column = left->seen.columns, line = row % tile_lines;
    for (; pairs > 0; pairs -= 16, right += width, packed += sees ? 0 : left->height, column += sees ? tile_depth : 0)
        for (int pair = 0; pair < (sees ? 16 : least(16, pairs)); pair++) {
            const ptrdiff_t seen = sees ? *column + 2 * pair : 0;
            __m512bh y[panel_tiles];
            ALL for (int j = 0; j < width; j++) y[j] = (__m512bh)_mm512_load_si512(right[j].lines[pair]);
            ALL for (int i = 0; i < lines; i++) {
                const __m512bh x = broadcast_pair(sees ? from[i] + seen : packed->lines[line + i] + 2 * pair);
                ALL for (int j = 0; j < width; j++) sum[i * width + j] = _mm512_dpbf16_ps(sum[i * width + j], x, y[j]);
            }
            // Otherwise the compiler reads what several steps need first, and has no registers for it.
            if (sees) __asm__ volatile("" : : : "memory");
        }
    const __mmask16 masks[] = {lanes(e->columns), lanes(e->columns - tile_lines)};
#define ROWS(end)                                                                                                     \
    ALL for (int i = 0; i < lines; i++)                                                                               \
        ALL for (int j = 0; j < width; j++)                                                                           \
            if (is_whole || i < rest) end_vector(end, e, sum[i * width + j], place_of_row(e, row + i) + j * tile_lines, masks[j])
    WITH_END(e->end, ROWS)
#undef ROWS
}

INLINE void avx512_row_block(const int sees, const int lines, const int width, ptrdiff_t pairs, const block_left *left, const tile *right,
                             const float *bias, const block_end *e) {
    ptrdiff_t row = 0;
    for (; row + lines <= e->rows; row += lines) avx512_rows(1, sees, lines, width, pairs, left, right, bias, e, row);
    if (row < e->rows) avx512_rows(0, sees, lines, width, pairs, left, right, bias, e, row);
}

static void avx512_rows_1(ptrdiff_t pairs, const block_left *left, const tile *right, const float *bias, const block_end *e) {
    // Windows lie anywhere: there are registers for the places of eight.
    if (left->seen.windows) avx512_row_block(1, 8, 1, pairs, left, right, bias, e);
    else avx512_row_block(0, 16, 1, pairs, left, right, bias, e);
}
static void avx512_rows_2(ptrdiff_t pairs, const block_left *left, const tile *right, const float *bias, const block_end *e) {
    if (left->seen.windows) avx512_row_block(1, 8, 2, pairs, left, right, bias, e);
    else avx512_row_block(0, 8, 2, pairs, left, right, bias, e);
}
#undef ALL
#pragma clang attribute pop
