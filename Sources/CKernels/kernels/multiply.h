// The product in double precision: both factors are packed into panels, and a tile of the result is summed up in registers. Every element
// is a sum of its own and vectors run over columns alone, so the bits do not depend on vectors, tiles and blocks of rows and columns.

// Products and sums are rounded by themselves, unlike in the products in single precision: processors without a fused multiply-add have
// no wider type to make one of.
#if VECTOR_BYTES == 64
enum { tile_rows = 8, tile_vectors = 3 };
#else
enum { tile_rows = 4, tile_vectors = 2 };
#endif
typedef double KERNEL(vector) __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
enum { lanes_of_vector = VECTOR_BYTES / 8, tile_columns = tile_vectors * lanes_of_vector };

/// Elements of a factor as [panel][term][width], zeros behind the last.
static void KERNEL(pack_factor)(const kernel_factor *factor, ptrdiff_t first, ptrdiff_t count, ptrdiff_t first_term, ptrdiff_t terms,
                                ptrdiff_t width, double *restrict panel) {
    for (ptrdiff_t i = 0; i < count; i += width, panel += width * terms) {
        const ptrdiff_t some = count - i < width ? count - i : width;
        const double *values = factor->values + (first + i) * factor->outer;
        if (some < width) memset(panel, 0, (size_t)(width * terms) * sizeof *panel);
        if (factor->outer == 1)
            for (ptrdiff_t p = 0; p < terms; p++) {
                const ptrdiff_t place = factor->places ? factor->places[first_term + p] : first_term + p;
                memcpy(panel + p * width, values + place * factor->term, (size_t)some * sizeof *panel);
            }
        else
            for (ptrdiff_t p = 0; p < terms; p++) {
                const ptrdiff_t place = factor->places ? factor->places[first_term + p] : first_term + p;
                for (ptrdiff_t x = 0; x < some; x++) panel[p * width + x] = values[x * factor->outer + place * factor->term];
            }
    }
}

#define EACH_OF_TILE                                                                                                  \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < tile_rows; i++)                                            \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < tile_vectors; v++)

/// A whole tile: of sums, or of what is there, or 0, less sums.
static void KERNEL(multiply_tile)(int adds, int subtracts, ptrdiff_t terms, const double *a, const double *b, double *c, ptrdiff_t stride) {
    KERNEL(vector) s[tile_rows][tile_vectors];
    EACH_OF_TILE s[i][v] = (KERNEL(vector)){0};
    for (ptrdiff_t p = 0; p < terms; p++, a += tile_rows, b += tile_columns)
        EACH_OF_TILE s[i][v] += a[i] * *(const KERNEL(vector) *)(b + v * lanes_of_vector);
    EACH_OF_TILE {
        KERNEL(vector) *to = (KERNEL(vector) *)(c + i * stride + v * lanes_of_vector);
        *to = subtracts ? *to - s[i][v] : adds ? *to + s[i][v] : s[i][v];
    }
}

static void KERNEL(multiply_double)(int subtracts, ptrdiff_t m, ptrdiff_t n, ptrdiff_t terms, const kernel_factor *a, const kernel_factor *b,
                                    double *c, ptrdiff_t stride, double *scratch) {
    double *const rows = scratch, *const columns = scratch + kernel_double_block * kernel_double_terms;
    if (terms == 0 && !subtracts)
        for (ptrdiff_t i = 0; i < m; i++) memset(c + i * stride, 0, (size_t)n * sizeof *c);
    for (ptrdiff_t j0 = 0; j0 < n; j0 += kernel_double_block)
        for (ptrdiff_t p = 0; p < terms; p += kernel_double_terms) {
            const ptrdiff_t j1 = n - j0 < kernel_double_block ? n : j0 + kernel_double_block;
            const ptrdiff_t depth = terms - p < kernel_double_terms ? terms - p : kernel_double_terms;
            KERNEL(pack_factor)(b, j0, j1 - j0, p, depth, tile_columns, columns);
            for (ptrdiff_t i0 = 0; i0 < m; i0 += kernel_double_block) {
                const ptrdiff_t i1 = m - i0 < kernel_double_block ? m : i0 + kernel_double_block;
                KERNEL(pack_factor)(a, i0, i1 - i0, p, depth, tile_rows, rows);
                for (ptrdiff_t j = j0; j < j1; j += tile_columns)
                    for (ptrdiff_t i = i0; i < i1; i += tile_rows) {
                        const double *pa = rows + (i - i0) * depth, *pb = columns + (j - j0) * depth;
                        double *to = c + i * stride + j;
                        if (i + tile_rows <= m && j + tile_columns <= n) {
                            KERNEL(multiply_tile)(p > 0, subtracts, depth, pa, pb, to, stride);
                            continue;
                        }
                        // At the edges by way of a copy.
                        double copy[tile_rows * tile_columns] = {0};
                        const ptrdiff_t some_rows = m - i < tile_rows ? m - i : tile_rows;
                        const size_t bytes = (size_t)(n - j < tile_columns ? n - j : tile_columns) * sizeof *c;
                        for (ptrdiff_t x = 0; x < some_rows; x++) memcpy(copy + x * tile_columns, to + x * stride, bytes);
                        KERNEL(multiply_tile)(p > 0, subtracts, depth, pa, pb, copy, tile_columns);
                        for (ptrdiff_t x = 0; x < some_rows; x++) memcpy(to + x * stride, copy + x * tile_columns, bytes);
                    }
            }
        }
}
