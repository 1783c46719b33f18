// dW = x^T g, summed over shards while a block of dW is in cache. Steps of 32 rows are counted from each run's first row, the last one of
// a run is filled up with zeros.
#pragma once
#include "product.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

INLINE ptrdiff_t run_steps(const kernel_shard_rows *run) { return divided_up(run->row_count, tile_depth); }

static ptrdiff_t all_steps(const kernel_fold *fold) {
    ptrdiff_t steps = 0;
    for (ptrdiff_t r = 0; r < fold->run_count; r++) steps += run_steps(fold->runs + r);
    return steps;
}

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

typedef float block_sums[panel_lines * panel_lines];

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
    return (gradient_sizes){sizeof(block_sums) * (size_t)(2 + fold->level_count), sizeof(tile) * (size_t)tiles_at_once(inputs, steps),
                            sizeof(tile) * (size_t)(divided_up(outputs, tile_lines) * steps)};
}

static gradient_memory memory_of_gradient(gradient_sizes sizes, void *scratch) {
    char *const left = (char *)scratch + sizes.sums;
    return (gradient_memory){scratch, (tile *)left, (tile *)(left + sizes.left)};
}

/// Packs `columns` columns of values[row, ld], each run from a step of its own.
static void pack_runs(enum tile_form form, const kernel_fold *fold, ptrdiff_t steps, const float *values, ptrdiff_t ld, ptrdiff_t columns,
                      tile *to) {
    ptrdiff_t step = 0;
    for (ptrdiff_t r = 0; r < fold->run_count; r++) {
        const ptrdiff_t rows = fold->runs[r].row_count;
        for (ptrdiff_t row = 0; row < rows; row += tile_depth, step++)
            for (ptrdiff_t t = 0; t < divided_up(columns, tile_lines); t++) {
                const ptrdiff_t panel = t / panel_tiles;
                tile *place = to + panel_start(panel, steps) + step * panel_width(panel, columns) + t % panel_tiles;
                const float *from = values + row * ld + t * tile_lines;
                // The form is a constant, so that it costs nothing in the loop.
                if (form == form_left_columns) pack_tile(form_left_columns, from, ld, rows - row, columns - t * tile_lines, place);
                else pack_tile(form_right_rows, from, ld, rows - row, columns - t * tile_lines, place);
            }
        values += rows * ld;
    }
}

INLINE __m512 rounded_vector(__m512 x) {
    const __m512i bits = (__m512i)x, one = _mm512_set1_epi32(1);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), one);
    const __m512i nearest = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    const __m512i result = _mm512_mask_or_epi32(nearest, is_nan, bits, _mm512_set1_epi32(0x400000));
    return (__m512)_mm512_and_si512(result, _mm512_set1_epi32((int)0xffff0000));
}

/// A block of dW with its place in the flat gradients.
typedef struct {
    ptrdiff_t rows, columns, place, ld;
    block_sums *levels;
    float *const *sums;
} gradient_block;

/// Where row i of a block lies at one of the fold's places.
INLINE float *row_at(const gradient_block *b, int32_t place, ptrdiff_t i) {
    return place >= 0 ? b->sums[place] + b->place + i * b->ld : b->levels[~place] + i * panel_lines;
}

/// Adds the complete left siblings to a shard's sum and stores it.
static void fold_block(const gradient_block *b, const kernel_shard_rows *run, int is_rounded, const float *sum) {
    for (ptrdiff_t i = 0; i < b->rows; i++)
        for (ptrdiff_t j = 0; j < b->columns; j += 16) {
            const __mmask16 mask = lanes(b->columns - j);
            __m512 x = _mm512_load_ps(sum + i * panel_lines + j);
            if (is_rounded) x = rounded_vector(x);
            for (int32_t add = 0; add < run->add_count; add++) {
                x = _mm512_maskz_loadu_ps(mask, row_at(b, run->adds[add], i) + j) + x;
                if (is_rounded) x = rounded_vector(x);
            }
            _mm512_mask_storeu_ps(row_at(b, run->destination, i) + j, mask, x);
        }
}

/// total = total + chain, or chain if it is the first.
static void add_chain(float *total, const float *chain, int is_first) {
    for (ptrdiff_t i = 0; i < panel_lines * panel_lines; i += 16) {
        const __m512 x = _mm512_load_ps(chain + i);
        _mm512_store_ps(total + i, is_first ? x : _mm512_load_ps(total + i) + x);
    }
}

static void copy_block(const gradient_block *b, float *to, ptrdiff_t to_ld, const float *from, ptrdiff_t from_ld) {
    for (ptrdiff_t i = 0; i < b->rows; i++)
        __builtin_memcpy(to + i * to_ld, from + i * from_ld, (size_t)b->columns * sizeof(float));
}

/// The sums of a run whose panels are `left` and `right`. A cut inside a shard carries the chain and the total of finished chains.
static void sum_run(multiply_block multiply, ptrdiff_t left_width, ptrdiff_t right_width, const tile *left, const tile *right,
                    const kernel_fold *fold, const kernel_shard_rows *run, const gradient_block *b, float *chain, float *total) {
    const ptrdiff_t end = run->before + run->row_count;
    ptrdiff_t row = run->before;
    if (row % KERNEL_BLOCK) copy_block(b, chain, panel_lines, fold->unfinished[0] + b->place, b->ld);
    if (row >= KERNEL_BLOCK) copy_block(b, total, panel_lines, fold->unfinished[2] + b->place, b->ld);
    // The whole tiles of a leaf that nothing is added to go straight to their place.
    const int is_whole = b->rows % tile_lines == 0 && b->columns % tile_lines == 0;
    const int is_plain = run->is_last && run->add_count == 0 && !fold->is_rounded && end <= KERNEL_BLOCK && row < end;
    while (row < end) {
        const ptrdiff_t rows = least(end - row, KERNEL_BLOCK - row % KERNEL_BLOCK), steps = divided_up(rows, tile_depth);
        block_ends e = {row % KERNEL_BLOCK ? chain : NULL, panel_lines, chain, panel_lines};
        if (is_plain && run->destination < 0) e.to = row_at(b, run->destination, 0);
        else if (is_plain && is_whole) e.to = row_at(b, run->destination, 0), e.to_ld = b->ld;
        multiply(steps, left, right, &e);
        if (e.to != chain) return;
        left += steps * left_width;
        right += steps * right_width;
        row += rows;
        if (row % KERNEL_BLOCK == 0) add_chain(total, chain, row == KERNEL_BLOCK);
    }
    if (!run->is_last) {
        if (row % KERNEL_BLOCK) copy_block(b, fold->unfinished[0] + b->place, b->ld, chain, panel_lines);
        if (row >= KERNEL_BLOCK) copy_block(b, fold->unfinished[2] + b->place, b->ld, total, panel_lines);
        return;
    }
    if (row == 0) __builtin_memset(chain, 0, sizeof(block_sums));
    if (row >= KERNEL_BLOCK && row % KERNEL_BLOCK) add_chain(total, chain, 0);
    fold_block(b, run, fold->is_rounded, row >= KERNEL_BLOCK ? total : chain);
}

static void weight_gradient(const multiply_block blocks[2][2], const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs,
                            const float *x, const float *g, ptrdiff_t weight, gradient_part p, void *scratch) {
    const gradient_memory memory = memory_of_gradient(sizes_of_gradient(fold, inputs, outputs), scratch);
    const ptrdiff_t steps = all_steps(fold), columns = p.output_end - p.output;
    const ptrdiff_t at_once = panels_at_once(p.input_end - p.input, steps) * panel_lines;
    pack_runs(form_right_rows, fold, steps, g + p.output, outputs, columns, memory.right);
    for (ptrdiff_t input = p.input; input < p.input_end; input += at_once) {
        const ptrdiff_t rows = least(at_once, p.input_end - input);
        pack_runs(form_left_columns, fold, steps, x + input, inputs, rows, memory.left);
        for (ptrdiff_t j = 0; j < divided_up(columns, panel_lines); j++)
            for (ptrdiff_t i = 0; i < divided_up(rows, panel_lines); i++) {
                const ptrdiff_t row = i * panel_lines, column = j * panel_lines;
                const ptrdiff_t left_width = panel_width(i, rows), right_width = panel_width(j, columns);
                const gradient_block block = {least(panel_lines, rows - row), least(panel_lines, columns - column),
                                              weight + (input + row) * outputs + p.output + column, outputs, memory.sums + 2, fold->sums};
                const tile *left = memory.left + panel_start(i, steps), *right = memory.right + panel_start(j, steps);
                for (ptrdiff_t r = 0; r < fold->run_count; r++) {
                    const kernel_shard_rows *run = fold->runs + r;
                    sum_run(blocks[left_width - 1][right_width - 1], left_width, right_width, left, right, fold, run, &block,
                            memory.sums[0], memory.sums[1]);
                    left += run_steps(run) * left_width;
                    right += run_steps(run) * right_width;
                }
            }
    }
}
#pragma clang attribute pop
