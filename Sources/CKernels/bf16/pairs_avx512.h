// AVX-512 BF16 for gradients of packed operands. Both are packed as right ones, pairs of rows by columns, as a pair is read alone anyway.
#pragma once
#include "rows_avx512.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)
#define ALL _Pragma("clang loop unroll(full)")

/// `lines` inputs of a tile, from `line` on, and one or two tiles of outputs.
INLINE void pairs_lines(const int line, const int lines, const int width, ptrdiff_t pairs, const tile *left, ptrdiff_t height, const tile *right,
                        const float *const *from, ptrdiff_t from_ld, float *const *to, ptrdiff_t to_ld) {
    __m512 sum[16];
    ALL for (int i = 0; i < lines; i++)
        ALL for (int c = 0; c < width; c++)
            sum[i * width + c] = from[c] ? _mm512_loadu_ps(from[c] + (line + i) * from_ld) : _mm512_setzero_ps();
    for (; pairs > 0; pairs -= 16, left += height, right += width)
        for (int pair = 0; pair < least(16, pairs); pair++) {
            __m512bh y[panel_tiles];
            ALL for (int c = 0; c < width; c++) y[c] = (__m512bh)_mm512_load_si512(right[c].lines[pair]);
            ALL for (int i = 0; i < lines; i++) {
                const __m512bh x = broadcast_pair(left->lines[pair] + 2 * (line + i));
                ALL for (int c = 0; c < width; c++) sum[i * width + c] = _mm512_dpbf16_ps(sum[i * width + c], x, y[c]);
            }
        }
    ALL for (int i = 0; i < lines; i++)
        ALL for (int c = 0; c < width; c++) _mm512_storeu_ps(to[c] + (line + i) * to_ld, sum[i * width + c]);
}

INLINE void avx512_multiply(const int height, const int width, ptrdiff_t pairs, const tile *left, const tile *right, const block_place *start,
                            const block_place *to) {
    for (int r = 0; r < height; r++) {
        const float *from[panel_tiles] = {0};
        float *ends[panel_tiles];
        for (int c = 0; c < width; c++) {
            if (start) from[c] = tile_at(start, r, c);
            ends[c] = tile_at(to, r, c);
        }
        const ptrdiff_t from_ld = start ? start->ld : 0;
        const int lines = tile_lines / width;
        ALL for (int line = 0; line < tile_lines; line += lines)
            pairs_lines(line, lines, width, pairs, left + r, height, right, from, from_ld, ends, to->ld);
    }
}

INSTANCES(avx512)
#undef ALL
#pragma clang attribute pop
