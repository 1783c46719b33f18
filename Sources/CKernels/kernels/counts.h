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

#if defined(__x86_64__) && VECTOR_BYTES == 64
/// Which of the 16 columns from `i` on have a count above 0 that is there.
INLINE __mmask16 counts_above(int masked, const float *x, const float *mask, ptrdiff_t i) {
    const __m512 counts = _mm512_loadu_ps(x + i), seen = masked ? _mm512_mul_ps(_mm512_loadu_ps(mask + i), counts) : counts;
    return _mm512_cmp_ps_mask(seen, _mm512_setzero_ps(), _CMP_GT_OQ);
}
#endif

/// Takes the counts above 0 together: their columns, and of each array what it has there. Gives how many there are.
INLINE ptrdiff_t gather_counts(int masked, const float *restrict x, const float *restrict mask, ptrdiff_t features,
                               int32_t *restrict columns, const int arrays, const float *const *from, float *const *to) {
    ptrdiff_t count = 0, i = 0;
#if defined(__x86_64__) && VECTOR_BYTES == 64
    for (; i + 16 <= features; i += 16) {
        const __mmask16 above = counts_above(masked, x, mask, i);
        const __m512i own = _mm512_add_epi32(
            _mm512_set1_epi32((int)i), _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
        // Whole vectors are stored, whose ends the next ones overwrite.
        _mm512_storeu_si512(columns + count, _mm512_maskz_compress_epi32(above, own));
        for (int a = 0; a < arrays; a++)
            _mm512_storeu_ps(to[a] + count, _mm512_maskz_compress_ps(above, _mm512_loadu_ps(from[a] + i)));
        count += __builtin_popcount(above);
    }
#endif
    for (; i < features; i++) {
        columns[count] = (int32_t)i;
        for (int a = 0; a < arrays; a++) to[a][count] = from[a][i];
        count += SEEN * x[i] > 0;
    }
    return count;
}

/// The sum of log(x!) - x log(mean) over the counts above 0, with log(mean) = logit - top + log_factor. `scratch` has
/// `KERNEL_LIKELIHOOD_COUNTS_SCRATCH` - 1 floats for each of `kernel_whole_vectors` features.
INLINE double sum_of_counts(int masked, const float *restrict x, const float *restrict mask, const float *restrict logits,
                            const count_row *r, ptrdiff_t features, float *restrict scratch) {
    const ptrdiff_t room = kernel_whole_vectors(features);
    float *const counts = scratch, *const logs = scratch + room;
    const float *const from[] = {x, logits};
    float *const to[] = {counts, logs};
    const ptrdiff_t count = gather_counts(masked, x, mask, features, (int32_t *)(scratch + 2 * room), 2, from, to);
    const double shift = r->log_factor - (double)r->top;
    double sums[LANES] = {0};
    for (ptrdiff_t first = 0; first < count; first += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            const double own = (double)counts[first + lane];
            const double term = log_factorial(own) - own * ((double)logs[first + lane] + shift);
            // Behind the last count stands anything.
            sums[lane] += first + lane < count ? term : 0.0;
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
