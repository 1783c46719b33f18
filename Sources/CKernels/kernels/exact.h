#include "../lanes.h"
#include "../math.h"

static void KERNEL(exact_scale_to_total)(double *restrict row, double total, ptrdiff_t features) {
    double lanes[LANES] = {0};
    ptrdiff_t first = 0;
    for (; first + LANES <= features; first += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            const double x = row[first + lane];
            lanes[lane] += x == x ? x : 0.0;
        }
    for (ptrdiff_t i = first; i < features; i++) lanes[i - first] += row[i] == row[i] ? row[i] : 0.0;
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += lanes[lane];
    if (sum == 0) return;
    const double factor = total / sum;
    for (ptrdiff_t i = 0; i < features; i++) row[i] *= factor;
}

static void KERNEL(exact_log1p)(double *restrict row, ptrdiff_t features) {
    for (ptrdiff_t i = 0; i < features; i++) row[i] = log1p_double(row[i]);
}

static void KERNEL(exact_shift_and_scale)(double *restrict row, const double *restrict shift, const double *restrict factor,
                                          ptrdiff_t features) {
    for (ptrdiff_t i = 0; i < features; i++) row[i] = (row[i] - shift[i]) * factor[i];
}

static void KERNEL(exact_clamp)(double *restrict row, double low, double high, ptrdiff_t features) {
    for (ptrdiff_t i = 0; i < features; i++) {
        // In this order so that not a number passes through.
        const double x = row[i] < low ? low : row[i];
        row[i] = x > high ? high : x;
    }
}

static void KERNEL(exact_threshold)(double *restrict row, double threshold, ptrdiff_t features) {
    for (ptrdiff_t i = 0; i < features; i++) {
        const double x = row[i];
        row[i] = x > threshold ? 1.0 : x == x ? 0.0 : x;
    }
}

static void KERNEL(exact_take_moments)(const double *restrict row, double *restrict counts, double *restrict firsts,
                                       double *restrict lows, double *restrict highs, double *restrict means,
                                       double *restrict squares, ptrdiff_t features) {
    for (ptrdiff_t i = 0; i < features; i++) {
        const int is_there = row[i] == row[i];
        const double x = is_there ? row[i] : 0.0, seen = is_there ? 1.0 : 0.0;
        const double first = counts[i] > 0 ? firsts[i] : x;
        const double count = counts[i] + seen;
        const double d = x - first - means[i];
        const double mean = means[i] + seen * d / (count > 0 ? count : 1.0);
        squares[i] += seen * d * (x - first - mean);
        means[i] = mean;
        firsts[i] = first;
        counts[i] = count;
        lows[i] = is_there && x < lows[i] ? x : lows[i];
        highs[i] = is_there && x > highs[i] ? x : highs[i];
    }
}

static void KERNEL(exact_restore)(double *restrict restored, const float *restrict values, const double *restrict shift,
                                  const double *restrict factor, ptrdiff_t rows, ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, restored += features, values += features)
        for (ptrdiff_t i = 0; i < features; i++) restored[i] = (double)values[i] / factor[i] + shift[i];
}
