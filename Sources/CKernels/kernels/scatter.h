#define ADD_PRODUCTS(type)                                                                                            \
    ptrdiff_t i = 0;                                                                                                  \
    for (; i + 4 <= count; i += 4) {                                                                                  \
        const double a = (double)factors[i * factor_stride], b = (double)factors[(i + 1) * factor_stride];            \
        const double c = (double)factors[(i + 2) * factor_stride], d = (double)factors[(i + 3) * factor_stride];      \
        const type *restrict p = rows + i * row_stride, *restrict q = p + row_stride;                                 \
        const type *restrict r = q + row_stride, *restrict s = r + row_stride;                                        \
        for (ptrdiff_t j = 0; j < columns; j++)                                                                       \
            sums[j] += (a * (double)p[j] + b * (double)q[j]) + (c * (double)r[j] + d * (double)s[j]);                 \
    }                                                                                                                 \
    for (; i < count; i++) {                                                                                          \
        const double a = (double)factors[i * factor_stride];                                                          \
        const type *restrict p = rows + i * row_stride;                                                               \
        for (ptrdiff_t j = 0; j < columns; j++) sums[j] += a * (double)p[j];                                          \
    }

static void KERNEL(add_products)(double *restrict sums, const float *factors, ptrdiff_t factor_stride, const float *rows,
                                 ptrdiff_t row_stride, ptrdiff_t count, ptrdiff_t columns) {
    ADD_PRODUCTS(float)
}

static void KERNEL(add_products_double)(double *restrict sums, const double *factors, const double *rows, ptrdiff_t row_stride,
                                        ptrdiff_t count, ptrdiff_t columns) {
    const ptrdiff_t factor_stride = 1;
    ADD_PRODUCTS(double)
}
