// Gradients of convolutions' parameters: products over all positions of all rows, in pieces whose unfinished sums go from one to the next.
#include "convolution/in_place.h"
#include "products/windows.h"

/// Columns of a window that are summed at once, over all rows; threads share columns, in units.
enum { most_columns = 1024 };
/// What windows see at once stays in the second-level cache.
enum { seen_floats = 262144 };

/// Whether x is read where it lies, rather than copied window by window.
static int is_in_place(enum kernel_precision precision, const kernel_convolution *c, const seen_maps *maps) {
    return can_be_in_place(precision, c->channels / c->groups) && padded_map_floats(maps) <= most_padded_floats;
}

/// How a thread works on the columns from `first` to `end`: so many columns and windows at once.
typedef struct {
    ptrdiff_t first, end, at_once, windows;
} gradient_pieces;

static gradient_pieces make_pieces(ptrdiff_t columns, ptrdiff_t unit, ptrdiff_t each, const seen_maps *maps, int in_place, ptrdiff_t part,
                                   ptrdiff_t parts) {
    const ptrdiff_t units = (columns + unit - 1) / unit;
    const ptrdiff_t first = least_of(columns, units * part / parts * unit), end = least_of(columns, units * (part + 1) / parts * unit);
    const ptrdiff_t count = most_of(end - first, 1), ranges = (count + most_columns - 1) / most_columns;
    const ptrdiff_t at_once = ((count + ranges - 1) / ranges + 31) / 32 * 32;
    const ptrdiff_t fitting = in_place ? seen_floats / most_of(padded_map_floats(maps), 1) * each : seen_floats / least_of(count, at_once);
    // Whole segments, so that chains end where pieces do.
    const ptrdiff_t segments = least_of(most_of(fitting / KERNEL_SEGMENT, 1), KERNEL_BLOCK / KERNEL_SEGMENT);
    return (gradient_pieces){first, end, at_once, KERNEL_SEGMENT * segments};
}

/// Bytes of what a thread needs for any part: maps with margins, what windows see or where it lies, gradients of a group, and sums of one level.
typedef struct {
    size_t maps, seen, columns, gradients, sums;
} gradient_sizes;

/// The most columns that are summed at once.
static ptrdiff_t widest_range(ptrdiff_t columns) { return least_of(columns, most_columns + 32); }

static gradient_sizes sizes_of_pieces(const kernel_convolution *c, ptrdiff_t columns, ptrdiff_t each, const seen_maps *maps, int in_place) {
    const ptrdiff_t outputs = c->outputs / c->groups, widest = widest_range(columns);
    gradient_sizes sizes = {.gradients = c->groups > 1 ? floats_of(KERNEL_BLOCK * outputs) : 0, .sums = floats_of(widest * outputs)};
    // Fewer columns are taken with more windows at once.
    if (!in_place) sizes.seen = floats_of(most_of(seen_floats, widest * KERNEL_SEGMENT));
    if (!in_place) return sizes;
    const ptrdiff_t windows = make_pieces(columns, 1, each, maps, in_place, 0, 1).windows;
    sizes.maps = copied_bytes(maps, (windows + each - 2) / each + 1);
    sizes.seen = lines_of(sizeof(void *) * (size_t)windows), sizes.columns = lines_of(sizeof(ptrdiff_t) * (size_t)widest);
    return sizes;
}

size_t kernel_convolution_gradient_scratch(enum kernel_precision precision, const kernel_convolution *c, const kernel_fold *fold) {
    const window windows = input_windows(c, 0);
    const ptrdiff_t columns = window_columns(&windows);
    const seen_maps maps = make_seen_maps(precision, c, kernel_convolve_forward);
    const gradient_sizes sizes = sizes_of_pieces(c, columns, window_count(&windows), &maps, is_in_place(precision, c, &maps));
    // That of a product does not always grow with its rows.
    size_t product = 0;
    for (ptrdiff_t count = 32; count <= KERNEL_BLOCK; count += 32) {
        const kernel_shard_rows run = {.row_count = count, .is_last = 1};
        const kernel_fold piece = {.runs = &run, .run_count = 1, .row_count = count, .is_rounded = fold->is_rounded};
        const size_t bytes = kernel_weight_gradient_scratch(precision, &piece, widest_range(columns), c->outputs / c->groups);
        product = bytes > product ? bytes : product;
    }
    return sizes.maps + sizes.seen + sizes.columns + sizes.gradients + sizes.sums * (size_t)(fold->level_count + 3) + lines_of(product);
}

/// Some columns of a group's windows, and their rows of dW.
typedef struct {
    enum kernel_precision precision;
    const kernel_fold *fold;
    const window *windows, *positions;
    const seen_maps *maps;
    const float *x, *g;
    int in_place, is_grouped;
    ptrdiff_t column, columns;
    /// The element of the flat gradients that the first belongs to.
    ptrdiff_t place;
    gradient_sizes sizes;
    char *scratch;
} gradient_columns;

/// The thread's own memory for sums: that at the fold's places below 0, by level, and behind them what is unfinished of a shard.
static float *sums_of_level(const gradient_columns *p, ptrdiff_t level) {
    return (float *)(p->scratch + p->sizes.maps + p->sizes.seen + p->sizes.columns + p->sizes.gradients + p->sizes.sums * (size_t)level);
}

static float *sums_at(const gradient_columns *p, int32_t place) {
    return place >= 0 ? p->fold->sums[place] + p->place : sums_of_level(p, ~place);
}

/// The sums of a piece: `count` windows from the `first` of x on, with their gradients.
static void sum_piece(const gradient_columns *p, const kernel_fold *piece, ptrdiff_t first, ptrdiff_t count, const float *g) {
    const ptrdiff_t outputs = p->positions->channels, each = window_count(p->windows), map = first / each;
    char *const seen = p->scratch + p->sizes.maps;
    void *const rest = sums_of_level(p, p->fold->level_count + 3);
    if (!p->in_place) {
        kernel_gather_windows(p->windows, p->x, first, count, p->column, p->columns, (float *)seen);
        kernel_weight_gradient(p->precision, piece, p->columns, outputs, (const float *)seen, g, 0, 0, 1, rest);
        return;
    }
    const ptrdiff_t maps = count > 0 ? (first + count - 1) / each - map + 1 : 0;
    const void *x = pad_maps(p->maps, p->x + map * map_floats(p->maps), maps, p->scratch);
    find_windows(p->maps, p->windows, x, first - map * each, count, (const void **)seen);
    const window_table table = {(const void *const *)seen, (const ptrdiff_t *)(seen + p->sizes.seen)};
    kernel_windows_gradient(p->precision, piece, p->columns, outputs, &table, g, 0, rest);
}

/// All windows of consecutive rows of one shard; `first_row` is the first of them.
static void sum_run(const gradient_columns *p, const kernel_shard_rows *run, ptrdiff_t first_row, ptrdiff_t at_once) {
    const kernel_fold *fold = p->fold;
    const ptrdiff_t each = window_count(p->windows), end = (run->before + run->row_count) * each, outputs = p->positions->channels;
    float *const copy = (float *)(p->scratch + p->sizes.maps + p->sizes.seen + p->sizes.columns);
    float *sums[KERNEL_FOLD_DEPTH + 1];
    kernel_fold piece = {.run_count = 1, .sums = sums, .is_rounded = fold->is_rounded};
    // A shard that is cut by the caller leaves its sums where the next call finds them.
    const int is_cut = run->before > 0 || !run->is_last;
    for (int s = 0; s < 3; s++) piece.unfinished[s] = is_cut ? fold->unfinished[s] + p->place : sums_of_level(p, fold->level_count + s);
    ptrdiff_t at = run->before * each;
    do {
        const ptrdiff_t next = least_of((at / at_once + 1) * at_once, end), count = next - at;
        const ptrdiff_t first = (first_row - run->before) * each + at;
        kernel_shard_rows some = {.row_count = count, .before = at, .is_last = run->is_last && next == end};
        if (some.is_last) {
            some.add_count = run->add_count, some.destination = run->add_count;
            for (int32_t l = 0; l < run->add_count; l++) some.adds[l] = l, sums[l] = sums_at(p, run->adds[l]);
            sums[run->add_count] = sums_at(p, run->destination);
        }
        piece.runs = &some, piece.row_count = count;
        const float *g = p->g + first * outputs;
        if (p->is_grouped) kernel_gather_windows(p->positions, p->g, first, count, 0, outputs, copy), g = copy;
        sum_piece(p, &piece, first, count, g);
        at = next;
    } while (at < end);
}

void kernel_convolution_gradient(enum kernel_precision precision, const kernel_convolution *c, const kernel_fold *fold, const float *x,
                                 const float *g, ptrdiff_t weight, ptrdiff_t part, ptrdiff_t parts, void *scratch) {
    const window first = input_windows(c, 0);
    const ptrdiff_t outputs = c->outputs / c->groups, columns = window_columns(&first);
    const ptrdiff_t each = window_count(&first);
    const seen_maps maps = make_seen_maps(precision, c, kernel_convolve_forward);
    const int in_place = is_in_place(precision, c, &maps);
    const gradient_sizes sizes = sizes_of_pieces(c, columns, each, &maps, in_place);
    // In bf16 whole runs are read in place.
    const ptrdiff_t unit = precision == kernel_bf16 && in_place ? window_run : 8;
    const gradient_pieces pieces = make_pieces(columns, unit, each, &maps, in_place, part, parts);
    for (ptrdiff_t group = 0; group < c->groups; group++) {
        const window windows = input_windows(c, group), positions = output_positions(c, group);
        gradient_columns p = {
            precision, fold, &windows, &positions, &maps, x, g, in_place, c->groups > 1, 0, 0, 0, sizes, scratch,
        };
        for (p.column = pieces.first; p.column < pieces.end; p.column += p.columns) {
            p.columns = least_of(pieces.at_once, pieces.end - p.column);
            if (in_place) find_columns(&maps, &windows, p.column, p.columns, (ptrdiff_t *)(p.scratch + sizes.maps + sizes.seen));
            p.place = weight + (group * columns + p.column) * outputs;
            ptrdiff_t row = 0;
            for (ptrdiff_t r = 0; r < fold->run_count; r++) {
                sum_run(&p, fold->runs + r, row, pieces.windows);
                row += fold->runs[r].row_count;
            }
        }
    }
}

size_t kernel_position_gradient_scratch(const kernel_fold *fold) { return sizeof *fold->runs * (size_t)fold->run_count; }

void kernel_position_gradient(const kernel_fold *fold, ptrdiff_t positions, ptrdiff_t columns, const float *values, ptrdiff_t place,
                              ptrdiff_t part, ptrdiff_t parts, void *scratch) {
    kernel_shard_rows *const runs = scratch;
    kernel_fold all = *fold;
    all.runs = runs, all.row_count *= positions;
    for (ptrdiff_t r = 0; r < fold->run_count; r++) {
        runs[r] = fold->runs[r];
        runs[r].row_count *= positions, runs[r].before *= positions;
    }
    kernel_column_gradient(&all, columns, values, columns, place, part, parts);
}
