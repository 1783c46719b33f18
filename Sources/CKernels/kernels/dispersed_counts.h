// What the negative binomial likelihoods share. -log of the probability of a count x above 0 is
//
//     (c + x) log(1 + mean / c) - x log(mean) + log(x!) - R(x, c),
//
// R as in gamma.h. Its last two terms, and T(x, c) for the gradient, cost more than all else, and depend on x and c alone: where all rows share
// a column's c, they are computed once for the counts that most are, 1 to FEW. They are the same bits wherever they come from.

/// The counts that a column has in the table.
#define FEW 8

/// log(x!) - R(x, c) and T(x, c).
typedef struct {
    double rest, slope;
} count_terms;

INLINE count_terms take_count_terms(double x, double c, double log_factorial) {
    const rising_factorial rising = split_rising_factorial(x, c);
    return (count_terms){log_factorial - rising.log_ratio, rising.slope};
}

/// The memory of a call, `KERNEL_LIKELIHOOD_DISPERSED_SCRATCH` floats for each of `kernel_whole_vectors` features.
typedef struct {
    /// `[features, FEW]`: of the counts from 1 on. Those of 1 to 4, which most are, lie on one cache line.
    count_terms *table;
    /// Of the row's counts above 0, in the order of their columns.
    count_terms *terms;
    /// `[features]` each; see `take_count_row`.
    float *exponentials, *dispersions, *slopes;
    /// Of the counts above 0: themselves, the logits, the exponentials and the dispersions.
    float *gathered[4];
    /// Their columns, their places in the table, and the places among them of those that it does not have.
    int32_t *columns, *entries, *others;
    /// Whether the table is filled.
    int is_tabled;
} dispersed_scratch;

INLINE dispersed_scratch take_dispersed_scratch(float *scratch, ptrdiff_t features) {
    const ptrdiff_t room = kernel_whole_vectors(features);
    count_terms *const table = (count_terms *)scratch;
    count_terms *const terms = table + FEW * room;
    float *const floats = (float *)(terms + room);
    int32_t *const columns = (int32_t *)(floats + 7 * room);
    return (dispersed_scratch){
        .table = table, .terms = terms,
        .exponentials = floats, .dispersions = floats + room, .slopes = floats + 2 * room,
        .gathered = {floats + 3 * room, floats + 4 * room, floats + 5 * room, floats + 6 * room},
        .columns = columns, .entries = columns + room, .others = columns + 2 * room,
    };
}

/// The dispersions c = exp(r), r held to its limits, of a row.
INLINE void take_dispersions(const float *restrict logs, float *restrict dispersions, ptrdiff_t features) {
    for (ptrdiff_t i = 0; i < features; i++)
        dispersions[i] = exp_float(clamp(logs[i], KERNEL_LIKELIHOOD_LOG_DISPERSION_LOW, KERNEL_LIKELIHOOD_LOG_DISPERSION_HIGH));
}

/// Fills the table where the rows have so many counts above 0 that it is worth its cost.
INLINE void fill_table(dispersed_scratch *s, const float *restrict x, ptrdiff_t rows, ptrdiff_t features) {
    ptrdiff_t above = 0;
    for (ptrdiff_t i = 0; i < rows * features; i++) above += x[i] > 0;
    s->is_tabled = above > 2 * FEW * features;
    if (!s->is_tabled) return;
    double log_factorials[FEW];
    for (int k = 0; k < FEW; k++) log_factorials[k] = log_factorial((double)(k + 1));
    for (ptrdiff_t i = 0; i < features; i++) {
        const double c = (double)s->dispersions[i];
        for (int k = 0; k < FEW; k++) s->table[FEW * i + k] = take_count_terms((double)(k + 1), c, log_factorials[k]);
    }
}

/// The terms of the row's gathered counts, from the table those that it has.
INLINE void take_row_terms(const dispersed_scratch *s, ptrdiff_t count) {
    const float *restrict const counts = s->gathered[0], *restrict const dispersions = s->gathered[3];
    int32_t *restrict const entries = s->entries, *restrict const others = s->others;
    const int32_t *restrict const columns = s->columns;
    ptrdiff_t rest = count;
    if (s->is_tabled) {
        for (ptrdiff_t j = 0; j < count; j++) {
            // Of a fraction below 1 the first one is read in vain.
            const int few = counts[j] < FEW ? (int)counts[j] : FEW;
            entries[j] = FEW * columns[j] + (few > 0 ? few - 1 : 0);
        }
        rest = 0;
        for (ptrdiff_t j = 0; j < count; j++) {
            s->terms[j] = s->table[entries[j]];
            others[rest] = (int32_t)j;
            rest += counts[j] > FEW || counts[j] != (float)(int)counts[j];
        }
    } else {
        for (ptrdiff_t j = 0; j < count; j++) others[j] = (int32_t)j;
    }
    for (ptrdiff_t first = 0; first < rest; first += LANES) {
        double x[LANES], c[LANES];
        count_terms terms[LANES];
        const ptrdiff_t some = rest - first < LANES ? rest - first : LANES;
        for (ptrdiff_t lane = 0; lane < LANES; lane++) {
            // Lanes without a count take the first one once more.
            const ptrdiff_t j = others[first + (lane < some ? lane : 0)];
            x[lane] = (double)counts[j];
            c[lane] = (double)dispersions[j];
        }
        for (int lane = 0; lane < LANES; lane++) terms[lane] = take_count_terms(x[lane], c[lane], log_factorial(x[lane]));
        for (ptrdiff_t lane = 0; lane < some; lane++) s->terms[others[first + lane]] = terms[lane];
    }
}

/// Puts what there is for each count above 0 in the place of `logs` in its column, or 0 where that is held to its limits.
INLINE void spread_counts(int masked, const float *restrict x, const float *restrict mask, const float *restrict values,
                          float *restrict logs, const int32_t *restrict columns, ptrdiff_t count, ptrdiff_t features) {
    ptrdiff_t place = 0;
#if defined(__x86_64__) && VECTOR_BYTES == 64
    for (ptrdiff_t i = 0; i + 16 <= features; i += 16) {
        const __mmask16 above = counts_above(masked, x, mask, i);
        const __m512 log = _mm512_loadu_ps(logs + i);
        const __mmask16 low = _mm512_cmp_ps_mask(log, _mm512_set1_ps(KERNEL_LIKELIHOOD_LOG_DISPERSION_LOW), _CMP_LT_OQ);
        const __mmask16 high = _mm512_cmp_ps_mask(log, _mm512_set1_ps(KERNEL_LIKELIHOOD_LOG_DISPERSION_HIGH), _CMP_GT_OQ);
        const __m512 spread = _mm512_mask_expand_ps(log, above, _mm512_loadu_ps(values + place));
        _mm512_storeu_ps(logs + i, _mm512_mask_mov_ps(spread, above & (low | high), _mm512_setzero_ps()));
        place += __builtin_popcount(above);
    }
#else
    (void)masked, (void)x, (void)mask, (void)features;
#endif
    for (; place < count; place++) {
        float *log = logs + columns[place];
        const int is_held = *log < KERNEL_LIKELIHOOD_LOG_DISPERSION_LOW || *log > KERNEL_LIKELIHOOD_LOG_DISPERSION_HIGH;
        *log = is_held ? 0.0f : values[place];
    }
}

/// -log of the probabilities of the row's counts above 0, summed; in place of r = log(c) of these columns comes the derivative of that by r,
/// where it is wanted.
INLINE double sum_of_dispersed_counts(int masked, int has_gradient, const float *restrict x, const float *restrict mask,
                                      const float *restrict logits, float *restrict logs, const dispersed_scratch *s,
                                      const count_row *r, ptrdiff_t features) {
    const float *const from[] = {x, logits, s->exponentials, s->dispersions};
    const ptrdiff_t count = gather_counts(masked, x, mask, features, s->columns, 4, from, s->gathered);
    take_row_terms(s, count);
    const double shift = r->log_factor - (double)r->top, factor = r->is_rate ? 1.0 : r->library / r->total;
    double sums[LANES] = {0};
    for (ptrdiff_t first = 0; first < count; first += LANES) {
        double slopes[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            const ptrdiff_t j = first + lane;
            const double own = (double)s->gathered[0][j], log_mean = (double)s->gathered[1][j] + shift;
            const double c = (double)s->gathered[3][j], odds = (double)s->gathered[2][j] * factor / c;
            const log1p_parts l = split_log1p(odds);
            const double term = (c + own) * l.log - own * log_mean + s->terms[j].rest;
            // Behind the last count stands anything.
            sums[lane] += j < count ? term : 0.0;
            // c (log(1 + odds) - odds / (1 + odds)) - x odds / (1 + odds) + T(x, c)
            const double share = odds / (1.0 + odds);
            slopes[lane] = c * (odds * share - l.excess) - own * share + s->terms[j].slope;
        }
        // In place of what they came from.
        for (int lane = 0; lane < LANES; lane++) s->gathered[2][first + lane] = (float)slopes[lane];
    }
    if (has_gradient) spread_counts(masked, x, mask, s->gathered[2], logs, s->columns, count, features);
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
    return sum;
}
