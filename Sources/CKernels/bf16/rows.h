// Left operands that are read row by row, in panels or where windows see them.
#pragma once
#include "ends.h"
#include "pack.h"

/// A block's left operand: a panel with `height` tiles in each step, or where there are `seen.windows` what those of its rows see.
typedef struct {
    const tile *panel;
    ptrdiff_t height;
    window_table seen;
} block_left;

/// A block of a product over `pairs` of k, and what comes last. The chains begin with the bias of whole tiles, or with zeros where it is NULL.
typedef void (*multiply_rows)(ptrdiff_t pairs, const block_left *left, const tile *right, const float *bias, const block_end *end);

/// A block of a gradient, 32 inputs by up to 32 outputs, over what `count` windows see: inputs are the run from `column` on, and g is a right panel.
/// Starts and ends as `multiply_block`.
typedef void (*sum_windows)(ptrdiff_t outputs, ptrdiff_t count, const void *const *windows, ptrdiff_t column, const tile *g,
                            const block_place *start, const block_place *to);

/// What a kind of instructions does without packing what windows see.
typedef struct {
    /// By tiles of columns.
    multiply_rows multiply[panel_tiles];
    sum_windows sum;
} row_functions;
