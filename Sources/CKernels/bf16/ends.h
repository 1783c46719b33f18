// What comes after a chain of a product: the sums of earlier chains, and the end.
#pragma once
#include "../include/ckernels_product.h"
#include "multiply.h"

#pragma clang attribute push(__attribute__((target(TARGET_AVX512_BF16))), apply_to = function)

/// A block of c: its rows and columns that there are, and where it begins. Whether c holds the sums of earlier chains, and what comes last, with what
/// the derivative depends on at the same place.
typedef struct {
    ptrdiff_t rows, columns;
    /// Rows with those that follow behind the block.
    ptrdiff_t all_rows;
    float *c;
    /// Rows are ld apart, or where this is not NULL begin anywhere, so many floats behind c.
    ptrdiff_t ld;
    const ptrdiff_t *places;
    int adds;
    enum kernel_end end;
    float slope;
    const float *values;
} block_end;

INLINE ptrdiff_t place_of_row(const block_end *e, ptrdiff_t row) { return e->places ? e->places[row] : row * e->ld; }

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

/// Stores a vector of sums `at` floats behind the block's place.
INLINE void end_vector(enum kernel_end end, const block_end *e, __m512 sum, ptrdiff_t at, __mmask16 mask) {
    __m512 values = _mm512_setzero_ps();
    if (e->adds) sum = _mm512_maskz_loadu_ps(mask, e->c + at) + sum;
    if (end >= kernel_end_relu_derivative) values = _mm512_maskz_loadu_ps(mask, e->values + at);
    _mm512_mask_storeu_ps(e->c + at, mask, ended(sum, end, e->slope, values));
}

/// Runs `code(end)` with an end that is a constant in it.
#define WITH_END(end, code)                                                                                           \
    switch (end) {                                                                                                    \
    case kernel_end_none: code(kernel_end_none); break;                                                               \
    case kernel_end_relu: code(kernel_end_relu); break;                                                               \
    case kernel_end_leaky_relu: code(kernel_end_leaky_relu); break;                                                   \
    case kernel_end_relu_derivative: code(kernel_end_relu_derivative); break;                                         \
    case kernel_end_leaky_relu_derivative: code(kernel_end_leaky_relu_derivative); break;                             \
    }

INLINE void end_tile(enum kernel_end end, const block_end *e, const float *sums, ptrdiff_t row, ptrdiff_t column) {
    const __mmask16 mask = lanes(e->columns - column);
    for (ptrdiff_t i = 0; i < least(tile_lines, e->rows - row); i++)
        end_vector(end, e, _mm512_load_ps(sums + i * tile_lines), place_of_row(e, row + i) + column, mask);
}

/// Stores a block of sums, tile after tile.
static void end_block(const block_end *e, const float *sums) {
    for (ptrdiff_t row = 0; row < e->rows; row += tile_lines)
        for (ptrdiff_t column = 0; column < e->columns; column += tile_lines) {
            const float *tile = sums + (row / tile_lines * panel_tiles + column / tile_lines) * tile_floats;
#define TILE(end) end_tile(end, e, tile, row, column)
            WITH_END(e->end, TILE)
#undef TILE
        }
}
#pragma clang attribute pop
