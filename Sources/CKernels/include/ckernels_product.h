// Matrix products with a defined order of operations: the same bits on every processor, for any number of rows at once, any cut of the
// rows into calls, and any number of threads. docs/arithmetic.md has the definition.
//
// An element of a product in fp32 is a sum of k terms: chains of KERNEL_SEGMENT fused multiply-adds over k ascending; the chains of a block of
// KERNEL_BLOCK terms are added in order, and so are the blocks.

#pragma once
#include <stddef.h>
#include <stdint.h>

#define KERNEL_SEGMENT 256
#define KERNEL_BLOCK 4096

/// The arithmetic of products: fp32, or operands rounded to bfloat16 and sums in fp32.
enum kernel_precision { kernel_fp32, kernel_bf16 };

/// What is done to an element before it is stored.
enum kernel_end {
    kernel_end_none,
    /// x < 0 ? 0 : x, and x < 0 ? slope x : x
    kernel_end_relu,
    kernel_end_leaky_relu,
    /// values > 0 ? x : 0, and values > 0 ? x : slope x
    kernel_end_relu_derivative,
    kernel_end_leaky_relu_derivative,
};

/// How the chains of a product begin and end.
typedef struct {
    /// `[n]`, where the first chain begins; NULL for 0.
    const float *bias;
    enum kernel_end end;
    float slope;
    /// `[m, n]` with the stride of c: what the derivative depends on.
    const float *values;
} kernel_product_ends;

/// Bytes of a packed b[k, n], which begins on a cache line.
size_t kernel_packed_bytes(enum kernel_precision precision, ptrdiff_t k, ptrdiff_t n);
/// Packs b[k, n], stored as [n, k] if `transposed`, without gaps. `part` of `parts` parts is written, so that threads can share the work.
void kernel_pack(enum kernel_precision precision, ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part,
                 ptrdiff_t parts, void *packed);
/// Bytes of scratch memory that a product of m rows needs, on a cache line.
size_t kernel_product_scratch(enum kernel_precision precision, ptrdiff_t m, ptrdiff_t k, ptrdiff_t n);
/// c[m, n] = end(bias + a[m, k] b[k, n]), all without gaps between rows.
void kernel_product(enum kernel_precision precision, ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const void *packed,
                    const kernel_product_ends *ends, float *c, void *scratch);

/// Whether a product with a b[k, n] that is not packed takes less time than packing b and a product with it.
int kernel_reads_in_place(enum kernel_precision precision, ptrdiff_t k, ptrdiff_t n);
/// The same to the bit in fp32 with b as it lies, without gaps; up to 60 bytes behind it are read and count for nothing.
void kernel_product_in_place(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const float *b, const kernel_product_ends *ends, float *c,
                             void *scratch);

/// The most left siblings that the end of a shard can close.
#define KERNEL_FOLD_DEPTH 40

/// Consecutive rows of one shard. Places: from 0 on one of `kernel_fold.sums`, below 0 memory of a tile's own, ~place its number.
typedef struct {
    ptrdiff_t row_count;
    /// Rows of the shard that earlier calls summed; where not 0, their unfinished sums lie in `kernel_fold.unfinished`.
    ptrdiff_t before;
    /// Whether the shard ends here; else the sums go to `kernel_fold.unfinished`.
    int32_t is_last;
    /// What is added at the end, in this order: `place + sum`, the left siblings in the tree that are complete.
    int32_t add_count;
    int32_t adds[KERNEL_FOLD_DEPTH];
    /// Where the sum goes then.
    int32_t destination;
} kernel_shard_rows;

/// How the gradients of the rows of a call are summed: each shard's rows in their order, the shards along the tree.
typedef struct {
    const kernel_shard_rows *runs;
    ptrdiff_t run_count;
    /// Rows of all runs.
    ptrdiff_t row_count;
    /// Flat gradients.
    float *const *sums;
    /// Flat gradients for a shard that is cut: the chain, the sum of the block's chains, and that of the blocks.
    float *unfinished[3];
    /// The places below 0 that are used.
    ptrdiff_t level_count;
    /// Whether a finished shard's sum and every sum with it are rounded to bfloat16.
    int32_t is_rounded;
} kernel_fold;

/// Bytes of scratch memory that a weight gradient needs, on a cache line; each thread has its own.
size_t kernel_weight_gradient_scratch(enum kernel_precision precision, const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs);
/// dW[inputs, outputs] = x^T g, summed as `fold` says, at element `weight` of the flat gradients. `part` of `parts` parts of dW is computed.
void kernel_weight_gradient(enum kernel_precision precision, const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x,
                            const float *g, ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch);
/// The columns of values[row_count, columns], whose rows begin `stride` floats apart, summed in fp32 as a weight gradient with an input that
/// is 1, at element `place` of the flat gradients.
void kernel_column_gradient(const kernel_fold *fold, ptrdiff_t columns, const float *values, ptrdiff_t stride, ptrdiff_t place,
                            ptrdiff_t part, ptrdiff_t parts);

/// A loop of nothing but fused multiply-adds, to see what the processor can do at most: gives the number of its floating-point operations.
double kernel_multiply_adds(ptrdiff_t rounds, float *sum);
