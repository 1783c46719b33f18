// c = end(bias + a b), with b in panels: rows of a are rounded into panels, too, as many at once as stay in the second level cache.
#pragma once
#include "rows.h"

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

/// The functions of a kind of instructions.
typedef struct {
    /// Blocks of packed operands, and how the left ones of gradients are packed for them.
    const multiply_block (*blocks)[panel_tiles];
    enum tile_form gradient_left;
    /// Where left operands are read row by row; NULL where all of them are packed and multiplied by `blocks`.
    const row_functions *rows;
} bf16_functions;

/// What is the same for all blocks of a product.
typedef struct {
    const bf16_functions *functions;
    ptrdiff_t m, n, steps;
    const tile *right;
    const kernel_product_ends *ends;
    /// Where each row of c begins; NULL where they follow each other.
    const ptrdiff_t *places;
    float *c;
} product_task;

/// The steps of a chain, and a block's left operand in it.
typedef struct {
    ptrdiff_t first, count, pairs;
    block_left left;
} product_chain;

/// `lines` rows of c from `row` on, and up to 32 columns from `column` on.
INLINE void product_block(const product_task *p, ptrdiff_t row, ptrdiff_t lines, ptrdiff_t column, const product_chain *chain) {
    const ptrdiff_t columns = least(panel_lines, p->n - column), place = (p->places ? 0 : row * p->n) + column;
    const ptrdiff_t height = divided_up(lines, tile_lines), width = divided_up(columns, tile_lines);
    const int is_first = chain->first == 0, is_last = chain->first + chain->count == p->steps;
    const block_end end = {
        .rows = lines,
        .columns = columns,
        .all_rows = p->m - row,
        .c = p->c + place,
        .ld = p->n,
        .places = p->places ? p->places + row : NULL,
        .adds = !is_first,
        .end = is_last ? p->ends->end : kernel_end_none,
        .slope = p->ends->slope,
        .values = p->ends->values ? p->ends->values + place : NULL,
    };
    const float *bias = is_first && p->ends->bias ? p->ends->bias + column : NULL;
    float padded_bias[panel_lines];
    if (bias && columns < panel_lines) {
        for (ptrdiff_t j = 0; j < panel_lines; j++) padded_bias[j] = j < columns ? bias[j] : 0;
        bias = padded_bias;
    }
    const tile *right = p->right + panel_start(column / panel_lines, p->steps) + chain->first * width;
    if (p->functions->rows) {
        p->functions->rows->multiply[width - 1](chain->pairs, &chain->left, right, bias, &end);
        return;
    }
    // A whole block that nothing is done to goes straight to its place.
    const int is_whole = lines % tile_lines == 0 && columns % tile_lines == 0;
    const int goes_straight = is_whole && is_first && !end.places && end.end == kernel_end_none;
    _Alignas(64) block_sums sums;
    const block_place start = {(float *)bias, 0, tile_lines, 0};
    const block_place to = goes_straight ? place_in_matrix(end.c, p->n) : place_of_sums(sums);
    p->functions->blocks[height - 1][width - 1](chain->pairs, chain->left.panel, right, bias ? &start : NULL, &to);
    if (!goes_straight) end_block(&end, sums);
}

static void product(const bf16_functions *functions, ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, left_operand a, const tile *packed,
                    const kernel_product_ends *ends, const ptrdiff_t *places, float *c, tile *left) {
    const product_task task = {functions, m, n, divided_up(k, tile_depth), packed, ends, places, c};
    const int sees = functions->rows && !a.a;
    const blocking fitting = blocking_of(n, least(task.steps, chain_steps));
    const ptrdiff_t at_once = lines_at_once(m, fitting.left), across = lines_at_once(n, fitting.right);
    for (ptrdiff_t first = 0; first < m; first += at_once) {
        const ptrdiff_t count = least(at_once, m - first);
        product_chain chain = {0};
        do {
            chain.count = least(chain_steps, task.steps - chain.first);
            const ptrdiff_t first_k = chain.first * tile_depth, depth = least(chain.count * tile_depth, k - first_k);
            chain.pairs = pairs_of(depth);
            const left_operand some = left_from(&a, first, first_k);
            if (!sees) pack_left(count, depth, some, left);
            for (ptrdiff_t j = 0; j < n; j += across)
                for (ptrdiff_t row = 0; row < count; row += panel_lines) {
                    const ptrdiff_t lines = least(panel_lines, count - row);
                    if (sees) chain.left.seen = (window_table){some.seen.windows + row, some.seen.columns};
                    else chain.left.panel = left + panel_start(row / panel_lines, chain.count);
                    chain.left.height = divided_up(lines, tile_lines);
                    for (ptrdiff_t column = j; column < least(j + across, n); column += panel_lines)
                        product_block(&task, first + row, lines, column, &chain);
                }
            chain.first += chain.count;
        } while (chain.first < task.steps);
    }
}
#pragma clang attribute pop
