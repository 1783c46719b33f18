// The order of AMX with fused multiply-adds of single precision, for a process that has no permission for AMX.
#pragma once
#include "multiply.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// Sums of `count` rows of a tile, from row `first` on, and one or two tiles of columns.
INLINE void fma_rows(const int count, const int columns, ptrdiff_t steps, const tile *left, ptrdiff_t left_width, int first,
                     const tile *right, __m512 *sum) {
    const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
    for (ptrdiff_t s = 0; s < steps; s++, left += left_width, right += columns) {
        // The numbers of even and odd k as floats.
        _Alignas(64) float a[6][2][16];
        __m512 even[6][2], odd[6][2];
#pragma clang loop unroll(full)
        for (int i = 0; i < count; i++) {
            const __m512i pairs = _mm512_load_si512(left->lines[first + i]);
            _mm512_store_si512(a[i][0], _mm512_slli_epi32(pairs, 16));
            _mm512_store_si512(a[i][1], _mm512_and_si512(pairs, upper));
            for (int c = 0; c < columns; c++) even[i][c] = odd[i][c] = _mm512_setzero_ps();
        }
        for (int pair = 0; pair < 16; pair++)
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) {
                const __m512i pairs = _mm512_load_si512(right[c].lines[pair]);
                const __m512 b0 = (__m512)_mm512_slli_epi32(pairs, 16), b1 = (__m512)_mm512_and_si512(pairs, upper);
#pragma clang loop unroll(full)
                for (int i = 0; i < count; i++) {
                    even[i][c] = _mm512_fmadd_ps(_mm512_set1_ps(a[i][0][pair]), b0, even[i][c]);
                    odd[i][c] = _mm512_fmadd_ps(_mm512_set1_ps(a[i][1][pair]), b1, odd[i][c]);
                }
            }
#pragma clang loop unroll(full)
        for (int i = 0; i < count; i++)
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) sum[i * columns + c] = sum[i * columns + c] + (even[i][c] + odd[i][c]);
    }
}

// Functions of their own, which the compiler does not move out of where subnormal numbers are zeros.
#define FMA_ROWS(count, columns)                                                                                      \
    static __attribute__((noinline)) void fma_rows_##count##_##columns(ptrdiff_t steps, const tile *left, ptrdiff_t width, int first, \
                                                                       const tile *right, __m512 *sum) {              \
        fma_rows(count, columns, steps, left, width, first, right, sum);                                              \
    }
FMA_ROWS(6, 1)
FMA_ROWS(6, 2)
FMA_ROWS(5, 1)
FMA_ROWS(5, 2)

INLINE void fma_multiply(const int rows, const int columns, ptrdiff_t pairs, const tile *left, const tile *right,
                         const block_place *start, const block_place *to) {
    const ptrdiff_t steps = steps_of(pairs);
    const unsigned subnormals_are_zeros = 0x8040, before = _mm_getcsr();
    __m512 sum[2][tile_lines * 2];
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < tile_lines * columns; i++)
            sum[r][i] = start ? _mm512_loadu_ps(tile_at(start, r, i % columns) + i / columns * start->ld) : _mm512_setzero_ps();
    _mm_setcsr(before | subnormals_are_zeros);
    for (int r = 0; r < rows; r++) {
        (columns == 1 ? fma_rows_6_1 : fma_rows_6_2)(steps, left + r, rows, 0, right, sum[r]);
        (columns == 1 ? fma_rows_5_1 : fma_rows_5_2)(steps, left + r, rows, 6, right, sum[r] + 6 * columns);
        (columns == 1 ? fma_rows_5_1 : fma_rows_5_2)(steps, left + r, rows, 11, right, sum[r] + 11 * columns);
    }
    _mm_setcsr(before);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < tile_lines * columns; i++)
            _mm512_storeu_ps(tile_at(to, r, i % columns) + i / columns * to->ld, sum[r][i]);
}

INSTANCES(fma)
#pragma clang attribute pop
