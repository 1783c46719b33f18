// c = end(bias + a b): blocks of rows of a are rounded into left panels that stay in the second level cache while all panels of b pass.
#pragma once
#include "multiply.h"

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

/// Packs right panels of b[k, n], or of b[n, k] where `transposed`.
static void pack_right(ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts, tile *packed) {
    const ptrdiff_t steps = divided_up(k, tile_depth), tiles = divided_up(n, tile_lines), count = steps * tiles;
    // In the order of b in memory.
    for (ptrdiff_t u = count * part / parts; u < count * (part + 1) / parts; u++) {
        const ptrdiff_t t = transposed ? u / steps : u % tiles, s = transposed ? u % steps : u / tiles;
        const ptrdiff_t panel = t / panel_tiles, width = panel_width(panel, n);
        tile *to = packed + panel_start(panel, steps) + s * width + t % panel_tiles;
        const ptrdiff_t row = s * tile_depth, column = t * tile_lines;
        if (transposed) pack_tile(form_right_columns, b + column * k + row, k, n - column, k - row, to);
        else pack_tile(form_right_rows, b + row * n + column, n, k - row, n - column, to);
    }
}

INLINE __m512 ended(__m512 x, const kernel_product_ends *ends, const float *values, __mmask16 mask) {
    const __m512 zero = _mm512_setzero_ps(), slope = _mm512_set1_ps(ends->slope);
    switch (ends->end) {
    case kernel_end_none: return x;
    case kernel_end_relu: return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ), zero);
    case kernel_end_leaky_relu: return _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ), slope, x);
    default: break;
    }
    const __mmask16 is_positive = _mm512_cmp_ps_mask(_mm512_maskz_loadu_ps(mask, values), zero, _CMP_GT_OQ);
    if (ends->end == kernel_end_relu_derivative) return _mm512_maskz_mov_ps(is_positive, x);
    return _mm512_mask_mov_ps(_mm512_mul_ps(slope, x), is_positive, x);
}

/// Stores a block's sums into c, after those of earlier chains, and what comes last.
static void store_block(const float *sums, ptrdiff_t rows, ptrdiff_t columns, int is_first, int is_last, const kernel_product_ends *ends,
                        ptrdiff_t place, ptrdiff_t n, float *c) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j += 16) {
            const __mmask16 mask = lanes(columns - j);
            const ptrdiff_t element = place + i * n + j;
            __m512 x = _mm512_load_ps(sums + i * panel_lines + j);
            if (!is_first) x = _mm512_maskz_loadu_ps(mask, c + element) + x;
            if (is_last) x = ended(x, ends, ends->values ? ends->values + element : NULL, mask);
            _mm512_mask_storeu_ps(c + element, mask, x);
        }
}

static void product(const multiply_block blocks[2][2], ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const tile *packed,
                    const kernel_product_ends *ends, float *c, tile *left) {
    const ptrdiff_t steps = divided_up(k, tile_depth), at_once = panels_at_once(m, least(steps, chain_steps)) * panel_lines;
    _Alignas(64) float sums[panel_lines * panel_lines], bias[panel_lines] = {0};
    for (ptrdiff_t row = 0; row < m; row += at_once) {
        const ptrdiff_t rows = least(at_once, m - row);
        ptrdiff_t step = 0;
        do {
            const ptrdiff_t depth = least(chain_steps, steps - step), first_k = step * tile_depth;
            const int is_first = step == 0, is_last = step + depth == steps;
            for (ptrdiff_t i = 0; i < divided_up(rows, tile_lines); i++) {
                const ptrdiff_t panel = i / panel_tiles, width = panel_width(panel, rows), line = i * tile_lines;
                tile *to = left + panel_start(panel, depth) + i % panel_tiles;
                for (ptrdiff_t s = 0; s < depth; s++)
                    pack_tile(form_left_rows, a + (row + line) * k + first_k + s * tile_depth, k, rows - line,
                              k - first_k - s * tile_depth, to + s * width);
            }
            for (ptrdiff_t j = 0; j < divided_up(n, panel_lines); j++) {
                const ptrdiff_t column = j * panel_lines, columns = least(panel_lines, n - column), width = panel_width(j, n);
                const tile *right = packed + panel_start(j, steps) + step * width;
                const float *start = is_first && ends->bias ? ends->bias + column : NULL;
                if (start && columns < panel_lines) start = __builtin_memcpy(bias, start, (size_t)columns * sizeof *bias);
                for (ptrdiff_t i = 0; i < divided_up(rows, panel_lines); i++) {
                    const ptrdiff_t line = i * panel_lines, lines = least(panel_lines, rows - line), place = (row + line) * n + column;
                    // A whole block that nothing is done to goes straight to its place.
                    const int is_whole = lines % tile_lines == 0 && columns % tile_lines == 0;
                    const int goes_straight = is_whole && is_first && (!is_last || ends->end == kernel_end_none);
                    const block_ends e = {start, 0, goes_straight ? c + place : sums, goes_straight ? n : panel_lines};
                    blocks[panel_width(i, rows) - 1][width - 1](depth, left + panel_start(i, depth), right, &e);
                    if (!goes_straight) store_block(sums, lines, columns, is_first, is_last, ends, place, n, c);
                }
            }
            step += depth;
        } while (step < steps);
    }
}
#pragma clang attribute pop
