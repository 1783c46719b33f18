// AVX-512 BF16 for gradients of convolutions, with the axes of a block exchanged: its rows are outputs, and vectors run along 32 inputs of two
// windows at a time, as these lie. So nothing that windows see is packed.
#pragma once
#include "rows_avx512.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)
#define ALL _Pragma("clang loop unroll(full)")

/// Outputs whose sums are in registers at once.
enum { sum_outputs = 8 };

/// Rows of outputs: 32 inputs in the order in which the low and the high halves of lanes of two windows become pairs.
typedef float exchanged_sums[panel_lines][panel_lines];

/// The run of inputs that a window sees.
INLINE __m512i load_inputs(const void *window, ptrdiff_t column) { return _mm512_loadu_si512((const uint16_t *)window + column); }

/// A step of `lines` outputs, whose pairs begin at g. The last step has fewer windows, and zeros for the others.
INLINE void sum_step(const int is_whole, const int lines, ptrdiff_t count, const void *const *windows, ptrdiff_t column, const uint16_t *g,
                     __m512 sum[][2]) {
    for (int pair = 0; pair < (is_whole ? 16 : pairs_of(count)); pair++) {
        __m512i even = _mm512_setzero_si512(), odd = even;
        if (is_whole || 2 * pair < count) even = load_inputs(windows[2 * pair], column);
        if (is_whole || 2 * pair + 1 < count) odd = load_inputs(windows[2 * pair + 1], column);
        const __m512bh low = (__m512bh)_mm512_unpacklo_epi16(even, odd), high = (__m512bh)_mm512_unpackhi_epi16(even, odd);
        ALL for (int i = 0; i < lines; i++) {
            const __m512bh factor = broadcast_pair(g + pair * tile_depth + 2 * i);
            sum[i][0] = _mm512_dpbf16_ps(sum[i][0], low, factor);
            sum[i][1] = _mm512_dpbf16_ps(sum[i][1], high, factor);
        }
        __asm__ volatile("" : : : "memory");
    }
}

/// Goes on with the sums of `lines` outputs, from `line` on.
INLINE void sum_lines(const int lines, ptrdiff_t line, ptrdiff_t width, ptrdiff_t count, const void *const *windows, ptrdiff_t column,
                      const tile *g, exchanged_sums sums) {
    const ptrdiff_t first = line % tile_lines * 2;
    float(*to)[panel_lines] = sums + line;
    __m512 sum[sum_outputs][2];
    g += line / tile_lines;
    ALL for (int i = 0; i < lines; i++)
        ALL for (int v = 0; v < 2; v++) sum[i][v] = _mm512_load_ps(to[i] + v * 16);
    for (; count >= tile_depth; count -= tile_depth, windows += tile_depth, g += width)
        sum_step(1, lines, tile_depth, windows, column, g->lines[0] + first, sum);
    if (count > 0) sum_step(0, lines, count, windows, column, g->lines[0] + first, sum);
    ALL for (int i = 0; i < lines; i++)
        ALL for (int v = 0; v < 2; v++) _mm512_store_ps(to[i] + v * 16, sum[i][v]);
}

/// The inputs in the first of the two vectors of sums; 4 more for the second one.
INLINE __m512i inputs_of_places(void) { return _mm512_set_epi32(27, 26, 25, 24, 19, 18, 17, 16, 11, 10, 9, 8, 3, 2, 1, 0); }
/// The places of inputs 0 to 15, those in the second vector from 16 on; 8 more for the next 16 inputs.
INLINE __m512i places_of_inputs(void) { return _mm512_set_epi32(23, 22, 21, 20, 7, 6, 5, 4, 19, 18, 17, 16, 3, 2, 1, 0); }

/// A column of tiles of a block, whose rows are inputs, as sums, and back.
static void exchange_from(const block_place *from, int column, float (*sums)[panel_lines]) {
    __m512i line[2][tile_lines];
    for (int row = 0; row < 2; row++) {
        for (int i = 0; i < tile_lines; i++) line[row][i] = _mm512_loadu_si512(tile_at(from, row, column) + i * from->ld);
        transpose(line[row]);
    }
    for (int i = 0; i < tile_lines; i++)
        for (int v = 0; v < 2; v++) {
            const __m512i inputs = _mm512_add_epi32(inputs_of_places(), _mm512_set1_epi32(4 * v));
            _mm512_store_si512(sums[i] + v * 16, _mm512_permutex2var_epi32(line[0][i], inputs, line[1][i]));
        }
}
static void exchange_to(const block_place *to, int column, float (*sums)[panel_lines]) {
    for (int row = 0; row < 2; row++) {
        __m512i line[tile_lines];
        const __m512i places = _mm512_add_epi32(places_of_inputs(), _mm512_set1_epi32(8 * row));
        for (int i = 0; i < tile_lines; i++)
            line[i] = _mm512_permutex2var_epi32(_mm512_load_si512(sums[i]), places, _mm512_load_si512(sums[i] + 16));
        transpose(line);
        for (int i = 0; i < tile_lines; i++) _mm512_storeu_si512(tile_at(to, row, column) + i * to->ld, line[i]);
    }
}

static void avx512_sum_windows(ptrdiff_t outputs, ptrdiff_t count, const void *const *windows, ptrdiff_t column, const tile *g,
                               const block_place *start, const block_place *to) {
    const int width = (int)divided_up(outputs, tile_lines), few = sum_outputs / 2;
    _Alignas(64) exchanged_sums sums;
    if (!start) __builtin_memset(sums, 0, sizeof *sums * (size_t)(width * tile_lines));
    for (int c = 0; start && c < width; c++) exchange_from(start, c, sums + c * tile_lines);
    ptrdiff_t line = 0;
    for (; outputs - line > few; line += sum_outputs) sum_lines(sum_outputs, line, width, count, windows, column, g, sums);
    for (; line < outputs; line += few) sum_lines(few, line, width, count, windows, column, g, sums);
    for (int c = 0; c < width; c++) exchange_to(to, c, sums + c * tile_lines);
}

static const row_functions avx512_row_functions = {{avx512_rows_1, avx512_rows_2}, avx512_sum_windows};
#undef ALL
#pragma clang attribute pop
