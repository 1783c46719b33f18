// c[m, n] = end(bias + a[m, k] b[k, n]) with b packed, or as it lies. Included once for each set of instructions.

/// Tiles of rows that are taken through all panels: so few that they stay in the second-level cache beside the panels, and that a panel is used
/// often enough.
static ptrdiff_t G(rows_block)(ptrdiff_t k) {
    const ptrdiff_t fitting = L2_FLOATS / 2 / (k + 1) / MR, usual = 96 / MR, tiles = fitting < usual ? fitting : usual;
    return tiles < 4 ? 4 : tiles;
}

/// Floats for the chains of a block of terms, where there is more than one block.
static size_t G(product_scratch)(ptrdiff_t m, ptrdiff_t k) {
    if (k <= KERNEL_BLOCK) return 0;
    const ptrdiff_t tiles = (m + MR - 1) / MR, block = G(rows_block)(k);
    return (size_t)((tiles < block ? tiles : block + 1) * MR * NR);
}

static void G(product)(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, const float *a, const window_table *seen, const float *b, ptrdiff_t ldb,
                       const kernel_product_ends *ends, float *c, float *scratch) {
    const enum tile_left left = !a ? left_windows : ldb ? left_rows_in_place : left_rows;
    const tiling rows = make_tiling(m, MR), panels = G(panels_of)(n);
    const ptrdiff_t most = G(rows_block)(k), blocks = (rows.tiles + most - 1) / most;
    // Nothing before it asks for the first panel, and the processor sees no order in what lies apart.
    for (ptrdiff_t p = 0; ldb && p < k; p++)
        for (ptrdiff_t x = 0; x < NR && x < n; x += 16) __builtin_prefetch(b + p * ldb + x, 0, 2);
    for (ptrdiff_t u = 0; u < blocks; u++) {
        const ptrdiff_t t0 = rows.tiles * u / blocks, t1 = rows.tiles * (u + 1) / blocks;
        for (ptrdiff_t number = 0; number < panels.tiles; number++) {
            const G(panel_columns) of = G(columns_of)(&panels, number, n);
            const ptrdiff_t j = of.first, columns = of.columns, width = (columns + VL - 1) / VL * VL;
            const float *panel = b + (ldb ? j : j * k);
            const ptrdiff_t stride = ldb ? ldb : width;
            ptrdiff_t p = 0;
            do {
                const ptrdiff_t depth = k - p < KERNEL_SEGMENT ? k - p : KERNEL_SEGMENT, q = p + depth;
                const int ends_block = q % KERNEL_BLOCK == 0 || q == k, in_first = p < KERNEL_BLOCK;
                // What comes next; behind the last panel that is the first, for other rows.
                const float *next = q < k ? panel + q * stride : number + 1 == panels.tiles ? b : panel + (ldb ? width : k * width);
                for (ptrdiff_t t = t0; t < t1; t++) {
                    const ptrdiff_t i = tile_start(&rows, t);
                    float *out = c + i * n + j, *block = scratch + (t - t0) * MR * NR;
                    tile_ends e;
                    const float *rows_of_a = a ? a + i * k + p : 0;
                    if (!a) e.seen = (window_table){seen->windows + i, seen->columns + p};
                    e.from = p == 0 && ends->bias ? ends->bias + j : 0, e.from_stride = 0;
                    e.adds = e.rounds = 0;
                    // Of the first block c holds the sum so far; of the others it is the sum of the blocks before.
                    if (p % KERNEL_BLOCK) tile_add(&e, in_first ? out : block, in_first ? n : width);
                    if (!in_first && ends_block) tile_add(&e, out, n);
                    e.end = q == k ? ends->end : kernel_end_none, e.slope = ends->slope;
                    e.values = ends->values ? ends->values + i * n + j : 0, e.values_stride = n;
                    // A row of b in four steps, or so many lines of a panel.
                    e.ahead = next + (ldb ? (t - t0) * (depth / 4) * ldb : (t - t0) * depth * 4 * AHEAD);
                    if (in_first || ends_block)
                        G(run)(tile_size(&rows, t), columns, left, depth, rows_of_a, k, panel + p * stride, stride, &e, out, n);
                    else G(run)(tile_size(&rows, t), width, left, depth, rows_of_a, k, panel + p * stride, stride, &e, block, width);
                }
                p = q;
            } while (p < k);
        }
    }
}
