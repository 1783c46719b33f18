// AVX-512 BF16: a vector of 16 columns, a pair of k at a time.
#pragma once
#include "multiply.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

INLINE void avx512_multiply(const int rows, const int columns, ptrdiff_t steps, const tile *left, const tile *right,
                            const block_place *start, const block_place *to) {
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            __m512 sum[tile_lines];
            const float *from = start ? tile_at(start, r, c) : NULL;
            float *end = tile_at(to, r, c);
#pragma clang loop unroll(full)
            for (int i = 0; i < tile_lines; i++)
                sum[i] = from ? _mm512_loadu_ps(from + i * start->ld) : _mm512_setzero_ps();
            for (ptrdiff_t s = 0; s < steps; s++) {
                const tile *a = left + s * rows + r, *b = right + s * columns + c;
                for (int pair = 0; pair < 16; pair++) {
                    const __m512bh y = (__m512bh)_mm512_load_si512(b->lines[pair]);
#pragma clang loop unroll(full)
                    for (int i = 0; i < tile_lines; i++) {
                        int32_t x;
                        __builtin_memcpy(&x, a->lines[i] + 2 * pair, 4);
                        sum[i] = _mm512_dpbf16_ps(sum[i], (__m512bh)_mm512_set1_epi32(x), y);
                    }
                }
            }
#pragma clang loop unroll(full)
            for (int i = 0; i < tile_lines; i++) _mm512_storeu_ps(end + i * to->ld, sum[i]);
        }
}

INSTANCES(avx512)
#pragma clang attribute pop
