// What is done to rows in double precision, so that no digit of a small spread on a large offset is lost before they are rounded to
// floats. Values that are not numbers stay what they are.
#pragma once
#include <stddef.h>

/// Scales a row to the sum `total`; a row whose sum is 0 stays.
void kernel_exact_scale_to_total(double *row, double total, ptrdiff_t features);

/// log(1 + x) of x >= 0, accurate also for small x.
void kernel_exact_log1p(double *row, ptrdiff_t features);

/// `(x - shift) * factor`, each feature with its own.
void kernel_exact_shift_and_scale(double *row, const double *shift, const double *factor, ptrdiff_t features);

void kernel_exact_clamp(double *row, double low, double high, ptrdiff_t features);

/// 1 where x is above the threshold, else 0.
void kernel_exact_threshold(double *row, double threshold, ptrdiff_t features);

/// Takes a row into each feature's count, first, least and greatest value, mean, and sum of squared deviations from it (Welford 1962).
/// The mean is that of the differences from the first value.
void kernel_exact_take_moments(const double *row, double *counts, double *firsts, double *lows, double *highs, double *means,
                               double *squares, ptrdiff_t features);

/// `values / factor + shift` of `[rows, features]`: undoes ``kernel_exact_shift_and_scale``.
void kernel_exact_restore(double *restored, const float *values, const double *shift, const double *factor, ptrdiff_t rows,
                          ptrdiff_t features);
