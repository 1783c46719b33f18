// c = end(bias + a b), with b in panels: rows of a are rounded into panels, too, as many at once as stay in the second level cache.
#pragma once
#include "multiply.h"
#include "pack.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// Steps in a chain; the sums of longer products are those of their chains, added in order.
enum { chain_steps = KERNEL_BLOCK / tile_depth };
/// Tiles that stay in the second level cache.
enum { cached_tiles = 1024 };

/// Left and right panels that stay in cache together. Where all right panels do, a few left ones pass by them; else many left panels stay
/// while the right ones pass, a few at a time. Blocks of c are made row by row, so that c is written along its rows.
typedef struct {
    ptrdiff_t left, right;
} blocking;

static blocking blocking_of(ptrdiff_t n, ptrdiff_t steps) {
    const ptrdiff_t panels = divided_up(n, panel_lines), panel = panel_tiles * most(1, steps), some = cached_tiles / 4;
    const int right_stays = panels * panel <= cached_tiles - some;
    const ptrdiff_t few = most(1, some / panel), many = most(1, (cached_tiles - some) / panel);
    return right_stays ? (blocking){few, most(1, panels)} : (blocking){many, few};
}

/// `fitting` panels at once of `count` rows or columns, or a little less, so that all times are alike.
INLINE ptrdiff_t lines_at_once(ptrdiff_t count, ptrdiff_t fitting) {
    const ptrdiff_t panels = most(1, divided_up(count, panel_lines));
    return divided_up(panels, divided_up(panels, fitting)) * panel_lines;
}

/// Bytes of as many left panels as are used at once of `count` rows or less.
INLINE size_t left_bytes(ptrdiff_t count, ptrdiff_t n, ptrdiff_t steps) {
    return sizeof(tile) * (size_t)(least(blocking_of(n, steps).left, divided_up(count, panel_lines)) * panel_tiles * steps);
}

static size_t scratch_of_product(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n) {
    return left_bytes(m, n, least(divided_up(k, tile_depth), chain_steps));
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

/// What is the same for all blocks of a product: functions for a left operand in panels and, where it is not NULL, for what windows see.
typedef struct {
    const multiply_block (*blocks)[2];
    const multiply_windows (*windows)[2];
    window_table seen;
    ptrdiff_t m, n, steps;
    const tile *right;
    const kernel_product_ends *ends;
} product_task;

/// The windows of the rows from `row` on, whole tiles of them: behind the last one that one again.
INLINE window_table windows_of_block(const product_task *p, ptrdiff_t row, ptrdiff_t height, ptrdiff_t step, const void **copy) {
    const void *const *windows = p->seen.windows + row;
    if (p->m - row < height * tile_lines) {
        for (ptrdiff_t i = 0; i < height * tile_lines; i++) copy[i] = windows[least(i, p->m - row - 1)];
        windows = copy;
    }
    return (window_table){windows, p->seen.columns + step * tile_depth};
}

/// `lines` rows of c from `row` on, and up to 32 columns from `column` on: the chain of `depth` steps from `step` on.
INLINE void product_block(const product_task *p, ptrdiff_t row, ptrdiff_t lines, ptrdiff_t column, ptrdiff_t step, ptrdiff_t depth,
                          const tile *left, float *c) {
    _Alignas(64) block_sums sums;
    float padded_bias[panel_lines];
    const ptrdiff_t columns = least(panel_lines, p->n - column), place = row * p->n + column;
    const ptrdiff_t height = divided_up(lines, tile_lines), width = divided_up(columns, tile_lines);
    const int is_first = step == 0, is_last = step + depth == p->steps;
    block_place start = {NULL, 0, tile_lines, 0};
    if (is_first && p->ends->bias) {
        start.first = (float *)p->ends->bias + column;
        if (columns < panel_lines) {
            for (ptrdiff_t j = 0; j < panel_lines; j++) padded_bias[j] = j < columns ? start.first[j] : 0;
            start.first = padded_bias;
        }
    }
    // A whole block that nothing is done to goes straight to its place.
    const int is_whole = lines % tile_lines == 0 && columns % tile_lines == 0;
    const enum kernel_end end = is_last ? p->ends->end : kernel_end_none;
    const int goes_straight = is_whole && is_first && end == kernel_end_none;
    const block_place to = goes_straight ? place_in_matrix(c + place, p->n) : place_of_sums(sums);
    const tile *right = p->right + panel_start(column / panel_lines, p->steps) + step * width;
    const block_place *const from = start.first ? &start : NULL;
    if (p->windows) {
        const void *copy[panel_lines];
        const window_table seen = windows_of_block(p, row, height, step, copy);
        p->windows[height - 1][width - 1](depth, &seen, right, from, &to);
    } else {
        p->blocks[height - 1][width - 1](depth, left, right, from, &to);
    }
    if (!goes_straight) store_block(sums, lines, columns, is_first, end, p->ends, place, p->n, c);
}

/// What windows see is read where it lies where there are functions for it, `windows`.
static void product(const multiply_block blocks[2][2], const multiply_windows windows[2][2], ptrdiff_t m, ptrdiff_t k, ptrdiff_t n,
                    left_operand a, const tile *packed, const kernel_product_ends *ends, float *c, tile *left) {
    const product_task task = {blocks, a.a ? NULL : windows, a.seen, m, n, divided_up(k, tile_depth), packed, ends};
    const blocking fitting = blocking_of(n, least(task.steps, chain_steps));
    const ptrdiff_t at_once = lines_at_once(m, fitting.left), across = lines_at_once(n, fitting.right);
    for (ptrdiff_t first = 0; first < m; first += at_once) {
        const ptrdiff_t end = least(first + at_once, m);
        ptrdiff_t step = 0;
        do {
            const ptrdiff_t depth = least(chain_steps, task.steps - step), first_k = step * tile_depth;
            if (!task.windows) pack_left(end - first, least(depth * tile_depth, k - first_k), left_from(&a, first, first_k), left);
            for (ptrdiff_t j = 0; j < n; j += across)
                for (ptrdiff_t row = first; row < end; row += panel_lines)
                    for (ptrdiff_t column = j; column < least(j + across, n); column += panel_lines)
                        product_block(&task, row, least(panel_lines, end - row), column, step, depth,
                                      left + panel_start((row - first) / panel_lines, depth), c);
            step += depth;
        } while (step < task.steps);
    }
}
#pragma clang attribute pop
