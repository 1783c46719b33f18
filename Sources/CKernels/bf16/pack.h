// Operands as panels of tiles.
#pragma once
#include "../products/windows.h"
#include "tile.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// A left operand: rows that are ld apart, or what windows see, whose values are rounded already.
typedef struct {
    const float *a;
    ptrdiff_t ld;
    window_table seen;
} left_operand;

static inline left_operand make_left(const float *a, ptrdiff_t ld, const window_table *seen) {
    return (left_operand){a, ld, seen ? *seen : (window_table){0, 0}};
}

/// Without the first rows and columns.
INLINE left_operand left_from(const left_operand *l, ptrdiff_t row, ptrdiff_t column) {
    if (l->a) return (left_operand){l->a + row * l->ld + column, l->ld, {0, 0}};
    return (left_operand){0, 0, {l->seen.windows + row, l->seen.columns + column}};
}

/// Left panels of a[m, k].
static void pack_left(ptrdiff_t m, ptrdiff_t k, left_operand l, tile *packed) {
    const ptrdiff_t steps = divided_up(k, tile_depth);
    for (ptrdiff_t row = 0; row < m; row += tile_lines) {
        const ptrdiff_t t = row / tile_lines, panel = t / panel_tiles, width = panel_width(panel, m);
        tile *to = packed + panel_start(panel, steps) + t % panel_tiles;
        for (ptrdiff_t s = 0; s < steps; s++) {
            const ptrdiff_t column = s * tile_depth, rest = k - column;
            if (l.a) pack_tile(form_left_rows, (tile_rows){l.a + row * l.ld + column, l.ld}, m - row, rest, to + s * width);
            else pack_seen(form_left_rows, l.seen.windows + row, l.seen.columns[column], m - row, to + s * width);
        }
    }
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
        if (transposed) pack_tile(form_right_columns, (tile_rows){b + column * k + row, k}, n - column, k - row, to);
        else pack_tile(form_right_rows, (tile_rows){b + row * n + column, n}, k - row, n - column, to);
    }
}

INLINE ptrdiff_t run_steps(const kernel_shard_rows *run) { return divided_up(run->row_count, tile_depth); }

static ptrdiff_t all_steps(const kernel_fold *fold) {
    ptrdiff_t steps = 0;
    for (ptrdiff_t r = 0; r < fold->run_count; r++) steps += run_steps(fold->runs + r);
    return steps;
}

/// Packs `columns` columns, each run from a step of its own.
static void pack_runs(enum tile_form form, const kernel_fold *fold, ptrdiff_t steps, left_operand values, ptrdiff_t columns, tile *to) {
    ptrdiff_t step = 0, first = 0;
    for (ptrdiff_t r = 0; r < fold->run_count; r++) {
        const ptrdiff_t rows = fold->runs[r].row_count;
        for (ptrdiff_t row = 0; row < rows; row += tile_depth, step++)
            for (ptrdiff_t t = 0; t < divided_up(columns, tile_lines); t++) {
                const ptrdiff_t panel = t / panel_tiles;
                tile *place = to + panel_start(panel, steps) + step * panel_width(panel, columns) + t % panel_tiles;
                const left_operand l = left_from(&values, first + row, t * tile_lines);
                const ptrdiff_t rest = columns - t * tile_lines;
                if (l.a) ask_for_rows((tile_rows){l.a, l.ld}, tile_depth, least(tile_depth, rows - row - tile_depth));
                // The forms are constants, so that they cost nothing in the loop.
                if (form == form_right_rows) pack_tile(form_right_rows, (tile_rows){l.a, l.ld}, rows - row, rest, place);
                else if (l.a) pack_tile(form_left_columns, (tile_rows){l.a, l.ld}, rows - row, rest, place);
                else pack_seen(form_left_columns, l.seen.windows, *l.seen.columns, rows - row, place);
            }
        first += rows;
    }
}

#pragma clang attribute pop
