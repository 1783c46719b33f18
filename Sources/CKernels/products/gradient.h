// dW = x^T g over the rows of many shards, each element summed along the tree while its tile is in cache. Included once for each set of
// instructions.

/// Tiles that are worked on together where shards are cut.
#define BLOCK_TILES 16

/// Some tiles of one panel of columns.
typedef struct {
    /// a[row, i] of a tile is left[tile left_tile + start left_start + row left_row + i].
    const float *left;
    ptrdiff_t left_tile, left_start, left_row;
    /// Where left is NULL.
    window_table seen;
    const float *right;
    ptrdiff_t right_row;
    ptrdiff_t columns;
    /// The element of the flat gradients that belongs to the first row and column, and the elements from row to row.
    ptrdiff_t place, stride;
    /// Memory of the tiles' own: `level_count + 3` places for each, `step` floats apart.
    float *local;
    ptrdiff_t step;
} G(gradient_panel);

/// The windows from `row` on, and their columns from the i-th on.
INLINE window_table G(seen_by)(const G(gradient_panel) *g, ptrdiff_t i, ptrdiff_t row) {
    return g->left ? (window_table){0, 0} : (window_table){g->seen.windows + row, g->seen.columns + i};
}

/// All rows of the tiles from t0 to t1 of a panel, in calls that may begin and end within a shard; `from` is the tile that `left` begins with.
static void G(sum_tiles)(const kernel_fold *fold, const tiling *t, ptrdiff_t t0, ptrdiff_t t1, ptrdiff_t from, const G(gradient_panel) *g) {
    const ptrdiff_t width = (g->columns + VL - 1) / VL * VL;
    ptrdiff_t first_row = 0;
    for (ptrdiff_t index = 0; index < fold->run_count; index++) {
        const kernel_shard_rows *run = fold->runs + index;
        const ptrdiff_t end = run->before + run->row_count;
        // A shard that is cut leaves its sums where the next call finds them.
        const int is_cut = run->before > 0 || !run->is_last;
        ptrdiff_t p = run->before;
        do {
            const ptrdiff_t segment = (p / KERNEL_SEGMENT + 1) * KERNEL_SEGMENT, q = segment < end ? segment : end;
            const int is_end = run->is_last && q == end;
            const int ends_segment = is_end || q == segment, ends_block = is_end || q % KERNEL_BLOCK == 0;
            const ptrdiff_t row = first_row + p - run->before;
            for (ptrdiff_t tile = t0; tile < t1; tile++) {
                const ptrdiff_t i = tile_start(t, tile), mr = tile_size(t, tile), element = g->place + i * g->stride;
                float *const local = g->local + (tile - t0) * MR * NR, *sums[3];
                const ptrdiff_t stride = is_cut ? g->stride : width;
                for (int s = 0; s < 3; s++) sums[s] = is_cut ? fold->unfinished[s] + element : local + (fold->level_count + s) * g->step;
                tile_ends e;
                e.seen = G(seen_by)(g, i, row);
                e.from = p % KERNEL_SEGMENT ? sums[0] : 0, e.from_stride = stride;
                e.adds = e.rounds = 0, e.end = kernel_end_none;
                float *to = sums[0];
                if (ends_segment) {
                    if (p % KERNEL_BLOCK >= KERNEL_SEGMENT) tile_add(&e, sums[1], stride);
                    to = sums[1];
                }
                if (ends_block) {
                    if (p >= KERNEL_BLOCK) tile_add(&e, sums[2], stride);
                    to = sums[2];
                }
                int is_local = !is_cut;
                if (is_end) {
                    e.rounds = fold->is_rounded, e.round_from = e.adds;
                    for (int l = 0; l < run->add_count; l++) {
                        const int place = run->adds[l];
                        if (place >= 0) tile_add(&e, fold->sums[place] + element, g->stride);
                        else tile_add(&e, local + ~place * g->step, width);
                    }
                    const int place = run->destination;
                    is_local = place < 0;
                    to = is_local ? local + ~place * g->step : fold->sums[place] + element;
                }
                const float *a = g->left ? g->left + (tile - from) * g->left_tile + i * g->left_start + row * g->left_row : 0;
                G(run)(mr, is_local ? width : g->columns, g->left ? left_columns : left_window_columns, q - p, a, g->left_row,
                       g->right + row * g->right_row, g->right_row, &e, to, is_local ? width : g->stride);
            }
            p = q;
        } while (p < end);
        first_row += run->row_count;
    }
}

/// All rows of one tile, of whole shards.
static void G(sum_whole)(const kernel_fold *fold, const tiling *t, ptrdiff_t tile, ptrdiff_t from, const G(gradient_panel) *g) {
    const ptrdiff_t i = tile_start(t, tile), nv = (g->columns + VL - 1) / VL;
    const window_table seen = G(seen_by)(g, i, 0);
    const float *a = g->left ? g->left + (tile - from) * g->left_tile + i * g->left_start : 0;
    G(shards)[tile_size(t, tile) - 1][nv - 1][!g->left](fold, g->columns, a, g->left_row, &seen, g->right, g->right_row,
                                                        g->place + i * g->stride, g->stride, g->local);
}

/// Tiles whose columns of x are packed at a time: few, so that the rows of dW that they write stay near, but all of a panel's rows are to be
/// read often enough.
static ptrdiff_t G(packed_tiles)(ptrdiff_t rows) { return rows > 512 ? BLOCK_TILES : BLOCK_TILES / 2; }

static size_t G(gradient_scratch)(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs) {
    const ptrdiff_t tiles = make_tiling(inputs, MR).tiles, block = G(packed_tiles)(fold->row_count);
    return (size_t)((fold->level_count + 3) * BLOCK_TILES * MR * NR + (fold->row_count + 1) * ((outputs + NR) + (tiles < block ? tiles : block) * MR)
                    + 64);
}

static void G(gradient)(const kernel_fold *fold, ptrdiff_t inputs, ptrdiff_t outputs, const float *x, const window_table *seen,
                        const float *g, ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, float *scratch) {
    const tiling t = make_tiling(inputs, MR);
    const tiling panels = G(panels_of)(outputs);
    const ptrdiff_t rows = fold->row_count;
    // Threads share what there is more of: tiles or panels.
    const int by_tiles = t.tiles >= panels.tiles;
    const ptrdiff_t first = by_tiles ? t.tiles * part / parts : 0, end = by_tiles ? t.tiles * (part + 1) / parts : t.tiles;
    const ptrdiff_t panel0 = by_tiles ? 0 : panels.tiles * part / parts;
    const ptrdiff_t panel1 = by_tiles ? panels.tiles : panels.tiles * (part + 1) / parts;
    if (first >= end || panel0 >= panel1) return;
    const int is_whole = G(are_whole)(fold);
    float *const right = scratch + (fold->level_count + 3) * BLOCK_TILES * MR * NR, *const left = right + (rows + 1) * (outputs + NR) / 16 * 16;
    // Neither is packed for a few uses, nor short rows of whole vectors, which lie close together as they are.
    const int is_close = outputs <= 64 && outputs % VL == 0;
    const int packs_x = x && panel1 - panel0 > 2, packs_g = end - first > 4 && !is_close;
    if (packs_g)
        for (ptrdiff_t panel = panel0; panel < panel1; panel++) {
            const G(panel_columns) of = G(columns_of)(&panels, panel, outputs);
            G(pack_panel)(rows, of.columns, g + of.first, outputs, right + of.first * rows);
        }
    const ptrdiff_t packed = packs_x ? G(packed_tiles)(rows) : end - first;
    for (ptrdiff_t b0 = first; b0 < end; b0 += packed) {
        const ptrdiff_t b1 = b0 + packed < end ? b0 + packed : end;
        if (packs_x) G(pack_columns)(rows, &t, b0, b1, x, inputs, left);
        for (ptrdiff_t panel = panel0; panel < panel1; panel++) {
            const G(panel_columns) of = G(columns_of)(&panels, panel, outputs);
            const ptrdiff_t j = of.first, columns = of.columns, width = (columns + VL - 1) / VL * VL;
            const G(gradient_panel) some = {
                .left = packs_x ? left : x, .left_tile = packs_x ? rows * MR : 0, .left_start = packs_x ? 0 : 1,
                .left_row = packs_x ? MR : inputs, .right = packs_g ? right + j * rows : g + j, .right_row = packs_g ? width : outputs,
                .columns = columns, .place = weight + j, .stride = outputs, .local = scratch, .seen = x ? (window_table){0, 0} : *seen,
                .step = BLOCK_TILES * MR * NR,
            };
            if (is_whole)
                for (ptrdiff_t tile = b0; tile < b1; tile++) G(sum_whole)(fold, &t, tile, b0, &some);
            else
                for (ptrdiff_t t0 = b0; t0 < b1; t0 += BLOCK_TILES)
                    G(sum_tiles)(fold, &t, t0, t0 + BLOCK_TILES < b1 ? t0 + BLOCK_TILES : b1, b0, &some);
        }
    }
}

static void G(columns)(const kernel_fold *fold, ptrdiff_t columns, const float *values, ptrdiff_t stride, ptrdiff_t place, ptrdiff_t part,
                       ptrdiff_t parts) {
    static const float one[MR] = {1};
    const tiling t = make_tiling(1, 1);
    const int is_whole = G(are_whole)(fold);
    G(vec) local[(KERNEL_FOLD_DEPTH + 3) * NV];
    const tiling panels = G(panels_of)(columns);
    for (ptrdiff_t panel = panels.tiles * part / parts; panel < panels.tiles * (part + 1) / parts; panel++) {
        const G(panel_columns) of = G(columns_of)(&panels, panel, columns);
        const ptrdiff_t j = of.first;
        const G(gradient_panel) some = {
            .left = one, .right = values + j, .right_row = stride, .columns = of.columns, .place = place + j,
            .stride = columns, .local = (float *)local, .step = NR,
        };
        if (is_whole) G(sum_whole)(fold, &t, 0, 0, &some);
        else G(sum_tiles)(fold, &t, 0, 1, 0, &some);
    }
}
