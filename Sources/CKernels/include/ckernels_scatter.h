// Sums of products in double precision, for statistics of many columns.
#pragma once
#include <stddef.h>

/// `sums[j] += factors[i * factor_stride] * rows[i * row_stride + j]` for all i, in groups of four rows, so that calls of a multiple
/// of four rows add up to the same bits however many there are.
void kernel_add_products(double *sums, const float *factors, ptrdiff_t factor_stride, const float *rows, ptrdiff_t row_stride,
                         ptrdiff_t count, ptrdiff_t columns);

/// The same of doubles that follow each other.
void kernel_add_products_double(double *sums, const double *factors, const double *rows, ptrdiff_t row_stride, ptrdiff_t count,
                                ptrdiff_t columns);
