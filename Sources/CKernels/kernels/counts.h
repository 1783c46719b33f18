#include "../gamma.h"
#include "../lanes.h"

// What the likelihoods of counts share. The means of a row are l rho: l the sum of its counts, rho the softmax of the decoder's logits
// over the columns that are there (Lopez et al. 2018, "Deep generative modeling for single-cell transcriptomics", Methods); or, of rates, they
// are exp(o), and a row's columns have nothing to do with each other. Most counts are
// 0: what all columns need runs over the row in single precision, and what counts above 0 need besides, such as log Gamma, over blocks of
// these alone in double precision, the j-th of them in lane j mod LANES.

/// A row's softmax: of column i it is exponentials[i] / total.
typedef struct {
    float top;
    double total;
    /// The sum of the counts.
    double library;
    /// What exponentials are multiplied by to give means; 0 of a row without counts.
    float factor;
    /// The same as a logarithm, to which a logit less the top is added.
    double log_factor;
    /// Whether means are exp(o): then the top is 0, and total and factor are 1.
    int is_rate;
} count_row;

INLINE float largest_seen(int masked, const float *restrict mask, const float *restrict logits, ptrdiff_t features) {
    float tops[LANES];
    for (int lane = 0; lane < LANES; lane++) tops[lane] = -__builtin_inff();
    ptrdiff_t first = 0;
    for (; first + LANES <= features; first += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            const float logit = masked && mask[first + lane] == 0 ? -__builtin_inff() : logits[first + lane];
            tops[lane] = logit > tops[lane] ? logit : tops[lane];
        }
    for (ptrdiff_t i = first; i < features; i++) {
        const float logit = masked && mask[i] == 0 ? -__builtin_inff() : logits[i];
        tops[i - first] = logit > tops[i - first] ? logit : tops[i - first];
    }
    float top = tops[0];
    for (int lane = 1; lane < LANES; lane++) top = tops[lane] > top ? tops[lane] : top;
    // Where nothing is there.
    return top == -__builtin_inff() ? 0.0f : top;
}

/// Fills in the exponentials, 0 for what is missing.
INLINE count_row take_count_row(int masked, int is_rate, const float *restrict x, const float *restrict mask,
                                const float *restrict logits, float *restrict exponentials, ptrdiff_t features) {
    count_row r = {.top = is_rate ? 0.0f : largest_seen(masked, mask, logits, features), .is_rate = is_rate};
    {
        FOR_EACH_FEATURE(0, features, { loss = SEEN * x[i]; })
        r.library = sum_of_lanes(lanes);
    }
    {
        FOR_EACH_FEATURE(0, features, {
            loss = SEEN * exp_float(logits[i] - r.top);
            exponentials[i] = loss;
        })
        r.total = sum_of_lanes(lanes);
    }
    if (is_rate) {
        r.factor = 1.0f;
    } else if (r.library > 0) {
        r.factor = (float)(r.library / r.total);
        r.log_factor = kernel_log(r.library / r.total);
    }
    return r;
}

/// Lists the columns whose count is above 0; gives how many there are.
INLINE ptrdiff_t list_counts(int masked, const float *restrict x, const float *restrict mask, ptrdiff_t features,
                             int32_t *restrict columns) {
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < features; i++) {
        columns[count] = (int32_t)i;
        count += SEEN * x[i] > 0;
    }
    return count;
}

/// The sum of log(x!) - x log(mean) over the counts above 0, with log(mean) = logit - top + log_factor. `columns` has room for all features.
INLINE double sum_of_counts(int masked, const float *restrict x, const float *restrict mask, const float *restrict logits,
                            const count_row *r, ptrdiff_t features, int32_t *restrict columns) {
    const ptrdiff_t listed = list_counts(masked, x, mask, features, columns);
    const double shift = r->log_factor - (double)r->top;
    double sums[LANES] = {0};
    for (ptrdiff_t first = 0; first < listed; first += LANES) {
        // Of a lane without a count log(0!) and 0 are added.
        double counts[LANES] = {0}, logs[LANES] = {0};
        for (ptrdiff_t lane = 0; lane < LANES && first + lane < listed; lane++) {
            counts[lane] = (double)x[columns[first + lane]];
            logs[lane] = (double)logits[columns[first + lane]];
        }
        for (int lane = 0; lane < LANES; lane++) {
            const double term = log_factorial(counts[lane]) - counts[lane] * (logs[lane] + shift);
            sums[lane] += counts[lane] > 0 ? term : 0.0;
        }
    }
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
    return sum;
}

/// The gradient with regard to logits of a loss with these derivatives by the logarithms of the means.
INLINE void softmax_backward(float *restrict gradient, const float *restrict slopes, const float *restrict exponentials,
                             const count_row *r, float row_scale, ptrdiff_t features) {
    FOR_EACH_FEATURE(0, features, { loss = slopes[i]; })
    const float level = r->total > 0 && !r->is_rate ? (float)(sum_of_lanes(lanes) / r->total) : 0.0f;
    for (ptrdiff_t i = 0; i < features; i++) gradient[i] = (slopes[i] - exponentials[i] * level) * row_scale;
}

static void KERNEL(count_means)(float *restrict means, const float *restrict output, ptrdiff_t width, int is_rate,
                                int is_inflated, const float *x, const float *mask, float library, ptrdiff_t rows, ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, means += features, output += width) {
        const int masked = mask != NULL;
        const float *own_mask = masked ? mask + row * features : NULL, *own = x ? x + row * features : NULL;
        const float top = is_rate ? 0.0f : largest_seen(masked, own_mask, output, features);
        double total, sum = (double)library;
        if (own) {
            FOR_EACH_FEATURE(0, features, { loss = masked ? own_mask[i] * own[i] : own[i]; })
            sum = sum_of_lanes(lanes);
        }
        {
            FOR_EACH_FEATURE(0, features, {
                means[i] = exp_float(output[i] - top);
                loss = masked ? own_mask[i] * means[i] : means[i];
            })
            total = sum_of_lanes(lanes);
        }
        const float factor = is_rate ? 1.0f : total > 0 ? (float)(sum / total) : 0.0f;
        for (ptrdiff_t i = 0; i < features; i++)
            means[i] = means[i] * factor * (is_inflated ? sigmoid_float(-output[features + i]) : 1.0f);
    }
}
