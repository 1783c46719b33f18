// Tiles of bfloat16 numbers, 16 lines of 64 bytes, as AMX multiplies them: a left tile has 16 rows of 32 k, a right one 16 pairs of k,
// each with the pairs of 16 columns. Rows, columns and k beyond the matrix are zeros, so that every tile is whole.
#pragma once
#include "../math.h"
#include <immintrin.h>
#include <stddef.h>

// No fused multiply-add unless written.
#pragma clang fp contract(off)

enum { tile_lines = 16, tile_depth = 32 };
typedef struct {
    _Alignas(64) uint16_t lines[tile_lines][32];
} tile;

INLINE ptrdiff_t divided_up(ptrdiff_t x, ptrdiff_t by) { return (x + by - 1) / by; }
INLINE ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
INLINE ptrdiff_t most(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

// Panels are two tiles wide, [panel][step of 32 k][tile], so that a product reads both operands as one stream each; the last panel of
// an odd number of tiles is one tile wide.
enum { panel_tiles = 2, panel_lines = panel_tiles * tile_lines };

/// Where a panel's tiles begin.
INLINE ptrdiff_t panel_start(ptrdiff_t panel, ptrdiff_t steps) { return panel * panel_tiles * steps; }
/// Tiles in one step of a panel over `count` rows or columns.
INLINE ptrdiff_t panel_width(ptrdiff_t panel, ptrdiff_t count) {
    return least(panel_tiles, divided_up(count, tile_lines) - panel * panel_tiles);
}

#define TARGET_AVX512_BF16 "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"
#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// The lanes of a vector that hold `count` elements: all where there are 16 or more, none where there are none.
INLINE __mmask16 lanes(ptrdiff_t count) { return count >= 16 ? 0xffff : count <= 0 ? 0 : (__mmask16)((1u << count) - 1); }

/// low, then high, rounded to the nearest, ties to even; a subnormal float counts as zero.
INLINE __m512i rounded_pair(__m512 low, __m512 high) { return (__m512i)_mm512_cvtne2ps_pbh(high, low); }

/// Rows of floats, `ld` apart.
typedef struct {
    const float *first;
    ptrdiff_t ld;
} tile_rows;

/// Floats from row to row for which rows are asked for long before they are used: where they are further apart each would need a page's address for it.
enum { near_floats = 256 };

/// Asks for the first numbers of `rows` rows from `row` on: few neighbours of each are read at once, and the processor does not see them coming.
INLINE void ask_for_rows(tile_rows from, ptrdiff_t row, ptrdiff_t rows) {
    for (ptrdiff_t i = row; i < row + rows && from.ld <= near_floats; i++) __builtin_prefetch(from.first + i * from.ld);
}

/// The lines of a tile whose line i holds 32 numbers of row i.
INLINE void load_rows(tile_rows from, ptrdiff_t rows, ptrdiff_t columns, __m512i *line) {
    const __mmask16 low = lanes(columns), high = lanes(columns - 16);
#pragma clang loop unroll(full)
    for (int i = 0; i < tile_lines; i++) {
        const __mmask16 is_row = i < rows ? 0xffff : 0;
        const float *row = from.first + i * from.ld;
        line[i] = rounded_pair(_mm512_maskz_loadu_ps(low & is_row, row), _mm512_maskz_loadu_ps(high & is_row, row + 16));
    }
}

/// 16 numbers of each of two rows as pairs.
INLINE __m512i paired(__m512i both) {
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18,
                                           2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, both);
}

/// The lines of a tile whose line i holds rows 2i and 2i + 1 in pairs, 16 columns of them.
INLINE void load_pairs(tile_rows from, ptrdiff_t rows, ptrdiff_t columns, __m512i *line) {
    const __mmask16 all = lanes(columns);
#pragma clang loop unroll(full)
    for (int i = 0; i < tile_lines; i++) {
        const __mmask16 even = 2 * i < rows ? all : 0, odd = 2 * i + 1 < rows ? all : 0;
        const float *row = from.first + 2 * i * from.ld;
        line[i] = paired(rounded_pair(_mm512_maskz_loadu_ps(even, row), _mm512_maskz_loadu_ps(odd, row + from.ld)));
    }
}

/// The same two of what windows see from `column` on, all of whose columns there are. Their values are rounded already.
INLINE void load_seen_rows(const void *const *windows, ptrdiff_t column, ptrdiff_t rows, __m512i *line) {
#pragma clang loop unroll(full)
    for (int i = 0; i < tile_lines; i++)
        line[i] = i < rows ? _mm512_loadu_si512((const uint16_t *)windows[i] + column) : _mm512_setzero_si512();
}
INLINE void load_seen_pairs(const void *const *windows, ptrdiff_t column, ptrdiff_t rows, __m512i *line) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 2 * tile_lines; i += 2) {
        __m256i even = _mm256_setzero_si256(), odd = even;
        if (i < rows) even = _mm256_loadu_si256((const __m256i *)((const uint16_t *)windows[i] + column));
        if (i + 1 < rows) odd = _mm256_loadu_si256((const __m256i *)((const uint16_t *)windows[i + 1] + column));
        line[i / 2] = paired(_mm512_inserti64x4(_mm512_castsi256_si512(even), odd, 1));
    }
}

/// Exchanges lines and pairs: pair j of line i becomes pair i of line j.
INLINE void transpose(__m512i *line) {
    __m512i t[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(line[i], line[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(line[i], line[i + 1]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 4)
#pragma clang loop unroll(full)
        for (int q = 0; q < 2; q++) {
            line[i + 2 * q] = _mm512_unpacklo_epi64(t[i + q], t[i + q + 2]);
            line[i + 2 * q + 1] = _mm512_unpackhi_epi64(t[i + q], t[i + q + 2]);
        }
    // Now line[4b + q] has column 4c + q of lines 4b to 4b + 3 in its quarter c: quarters are exchanged as a matrix of 4 by 4.
#pragma clang loop unroll(full)
    for (int q = 0; q < 4; q++) {
        const __m512i low = _mm512_shuffle_i32x4(line[q], line[4 + q], 0x88), high = _mm512_shuffle_i32x4(line[q], line[4 + q], 0xdd);
        const __m512i low2 = _mm512_shuffle_i32x4(line[8 + q], line[12 + q], 0x88);
        const __m512i high2 = _mm512_shuffle_i32x4(line[8 + q], line[12 + q], 0xdd);
        t[q] = _mm512_shuffle_i32x4(low, low2, 0x88);
        t[8 + q] = _mm512_shuffle_i32x4(low, low2, 0xdd);
        t[4 + q] = _mm512_shuffle_i32x4(high, high2, 0x88);
        t[12 + q] = _mm512_shuffle_i32x4(high, high2, 0xdd);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) line[i] = t[i];
}

/// How a tile comes from floats [row][column].
enum tile_form {
    /// k along columns: of a left operand [m, k], and of a right operand stored as [n, k].
    form_left_rows,
    form_right_columns,
    /// k along rows: of a right operand [k, n], and of a left operand stored as [k, m].
    form_right_rows,
    form_left_columns,
};

INLINE void store_lines(const __m512i *line, tile *to) {
#pragma clang loop unroll(full)
    for (int i = 0; i < tile_lines; i++) _mm512_store_si512(to->lines[i], line[i]);
}

INLINE void pack_lines(enum tile_form form, tile_rows from, ptrdiff_t rows, ptrdiff_t columns, tile *to) {
    __m512i line[tile_lines];
    if (form == form_left_rows || form == form_right_columns) load_rows(from, rows, columns, line);
    else load_pairs(from, rows, columns, line);
    if (form == form_right_columns || form == form_left_columns) transpose(line);
    store_lines(line, to);
}

/// Packs a tile of which `rows` rows and `columns` columns of floats exist.
INLINE void pack_tile(enum tile_form form, tile_rows from, ptrdiff_t rows, ptrdiff_t columns, tile *to) {
    const int by_columns = form == form_left_rows || form == form_right_columns;
    const ptrdiff_t all_rows = by_columns ? tile_lines : tile_depth, all_columns = by_columns ? tile_depth : tile_lines;
    // Whole tiles, which most are, need no masks.
    if (rows >= all_rows && columns >= all_columns) pack_lines(form, from, all_rows, all_columns, to);
    else pack_lines(form, from, rows, columns, to);
}

INLINE void pack_seen_lines(enum tile_form form, const void *const *windows, ptrdiff_t column, ptrdiff_t rows, tile *to) {
    __m512i line[tile_lines];
    if (form == form_left_rows) {
        load_seen_rows(windows, column, rows, line);
    } else {
        load_seen_pairs(windows, column, rows, line);
        transpose(line);
    }
    store_lines(line, to);
}

/// Packs a tile of what `rows` windows see from `column` on, as one of the left forms.
INLINE void pack_seen(enum tile_form form, const void *const *windows, ptrdiff_t column, ptrdiff_t rows, tile *to) {
    const ptrdiff_t all = form == form_left_rows ? tile_lines : tile_depth;
    if (rows >= all) pack_seen_lines(form, windows, column, all, to);
    else pack_seen_lines(form, windows, column, rows, to);
}

/// `count` floats, rounded as tiles are.
static void round_values(const float *from, ptrdiff_t count, uint16_t *to) {
    for (; count >= tile_depth; count -= tile_depth, from += tile_depth, to += tile_depth)
        _mm512_storeu_si512(to, rounded_pair(_mm512_loadu_ps(from), _mm512_loadu_ps(from + 16)));
    if (count <= 0) return;
    const __m512i last = rounded_pair(_mm512_maskz_loadu_ps(lanes(count), from), _mm512_maskz_loadu_ps(lanes(count - 16), from + 16));
    _mm512_mask_storeu_epi16(to, (1u << count) - 1, last);
}

#pragma clang attribute pop
