// c = end(bias + a b): blocks of rows of a are rounded into left panels that stay in the second level cache while all panels of b pass.
#pragma once
#include "multiply.h"
#include "pack.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// Steps in a chain: the sums of longer products are those of their chains, added in order.
enum { chain_steps = KERNEL_BLOCK / tile_depth };
/// Tiles of a's that stay in the second level cache.
enum { cached_tiles = 1024 };

/// Panels of so many steps that fit.
INLINE ptrdiff_t fitting_panels(ptrdiff_t steps) { return most(1, cached_tiles / panel_tiles / most(1, steps)); }

/// Panels at once over `count` rows or columns: as many as fit, shared evenly.
INLINE ptrdiff_t panels_at_once(ptrdiff_t count, ptrdiff_t steps) {
    const ptrdiff_t panels = divided_up(count, panel_lines);
    return divided_up(most(1, panels), divided_up(most(1, panels), fitting_panels(steps)));
}

/// Memory for the most panels at once over `count` or fewer.
INLINE ptrdiff_t tiles_at_once(ptrdiff_t count, ptrdiff_t steps) {
    return least(fitting_panels(steps), divided_up(count, panel_lines)) * panel_tiles * steps;
}

static size_t scratch_of_product(ptrdiff_t m, ptrdiff_t k) {
    return sizeof(tile) * (size_t)tiles_at_once(m, least(divided_up(k, tile_depth), chain_steps));
}

INLINE __m512 ended(__m512 x, enum kernel_end end, float slope, __m512 values) {
    const __m512 zero = _mm512_setzero_ps(), slopes = _mm512_set1_ps(slope);
    switch (end) {
    case kernel_end_none: return x;
    case kernel_end_relu: return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ), zero);
    case kernel_end_leaky_relu: return _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ), slopes, x);
    case kernel_end_relu_derivative: return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(values, zero, _CMP_GT_OQ), x);
    default: return _mm512_mask_mov_ps(_mm512_mul_ps(slopes, x), _mm512_cmp_ps_mask(values, zero, _CMP_GT_OQ), x);
    }
}

/// Stores the rows of a tile of sums into c, after those of earlier chains, and what comes last.
INLINE void end_tile(enum kernel_end end, const float *sums, ptrdiff_t rows, __mmask16 mask, int is_first, const kernel_product_ends *ends,
                     ptrdiff_t place, ptrdiff_t n, float *c) {
    for (ptrdiff_t i = 0; i < rows; i++, place += n) {
        __m512 x = _mm512_load_ps(sums + i * tile_lines), values = _mm512_setzero_ps();
        if (!is_first) x = _mm512_maskz_loadu_ps(mask, c + place) + x;
        if (end >= kernel_end_relu_derivative) values = _mm512_maskz_loadu_ps(mask, ends->values + place);
        _mm512_mask_storeu_ps(c + place, mask, ended(x, end, ends->slope, values));
    }
}

static void store_block(const float *sums, ptrdiff_t rows, ptrdiff_t columns, int is_first, enum kernel_end end,
                        const kernel_product_ends *ends, ptrdiff_t place, ptrdiff_t n, float *c) {
    for (ptrdiff_t i = 0; i < rows; i += tile_lines)
        for (ptrdiff_t j = 0; j < columns; j += tile_lines) {
            const float *tile = sums + (i / tile_lines * panel_tiles + j / tile_lines) * tile_floats;
            const ptrdiff_t tile_rows = least(tile_lines, rows - i), at = place + i * n + j;
            const __mmask16 mask = lanes(columns - j);
            // The end is a constant in each loop.
#define END(e)                                                                                                        \
    case e: end_tile(e, tile, tile_rows, mask, is_first, ends, at, n, c); break;
            switch (end) {
                END(kernel_end_none)
                END(kernel_end_relu)
                END(kernel_end_leaky_relu)
                END(kernel_end_relu_derivative)
                END(kernel_end_leaky_relu_derivative)
            }
#undef END
        }
}

static void product(const multiply_block blocks[2][2], ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const tile *packed,
                    const kernel_product_ends *ends, float *c, tile *left) {
    const ptrdiff_t steps = divided_up(k, tile_depth), at_once = panels_at_once(m, least(steps, chain_steps)) * panel_lines;
    _Alignas(64) block_sums sums;
    float padded_bias[panel_lines] = {0};
    for (ptrdiff_t row = 0; row < m; row += at_once) {
        const ptrdiff_t rows = least(at_once, m - row);
        ptrdiff_t step = 0;
        do {
            const ptrdiff_t depth = least(chain_steps, steps - step), first_k = step * tile_depth;
            const int is_first = step == 0, is_last = step + depth == steps;
            pack_left(rows, least(depth * tile_depth, k - first_k), a + row * k + first_k, k, left);
            for (ptrdiff_t j = 0; j < divided_up(n, panel_lines); j++) {
                const ptrdiff_t column = j * panel_lines, columns = least(panel_lines, n - column), width = panel_width(j, n);
                const tile *right = packed + panel_start(j, steps) + step * width;
                block_place start = {NULL, 0, tile_lines, 0};
                if (is_first && ends->bias) {
                    start.first = (float *)ends->bias + column;
                    if (columns < panel_lines) start.first = __builtin_memcpy(padded_bias, start.first, (size_t)columns * sizeof(float));
                }
                for (ptrdiff_t i = 0; i < divided_up(rows, panel_lines); i++) {
                    const ptrdiff_t line = i * panel_lines, lines = least(panel_lines, rows - line), place = (row + line) * n + column;
                    // A whole block that nothing is done to goes straight to its place.
                    const int is_whole = lines % tile_lines == 0 && columns % tile_lines == 0;
                    const enum kernel_end end = is_last ? ends->end : kernel_end_none;
                    const int goes_straight = is_whole && is_first && end == kernel_end_none;
                    const block_place to = goes_straight ? place_in_matrix(c + place, n) : place_of_sums(sums);
                    blocks[panel_width(i, rows) - 1][width - 1](depth, left + panel_start(i, depth), right, start.first ? &start : NULL, &to);
                    if (!goes_straight) store_block(sums, lines, columns, is_first, end, ends, place, n, c);
                }
            }
            step += depth;
        } while (step < steps);
    }
}
#pragma clang attribute pop
