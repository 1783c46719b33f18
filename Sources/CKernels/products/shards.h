// A tile of a weight gradient over the rows of many whole shards: one call for all of them, as shards may have few rows. Included once for each
// set of instructions.

/// Sums every shard's rows in their order, then shards along the tree. a[row, i] is a[row lda + i], b[row, j] is b[row ldb + j]; `element` is
/// that of the flat gradients which belongs to the first row and column, with rows `stride` apart. `local` holds `level_count + 2` tiles. `sees`: a[row, i] is
/// what windows see.
INLINE void G(sum_shards)(const int mr, const int nv, const int sees, const kernel_fold *fold, ptrdiff_t columns, const float *a,
                          ptrdiff_t lda, const window_table *seen, const float *b, ptrdiff_t ldb, ptrdiff_t element, ptrdiff_t stride, float *local) {
    const int size = mr * nv * VL;
    float *const block = local + fold->level_count * size, *const ragged = block + size;
    const void *const *window = sees ? seen->windows : 0;
    ptrdiff_t column[MR];
    ALL for (int i = 0; i < mr; i++) column[i] = sees ? seen->columns[i] : 0;
    const kernel_shard_rows *run = fold->runs, *const end = run + fold->run_count;
    EACH __builtin_prefetch(fold->sums[end[-1].destination < 0 ? 0 : end[-1].destination] + element + i * stride + j * VL, 1, 3);
    for (; run < end; run++) {
        G(vec) s[MR][NV];
        ptrdiff_t rows = run->row_count;
        // Chains of a segment; the first of them has none before it.
        int more = 0;
        do {
            ptrdiff_t p = rows < KERNEL_SEGMENT ? rows : KERNEL_SEGMENT;
            rows -= p;
            EACH s[i][j] = (G(vec)){0};
            for (; sees && p > 0; p--) {
                const float *seen_row = *window++;
                STEP(seen_row[column[i]], ldb)
            }
            for (; p >= 2; p -= 2) {
                // Both stream from the second-level cache.
                ALL for (int j = 0; j < nv; j++) __builtin_prefetch(b + 12 * ldb + j * VL), __builtin_prefetch(b + 13 * ldb + j * VL);
                __builtin_prefetch(a + 24 * lda);
                STEP(a[i], ldb)
                a += lda;
                STEP(a[i], ldb)
                a += lda;
            }
            if (p > 0) {
                STEP(a[i], ldb)
                a += lda;
            }
            if (more) EACH s[i][j] = G(load)(block + (i * nv + j) * VL) + s[i][j];
            if (rows > 0) EACH G(store)(block + (i * nv + j) * VL, s[i][j]);
            more = 1;
        } while (rows > 0);
        if (fold->is_rounded) EACH s[i][j] = G(round_bf16)(s[i][j]);
        for (int l = 0; l < run->add_count; l++) {
            const int place = run->adds[l];
            const float *add = place < 0 ? local + ~place * size : fold->sums[place] + element;
            const ptrdiff_t row = place < 0 ? nv * VL : stride;
            EACH s[i][j] = G(load)(add + i * row + j * VL) + s[i][j];
            if (fold->is_rounded) EACH s[i][j] = G(round_bf16)(s[i][j]);
        }
        // Where the last columns are not a whole vector, the sum goes through a copy.
        const int place = run->destination, is_ragged = place >= 0 && columns != nv * VL;
        float *to = is_ragged ? ragged : place < 0 ? local + ~place * size : fold->sums[place] + element;
        const ptrdiff_t row = place < 0 || is_ragged ? nv * VL : stride;
        EACH G(store)(to + i * row + j * VL, s[i][j]);
        if (is_ragged)
            for (int i = 0; i < mr; i++)
                __builtin_memcpy(fold->sums[place] + element + i * stride, ragged + i * nv * VL, (size_t)columns * 4);
    }
}

// One function for each size of tile.
#define ONE_SUM(mr, nv, sees)                                                                                         \
    static __attribute__((noinline)) void G(shards_##mr##_##nv##_##sees)(                                             \
        const kernel_fold *fold, ptrdiff_t columns, const float *a, ptrdiff_t lda, const window_table *seen, const float *b, ptrdiff_t ldb, \
        ptrdiff_t element, ptrdiff_t stride, float *local) {                                                          \
        G(sum_shards)(mr, nv, sees, fold, columns, a, lda, seen, b, ldb, element, stride, local);                     \
    }
#define BOTH_SUMS(mr, nv) ONE_SUM(mr, nv, 0) ONE_SUM(mr, nv, 1)
#define EACH_SUM(mr, nv) {G(shards_##mr##_##nv##_0), G(shards_##mr##_##nv##_1)}
#if NV == 2
#define ROW_SUMS(mr) BOTH_SUMS(mr, 1) BOTH_SUMS(mr, 2)
#define SUMS(mr) {EACH_SUM(mr, 1), EACH_SUM(mr, 2)}
#else
#define ROW_SUMS(mr) BOTH_SUMS(mr, 1) BOTH_SUMS(mr, 2) BOTH_SUMS(mr, 3)
#define SUMS(mr) {EACH_SUM(mr, 1), EACH_SUM(mr, 2), EACH_SUM(mr, 3)}
#endif
ROW_SUMS(1)
ROW_SUMS(2)
ROW_SUMS(3)
ROW_SUMS(4)
#if MR >= 6
ROW_SUMS(5)
ROW_SUMS(6)
#endif
#if MR >= 8
ROW_SUMS(7)
ROW_SUMS(8)
#endif

typedef void (*G(shards_function))(const kernel_fold *, ptrdiff_t, const float *, ptrdiff_t, const window_table *, const float *, ptrdiff_t,
                                   ptrdiff_t, ptrdiff_t, float *);
static const G(shards_function) G(shards)[MR][NV][2] = {
    SUMS(1), SUMS(2), SUMS(3), SUMS(4),
#if MR >= 6
    SUMS(5), SUMS(6),
#endif
#if MR >= 8
    SUMS(7), SUMS(8),
#endif
};

/// Whether all runs are whole shards of one block of terms at most, as nearly always.
static int G(are_whole)(const kernel_fold *fold) {
    for (ptrdiff_t r = 0; r < fold->run_count; r++)
        if (!fold->runs[r].is_last || fold->runs[r].before > 0 || fold->runs[r].row_count > KERNEL_BLOCK) return 0;
    return fold->run_count > 0;
}
