// Panels of matrices, as tiles read them. Included once for each set of instructions.

/// `columns` from `first` on.
typedef struct {
    ptrdiff_t first, columns;
} G(panel_columns);

/// The panels of n columns: whole vectors, dealt out evenly, as narrow panels are slow.
INLINE tiling G(panels_of)(ptrdiff_t n) { return make_tiling((n + VL - 1) / VL, NV); }

INLINE G(panel_columns) G(columns_of)(const tiling *panels, ptrdiff_t panel, ptrdiff_t n) {
    const ptrdiff_t first = tile_start(panels, panel) * VL, width = tile_size(panels, panel) * VL;
    return (G(panel_columns)){first, n - first < width ? n - first : width};
}

/// `columns` of b[k, ...] from its column 0 on, as [k][whole vectors], zeros behind.
static void G(pack_panel)(ptrdiff_t k, ptrdiff_t columns, const float *b, ptrdiff_t ldb, float *to) {
    const ptrdiff_t width = (columns + VL - 1) / VL * VL;
    for (ptrdiff_t p = 0; p < k; p++, to += width) {
        const float *row = b + p * ldb;
        ptrdiff_t x = 0;
        for (; x + VL <= columns; x += VL) *(G(vec) *)(to + x) = G(load)(row + x);
        if (x < columns) *(G(vec) *)(to + x) = G(load_some)(row + x, columns - x);
    }
}

/// The same of b stored as [columns, k].
static void G(pack_transposed)(ptrdiff_t k, ptrdiff_t columns, const float *b, ptrdiff_t ldb, float *to) {
    const ptrdiff_t width = (columns + VL - 1) / VL * VL;
    // 16 of k at a time, so that cache lines of b are used whole.
    for (ptrdiff_t p = 0; p < k; p += 16) {
        const ptrdiff_t deep = k - p < 16 ? k - p : 16;
        ptrdiff_t x = 0;
        for (; deep == 16 && x + 4 <= columns; x += 4)
            ALL for (int q = 0; q < 16; q += 4) {
                const float *row = b + x * ldb + p + q;
                const quad r0 = *(const loose_quad *)row, r1 = *(const loose_quad *)(row + ldb);
                const quad r2 = *(const loose_quad *)(row + 2 * ldb), r3 = *(const loose_quad *)(row + 3 * ldb);
                const quad s0 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), s1 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
                const quad s2 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7), s3 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
                float *out = to + q * width + x;
                *(quad *)out = __builtin_shufflevector(s0, s1, 0, 1, 4, 5);
                *(quad *)(out + width) = __builtin_shufflevector(s0, s1, 2, 3, 6, 7);
                *(quad *)(out + 2 * width) = __builtin_shufflevector(s2, s3, 0, 1, 4, 5);
                *(quad *)(out + 3 * width) = __builtin_shufflevector(s2, s3, 2, 3, 6, 7);
            }
        for (; x < width; x++)
            for (ptrdiff_t q = 0; q < deep; q++) to[q * width + x] = x < columns ? b[x * ldb + p + q] : 0;
        to += deep * width;
    }
}

static void G(pack)(ptrdiff_t k, ptrdiff_t n, const float *b, int transposed, ptrdiff_t part, ptrdiff_t parts, float *packed) {
    const tiling panels = G(panels_of)(n);
    for (ptrdiff_t panel = panels.tiles * part / parts; panel < panels.tiles * (part + 1) / parts; panel++) {
        const G(panel_columns) of = G(columns_of)(&panels, panel, n);
        const ptrdiff_t j = of.first, columns = of.columns;
        if (transposed) G(pack_transposed)(k, columns, b + j * k, k, packed + j * k);
        else G(pack_panel)(k, columns, b + j, n, packed + j * k);
    }
}

/// Columns of x[rows, ...] as [tile][row][MR], each tile with `mr` of them.
static void G(pack_columns)(ptrdiff_t rows, const tiling *t, ptrdiff_t first, ptrdiff_t end, const float *x, ptrdiff_t ldx, float *to) {
    // 16 rows at a time: all of their tiles are read while their lines are near.
    for (ptrdiff_t r0 = 0; r0 < rows; r0 += 16) {
        const ptrdiff_t r1 = r0 + 16 < rows ? r0 + 16 : rows;
        for (ptrdiff_t tile = first; tile < end; tile++) {
            const ptrdiff_t i = tile_start(t, tile), mr = tile_size(t, tile);
            float *panel = to + (tile - first) * rows * MR;
            if (i + MR <= t->count)
                for (ptrdiff_t r = r0; r < r1; r++) __builtin_memcpy(panel + r * MR, x + r * ldx + i, MR * 4);
            else
                for (ptrdiff_t r = r0; r < r1; r++)
                    for (ptrdiff_t q = 0; q < mr; q++) panel[r * MR + q] = x[r * ldx + i + q];
        }
    }
}
