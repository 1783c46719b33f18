// The micro-kernel: a tile of a product, in registers. Every element is a chain of its own and vectors run over columns alone, so that the
// bits are those of a scalar loop, whatever the vectors, the tile and the blocking. Included once for each set of instructions with
//   MR, NV  rows and vectors of the largest tile    AHEAD  cache lines of the next panel asked for in four steps

#define NR (NV * VL)
#define ALL _Pragma("clang loop unroll(full)")

#define EACH ALL for (int i = 0; i < mr; i++) ALL for (int j = 0; j < nv; j++)
// One term of every chain; the next of b lies `next` floats ahead.
#define STEP(A, next)                                                                                                 \
    {                                                                                                                 \
        G(vec) w[NV];                                                                                                 \
        ALL for (int j = 0; j < nv; j++) w[j] = G(load)(b + j * VL);                                                  \
        ALL for (int i = 0; i < mr; i++) {                                                                            \
            const float x = A;                                                                                        \
            const G(vec) v = x - (G(vec)){0};                                                                         \
            ALL for (int j = 0; j < nv; j++) s[i][j] = G(fma)(v, w[j], s[i][j]);                                      \
        }                                                                                                             \
        b += next;                                                                                                    \
    }

/// s[mr, nv vectors] = start + sum over k ascending of a[i, k] b[k, j], one fused multiply-add a term.
INLINE void G(tile)(const int mr, const int nv, const enum tile_left left, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb,
                    const tile_ends *e, float *c, ptrdiff_t ldc) {
    G(vec) s[MR][NV];
    if (!e->from) {
        ALL for (int i = 0; i < mr; i++) ALL for (int j = 0; j < nv; j++) s[i][j] = (G(vec)){0};
    } else {
        const float *from = e->from;
        ALL for (int i = 0; i < mr; i++) ALL for (int j = 0; j < nv; j++) s[i][j] = G(load)(from + i * e->from_stride + j * VL);
    }
    if (left == left_rows) {
        const char *ahead = (const char *)e->ahead;
        // One pointer for three rows: as many as there are registers for.
        const float *base[(MR + 2) / 3];
        ALL for (int i = 0; i < mr; i += 3) base[i / 3] = a + i * lda;
        ptrdiff_t p = k;
        for (; p >= 4; p -= 4) {
            ALL for (int u = 0; u < AHEAD; u++) __builtin_prefetch(ahead + 64 * u, 0, 2);
            ALL for (int u = 0; u < 4; u++) STEP(base[i / 3][i % 3 * lda + u], nv * VL)
            ALL for (int i = 0; i < mr; i += 3) base[i / 3] += 4;
            ahead += 64 * AHEAD;
        }
        for (; p > 0; p--) {
            STEP(base[i / 3][i % 3 * lda], nv * VL)
            ALL for (int i = 0; i < mr; i += 3) base[i / 3]++;
        }
    } else if (left == left_rows_in_place) {
        const float *ahead = e->ahead;
        const float *base[(MR + 2) / 3];
        ALL for (int i = 0; i < mr; i += 3) base[i / 3] = a + i * lda;
        ptrdiff_t p = k;
        for (; p >= 4; p -= 4) {
            // A row of b, which may begin anywhere in a line.
            ALL for (int u = 0; u <= nv * VL / 16; u++) __builtin_prefetch(ahead + 16 * u, 0, 2);
            ALL for (int u = 0; u < 4; u++) STEP(base[i / 3][i % 3 * lda + u], ldb)
            // Each stays in a register: computed from each other they would leave none for a row of b.
            ALL for (int i = 0; i < mr; i += 3) {
                base[i / 3] += 4;
                __asm__("" : "+r"(base[i / 3]));
            }
            ahead += ldb;
        }
        for (; p > 0; p--) {
            STEP(base[i / 3][i % 3 * lda], ldb)
            ALL for (int i = 0; i < mr; i += 3) base[i / 3]++;
        }
    } else if (left == left_windows) {
        const char *ahead = (const char *)e->ahead;
        const ptrdiff_t *column = e->seen.columns;
        const float *window[MR];
        ALL for (int i = 0; i < mr; i++) window[i] = e->seen.windows[i];
        // Large maps come from far away, and stores would wait for them.
        EACH __builtin_prefetch(c + i * ldc + j * VL, 1, 3);
        if (e->end >= kernel_end_relu_derivative) EACH __builtin_prefetch(e->values + i * e->values_stride + j * VL, 0, 3);
        ptrdiff_t p = k;
        for (; p >= 4; p -= 4) {
            ALL for (int u = 0; u < AHEAD; u++) __builtin_prefetch(ahead + 64 * u, 0, 2);
            ALL for (int u = 0; u < 4; u++) {
                const ptrdiff_t q = column[u];
                STEP(window[i][q], nv * VL)
                // Otherwise the compiler reads all four steps' values first, and has no registers for them.
                __asm__ volatile("" : : : "memory");
            }
            column += 4;
            ahead += 64 * AHEAD;
        }
        for (; p > 0; p--) {
            const ptrdiff_t q = *column++;
            STEP(window[i][q], nv * VL)
        }
    } else if (left == left_window_columns) {
        const void *const *window = e->seen.windows;
        ptrdiff_t column[MR];
        ALL for (int i = 0; i < mr; i++) column[i] = e->seen.columns[i];
        for (ptrdiff_t p = k; p > 0; p--) {
            const float *seen_row = *window++;
            STEP(seen_row[column[i]], ldb)
        }
    } else {
        ptrdiff_t p = k;
        ALL for (int i = 0; i < mr; i++) ALL for (int j = 0; j < nv; j++) __builtin_prefetch(c + i * ldc + j * VL, 1, 3);
        for (; p >= 2; p -= 2) {
            STEP(a[i], ldb)
            a += lda;
            STEP(a[i], ldb)
            a += lda;
        }
        if (p > 0) STEP(a[i], ldb)
    }
    if (e->rounds && e->round_from == 0) EACH s[i][j] = G(round_bf16)(s[i][j]);
    for (int l = 0; l < e->adds; l++) {
        const float *add = e->add[l];
        const ptrdiff_t stride = e->add_stride[l];
        EACH s[i][j] = G(load)(add + i * stride + j * VL) + s[i][j];
        if (e->rounds && l + 1 >= e->round_from) EACH s[i][j] = G(round_bf16)(s[i][j]);
    }
    switch (e->end) {
    case kernel_end_none: break;
    case kernel_end_relu: EACH s[i][j] = (G(vec))(~(s[i][j] < 0) & (G(ivec))s[i][j]); break;
    case kernel_end_leaky_relu: EACH s[i][j] = G(select)(s[i][j] < 0, s[i][j] * e->slope, s[i][j]); break;
    case kernel_end_relu_derivative:
        EACH s[i][j] = (G(vec))((G(load)(e->values + i * e->values_stride + j * VL) > 0) & (G(ivec))s[i][j]);
        break;
    case kernel_end_leaky_relu_derivative:
        EACH s[i][j] = G(select)(G(load)(e->values + i * e->values_stride + j * VL) > 0, s[i][j], s[i][j] * e->slope);
        break;
    }
    EACH G(store)(c + i * ldc + j * VL, s[i][j]);
}

// One function for each size of tile.
#define ONE(mr, nv, by)                                                                                               \
    static __attribute__((noinline)) void G(tile_##mr##_##nv##_##by)(ptrdiff_t k, const float *a, ptrdiff_t lda,      \
                                                                      const float *b, ptrdiff_t ldb,                  \
                                                                      const tile_ends *e, float *c, ptrdiff_t ldc) {  \
        G(tile)(mr, nv, by, k, a, lda, b, ldb, e, c, ldc);                                                            \
    }
#define ALL_LEFT(mr, nv) ONE(mr, nv, 0) ONE(mr, nv, 1) ONE(mr, nv, 2) ONE(mr, nv, 3) ONE(mr, nv, 4)
#define EACH_LEFT(mr, nv)                                                                                             \
    {G(tile_##mr##_##nv##_0), G(tile_##mr##_##nv##_1), G(tile_##mr##_##nv##_2), G(tile_##mr##_##nv##_3), G(tile_##mr##_##nv##_4)}
#if NV == 2
#define ROWS(mr) ALL_LEFT(mr, 1) ALL_LEFT(mr, 2)
#define REFERENCE(mr) {EACH_LEFT(mr, 1), EACH_LEFT(mr, 2)}
#else
#define ROWS(mr) ALL_LEFT(mr, 1) ALL_LEFT(mr, 2) ALL_LEFT(mr, 3)
#define REFERENCE(mr) {EACH_LEFT(mr, 1), EACH_LEFT(mr, 2), EACH_LEFT(mr, 3)}
#endif
ROWS(1)
ROWS(2)
ROWS(3)
ROWS(4)
#if MR >= 6
ROWS(5)
ROWS(6)
#endif
#if MR >= 8
ROWS(7)
ROWS(8)
#endif

typedef void (*G(tile_function))(ptrdiff_t, const float *, ptrdiff_t, const float *, ptrdiff_t, const tile_ends *, float *, ptrdiff_t);
static const G(tile_function) G(tiles)[MR][NV][5] = {
    REFERENCE(1), REFERENCE(2), REFERENCE(3), REFERENCE(4),
#if MR >= 6
    REFERENCE(5), REFERENCE(6),
#endif
#if MR >= 8
    REFERENCE(7), REFERENCE(8),
#endif
};

/// Nothing but multiply-adds, of `rounds` times as many vectors as a tile has; what the processor can do at most. Gives their number of
/// floating-point operations, and a sum that must not be left out.
static double G(multiply_adds)(ptrdiff_t rounds, float *sum) {
    G(vec) s[MR * NV], a = *sum - (G(vec)){0}, b = a * 0.5f;
    ALL for (int i = 0; i < MR * NV; i++) s[i] = a * (float)i;
    for (ptrdiff_t r = 0; r < rounds; r++) ALL for (int i = 0; i < MR * NV; i++) s[i] = G(fma)(s[i], a, b);
    ALL for (int i = 1; i < MR * NV; i++) s[0] += s[i];
    *sum = s[0][0];
    return 2.0 * (double)rounds * MR * NV * VL;
}

/// A tile of any number of columns: where the last are not a whole vector it goes through a copy. What is read may have anything behind its
/// last column.
static void G(run)(ptrdiff_t mr, ptrdiff_t columns, enum tile_left left, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, ptrdiff_t ldb,
                   const tile_ends *e, float *c, ptrdiff_t ldc) {
    const ptrdiff_t nv = (columns + VL - 1) / VL, width = nv * VL;
    const G(tile_function) tile = G(tiles)[mr - 1][nv - 1][left];
    if (columns == width) {
        tile(k, a, lda, b, ldb, e, c, ldc);
        return;
    }
    G(vec) copy[MR * NV];
    tile(k, a, lda, b, ldb, e, (float *)copy, width);
    for (ptrdiff_t i = 0; i < mr; i++) __builtin_memcpy(c + i * ldc, (float *)copy + i * width, (size_t)columns * 4);
}
