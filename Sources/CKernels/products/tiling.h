// What the instances of the products share.

#pragma once
#include "ckernels_attention.h"
#include "ckernels_product.h"

// Floats that fit the second-level caches of the processors that we know; it decides speed alone.
#define L2_FLOATS 393216

typedef float quad __attribute__((vector_size(16)));
typedef float loose_quad __attribute__((vector_size(16), aligned(4), may_alias));

/// Where the left operand of a tile is.
enum tile_left {
    /// a[i, k] = a[k lda + i], and b has rows ldb apart.
    left_columns,
    /// a[i, k] = a[i lda + k], and b is a packed panel.
    left_rows,
    /// a[i, k] = windows[i][columns[k]], and b is a packed panel; a[i, k] = windows[k][columns[i]], and b has rows ldb apart.
    left_windows,
    left_window_columns,
    /// a[i, k] = a[i lda + k], and b has rows ldb apart.
    left_rows_in_place,
};

/// How a tile begins and ends.
typedef struct {
    /// The left operand, where it is windows.
    window_table seen;
    /// Where the chains begin, rows `from_stride` apart; NULL for 0.
    const float *from;
    ptrdiff_t from_stride;
    /// What is added, in this order: `add + sum`.
    int adds;
    /// Whether sums are rounded to bfloat16: once `round_from` of them were added, and after each that follows.
    int rounds, round_from;
    enum kernel_end end;
    float slope;
    const float *values;
    ptrdiff_t values_stride;
    /// What is asked for ahead of its use.
    const float *ahead;
    const float *add[KERNEL_FOLD_DEPTH + 3];
    ptrdiff_t add_stride[KERNEL_FOLD_DEPTH + 3];
} tile_ends;

INLINE void tile_add(tile_ends *e, const float *add, ptrdiff_t stride) {
    e->add[e->adds] = add;
    e->add_stride[e->adds++] = stride;
}

/// `count` rows dealt out evenly among tiles of at most `most`, so that none is much smaller than others.
typedef struct {
    ptrdiff_t count, tiles, low, more;
} tiling;

INLINE tiling make_tiling(ptrdiff_t count, ptrdiff_t most) {
    const ptrdiff_t tiles = (count + most - 1) / most;
    return (tiling){count, tiles, tiles ? count / tiles : 0, tiles ? count % tiles : 0};
}

INLINE ptrdiff_t tile_start(const tiling *t, ptrdiff_t tile) { return tile * t->low + (tile < t->more ? tile : t->more); }
INLINE ptrdiff_t tile_size(const tiling *t, ptrdiff_t tile) { return t->low + (tile < t->more); }

/// Queries of an attention that are taken at once: whole vectors of all sets of instructions.
enum { attention_queries = 48 };

/// A thread's memory for a head of an attention: queries and the context's gradient, scores and their gradient, largest scores and factors; panels of
/// keys or values, queries, the context's gradient, and two sums.
static inline size_t attention_floats(const kernel_attention *a) {
    return (size_t)(attention_queries * (2 * a->width + 2 * a->positions + 2) + 5 * a->positions * (a->width + 15));
}

/// The functions of one set of instructions.
typedef struct {
    void (*pack)(ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts, float *packed);
    size_t (*product_scratch)(ptrdiff_t m, ptrdiff_t k);
    /// The left operand is a, or where that is NULL what windows see. b is packed where `ldb` is 0, as it always is for windows.
    void (*product)(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const window_table *seen, const float *b, ptrdiff_t ldb,
                    const kernel_product_ends *ends, float *c, float *scratch);
    size_t (*gradient_scratch)(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs);
    void (*gradient)(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, const window_table *seen, const float *g,
                     ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, float *scratch);
    double (*multiply_adds)(ptrdiff_t rounds, float *sum);
    void (*columns)(const kernel_fold *fold, ptrdiff_t columns, const float *values, ptrdiff_t stride, ptrdiff_t place, ptrdiff_t part,
                    ptrdiff_t parts);
    void (*planes)(ptrdiff_t count, ptrdiff_t k, ptrdiff_t n, const float *b, const ptrdiff_t *offsets, const float *planes, const float *bias,
                   float *to, ptrdiff_t stride);
    /// Of one row.
    void (*attend)(const kernel_attention *a, const float *qkv, float *context, float *moments, float *scratch);
    void (*attend_backward)(const kernel_attention *a, const float *qkv, const float *moments, const float *dcontext, float *dqkv, float *scratch);
} product_functions;
