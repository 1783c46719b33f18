// dW = x^T g, summed over shards while a block of dW is in cache. Steps of 32 rows are counted from each run's first row, the last one of
// a run is filled up with zeros.
#pragma once
#include "product.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// The part of a thread, columns `input` to `input_end` of x and `output` to `output_end` of g: the wider one is cut, and the other packed
/// by every thread.
typedef struct {
    ptrdiff_t input, input_end, output, output_end;
} gradient_part;

static gradient_part part_of_gradient(ptrdiff_t inputs, ptrdiff_t outputs, ptrdiff_t part, ptrdiff_t parts) {
    const int cuts_inputs = inputs >= outputs;
    const ptrdiff_t count = cuts_inputs ? inputs : outputs, panels = divided_up(count, panel_lines);
    const ptrdiff_t from = least(count, panels * part / parts * panel_lines), to = least(count, panels * (part + 1) / parts * panel_lines);
    return cuts_inputs ? (gradient_part){from, to, 0, outputs} : (gradient_part){0, inputs, from, to};
}

/// A thread's scratch memory: a block's unfinished chain and total, its sums at the places below 0, and both operands.
typedef struct {
    block_sums *sums;
    tile *left, *right;
} gradient_memory;

/// The memory's parts in bytes.
typedef struct {
    size_t sums, left, right;
} gradient_sizes;

static gradient_sizes sizes_of_gradient(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs) {
    const ptrdiff_t steps = all_steps(fold);
    return (gradient_sizes){sizeof(block_sums) * (size_t)(2 + fold->level_count), left_bytes(inputs, outputs, steps),
                            sizeof(tile) * (size_t)(divided_up(outputs, tile_lines) * steps)};
}

static gradient_memory memory_of_gradient(gradient_sizes sizes, void *scratch) {
    char *const left = (char *)scratch + sizes.sums;
    return (gradient_memory){scratch, (tile *)left, (tile *)(left + sizes.left)};
}

INLINE __m512 rounded_vector(__m512 x) {
    const __m512i bits = (__m512i)x, one = _mm512_set1_epi32(1);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), one);
    const __m512i nearest = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    const __m512i result = _mm512_mask_or_epi32(nearest, is_nan, bits, _mm512_set1_epi32(0x400000));
    return (__m512)_mm512_and_si512(result, _mm512_set1_epi32((int)0xffff0000));
}

/// What a block of dW is multiplied from: packed panels, or what `windows` see from `column` on and packed gradients.
typedef struct {
    const tile *left, *right;
    const void *const *windows;
    ptrdiff_t column;
} gradient_operands;

/// A block of dW with its place in the flat gradients.
typedef struct {
    ptrdiff_t rows, columns, place, ld;
    block_sums *levels;
    float *const *sums;
    multiply_block multiply;
    /// NULL where both operands are packed.
    sum_windows sum_windows;
} gradient_block;

/// A chain over the next rows of x and g, behind which the operands are then.
static void sum_next(const gradient_block *b, ptrdiff_t rows, gradient_operands *from, const block_place *start, const block_place *to) {
    const ptrdiff_t steps = divided_up(rows, tile_depth), height = divided_up(b->rows, tile_lines), width = divided_up(b->columns, tile_lines);
    if (b->sum_windows) {
        b->sum_windows(b->columns, rows, from->windows, from->column, from->right, start, to);
        from->windows += rows;
    } else {
        b->multiply(pairs_of(rows), from->left, from->right, start, to);
        from->left += steps * height;
    }
    from->right += steps * width;
}

/// Where a block lies at one of the fold's places.
INLINE block_place place_in_fold(const gradient_block *b, int32_t place) {
    return place >= 0 ? place_in_matrix(b->sums[place] + b->place, b->ld) : place_of_sums(b->levels[~place]);
}

INLINE const float *next_row(const float *row, ptrdiff_t ld) {
    row += ld;
    // Else the compiler computes the addresses of all rows first, which do not fit into registers.
    __asm__("" : "+r"(row));
    return row;
}

/// Adds the complete left siblings to a tile of a shard's sums and stores it. Without masks where the tile is whole.
INLINE void fold_tile(const int is_whole, const int is_rounded, const gradient_block *b, const kernel_shard_rows *run, int row, int column,
                      const float *sums) {
    const ptrdiff_t rows = is_whole ? tile_lines : least(tile_lines, b->rows - row * tile_lines);
    const __mmask16 mask = is_whole ? 0xffff : lanes(b->columns - column * tile_lines);
    __m512 x[tile_lines];
#define FOR_ROWS _Pragma("clang loop unroll(full)") for (int i = 0; i < tile_lines && (is_whole || i < rows); i++)
    FOR_ROWS {
        x[i] = _mm512_load_ps(sums + i * tile_lines);
        if (is_rounded) x[i] = rounded_vector(x[i]);
    }
    for (int32_t add = 0; add < run->add_count; add++) {
        const block_place place = place_in_fold(b, run->adds[add]);
        const float *left = tile_at(&place, row, column);
        FOR_ROWS {
            x[i] = _mm512_maskz_loadu_ps(mask, left) + x[i];
            if (is_rounded) x[i] = rounded_vector(x[i]);
            left = next_row(left, place.ld);
        }
    }
    const block_place place = place_in_fold(b, run->destination);
    float *to = tile_at(&place, row, column);
    FOR_ROWS {
        _mm512_mask_storeu_ps(to, mask, x[i]);
        to = (float *)next_row(to, place.ld);
    }
#undef FOR_ROWS
}

static void fold_block(const gradient_block *b, const kernel_shard_rows *run, int is_rounded, const float *sums) {
    for (int row = 0; row * tile_lines < b->rows; row++)
        for (int column = 0; column * tile_lines < b->columns; column++) {
            const float *tile = sums + (row * panel_tiles + column) * tile_floats;
            const int is_whole = b->rows >= (row + 1) * tile_lines && b->columns >= (column + 1) * tile_lines;
            if (is_whole && !is_rounded) fold_tile(1, 0, b, run, row, column, tile);
            else if (is_whole) fold_tile(1, 1, b, run, row, column, tile);
            else fold_tile(0, is_rounded, b, run, row, column, tile);
        }
}

/// total = total + chain, or chain if it is the first.
static void add_chain(float *total, const float *chain, int is_first) {
    for (ptrdiff_t i = 0; i < panel_lines * panel_lines; i += 16) {
        const __m512 x = _mm512_load_ps(chain + i);
        _mm512_store_ps(total + i, is_first ? x : _mm512_load_ps(total + i) + x);
    }
}

/// Copies a block's rows and columns between the flat gradients and its own sums.
static void copy_block(const gradient_block *b, float *flat, float *sums, int to_flat) {
    for (ptrdiff_t i = 0; i < b->rows; i++)
        for (ptrdiff_t j = 0; j < b->columns; j += tile_lines) {
            const __mmask16 mask = lanes(b->columns - j);
            float *const outside = flat + b->place + i * b->ld + j;
            float *const inside = sums + (i / tile_lines * panel_tiles + j / tile_lines) * tile_floats + i % tile_lines * tile_lines;
            if (to_flat) _mm512_mask_storeu_ps(outside, mask, _mm512_load_ps(inside));
            else _mm512_store_ps(inside, _mm512_maskz_loadu_ps(mask, outside));
        }
}

/// A run that is part of a shard, or more than a chain. A cut inside a shard carries the chain and the total of finished ones.
static void sum_part(const gradient_block *b, const kernel_fold *fold, const kernel_shard_rows *run, gradient_operands *from, float *chain,
                     float *total) {
    const ptrdiff_t end = run->before + run->row_count;
    const block_place place = place_of_sums(chain);
    ptrdiff_t row = run->before;
    if (row % KERNEL_BLOCK) copy_block(b, fold->unfinished[0], chain, 0);
    if (row >= KERNEL_BLOCK) copy_block(b, fold->unfinished[2], total, 0);
    while (row < end) {
        const ptrdiff_t rows = least(end - row, KERNEL_BLOCK - row % KERNEL_BLOCK);
        sum_next(b, rows, from, row % KERNEL_BLOCK ? &place : NULL, &place);
        row += rows;
        if (row % KERNEL_BLOCK == 0) add_chain(total, chain, row == KERNEL_BLOCK);
    }
    const int has_chain = row % KERNEL_BLOCK != 0, has_total = row >= KERNEL_BLOCK;
    if (!run->is_last) {
        if (has_chain) copy_block(b, fold->unfinished[0], chain, 1);
        if (has_total) copy_block(b, fold->unfinished[2], total, 1);
        return;
    }
    if (has_chain && has_total) add_chain(total, chain, 0);
    fold_block(b, run, fold->is_rounded, has_total ? total : chain);
}

/// All runs of a block.
static void sum_block(const gradient_block *b, const kernel_fold *fold, gradient_operands from, float *chain, float *total) {
    const int is_whole = b->rows % tile_lines == 0 && b->columns % tile_lines == 0;
    for (ptrdiff_t r = 0; r < fold->run_count; r++) {
        const kernel_shard_rows *run = fold->runs + r;
        if (run->is_last && run->before == 0 && run->row_count <= KERNEL_BLOCK) {
            // A leaf that nothing is added to goes straight to its place, unless that has rows and columns of others.
            const int goes_straight = run->add_count == 0 && !fold->is_rounded && (run->destination < 0 || is_whole);
            const block_place to = goes_straight ? place_in_fold(b, run->destination) : place_of_sums(chain);
            sum_next(b, run->row_count, &from, NULL, &to);
            if (!goes_straight) fold_block(b, run, fold->is_rounded, chain);
        } else {
            sum_part(b, fold, run, &from, chain, total);
        }
    }
}

static void weight_gradient(const bf16_functions *functions, const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, left_operand x,
                            const float *g, ptrdiff_t weight, gradient_part p, void *scratch) {
    const gradient_memory memory = memory_of_gradient(sizes_of_gradient(fold, inputs, outputs), scratch);
    const ptrdiff_t steps = all_steps(fold), columns = p.output_end - p.output;
    const blocking fitting = blocking_of(outputs, steps);
    const ptrdiff_t at_once = lines_at_once(p.input_end - p.input, fitting.left), across = lines_at_once(columns, fitting.right);
    const int sees = functions->rows && !x.a;
    pack_runs(form_right_rows, fold, steps, make_left(g + p.output, outputs, 0), columns, memory.right);
    for (ptrdiff_t input = p.input; input < p.input_end; input += at_once) {
        const ptrdiff_t rows = least(at_once, p.input_end - input);
        const left_operand some = left_from(&x, 0, input);
        if (!sees) pack_runs(functions->gradient_left, fold, steps, some, rows, memory.left);
        for (ptrdiff_t j = 0; j < columns; j += across)
            for (ptrdiff_t row = 0; row < rows; row += panel_lines)
                for (ptrdiff_t column = j; column < least(j + across, columns); column += panel_lines) {
                    const ptrdiff_t lines = least(panel_lines, rows - row), width = least(panel_lines, columns - column);
                    gradient_block block = {
                        .rows = lines,
                        .columns = width,
                        .place = weight + (input + row) * outputs + p.output + column,
                        .ld = outputs,
                        .levels = memory.sums + 2,
                        .sums = fold->sums,
                    };
                    gradient_operands from = {.right = memory.right + panel_start(column / panel_lines, steps)};
                    if (sees) {
                        block.sum_windows = functions->rows->sum;
                        from.windows = some.seen.windows;
                        from.column = some.seen.columns[row];
                    } else {
                        block.multiply = functions->blocks[divided_up(lines, tile_lines) - 1][divided_up(width, tile_lines) - 1];
                        from.left = memory.left + panel_start(row / panel_lines, steps);
                    }
                    sum_block(&block, fold, from, memory.sums[0], memory.sums[1]);
                }
    }
}
#pragma clang attribute pop
