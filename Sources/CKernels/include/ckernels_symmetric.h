// Products in double precision for eigenvalues of symmetric matrices.
#pragma once
#include <stddef.h>

/// A factor of a product, element [i, p] of an outer index and a term at `values[i * outer + place * term]`, where `place` is
/// `places[p]`, or p where there are none.
typedef struct {
    const double *values;
    ptrdiff_t outer, term;
    const ptrdiff_t *places;
} kernel_factor;

enum {
    /// Terms that are summed before their sum is added to an element.
    kernel_double_terms = 256,
    /// Rows and columns of a product that have all terms of a sum in cache.
    kernel_double_block = 192,
    /// Doubles that `kernel_multiply_double` needs for itself.
    kernel_double_scratch = 2 * kernel_double_block * kernel_double_terms,
};
/// `c[i, j] = sum over p of a[i, p] b[j, p]` for m times n elements of rows `stride` apart, or with `subtracts` `c[i, j] -= ` that.
///
/// Each element adds its products, each rounded, one after the other, p ascending; sums of kernel_double_terms terms are added in order.
void kernel_multiply_double(int subtracts, ptrdiff_t m, ptrdiff_t n, ptrdiff_t terms, const kernel_factor *a, const kernel_factor *b,
                            double *c, ptrdiff_t stride, double *scratch);

/// The part of y = A x that some rows of the lower triangle of a symmetric A have: `y[i] = sum over j < end of a[i, j] x[j]` for rows
/// `first` to `first + rows`, and `above[j] = sum over these rows of a[i, j] x[i]` for j < first, which is what they add to the rows above.
///
/// `a` has rows `stride` apart, valid up to column `end` >= first + rows. `first` is a multiple of eight. A row's sum has eight lanes.
void kernel_symmetric_rows(double *y, double *above, const double *a, ptrdiff_t stride, const double *x, ptrdiff_t first, ptrdiff_t rows,
                           ptrdiff_t end);
/// The sum of a[i] b[i], in 32 lanes.
double kernel_dot_double(const double *a, const double *b, ptrdiff_t count);

/// Two sums over j of the secular equation, with q = z[j] / ((poles[j] - origin) - offset): of z[j] q, and of q^2; in 16 lanes.
void kernel_secular_sums(double *sums, const double *poles, const double *z, double origin, double offset, ptrdiff_t count);
/// `weights[j] *= ((poles[j] - origin) - offset) / (poles[j] - pole)`.
void kernel_secular_weights(double *weights, const double *poles, double origin, double offset, double pole, ptrdiff_t count);
/// `vector[j] = weights[j] / ((poles[j] - origin) - offset)`, divided by its length.
void kernel_secular_vector(double *vector, const double *poles, const double *weights, double origin, double offset, ptrdiff_t count);
