// Counts that are 0 with the probability sigmoid(z), and else negative binomial (negative_binomial.h). The heads are the logits of rho, z and
// r; the settings are as those of negative_binomial.h.
//
// With a = c log(1 + mean / c), -log of the probability of 0 is softplus(-z) - softplus(-z - a), and above 0 comes softplus(z) to the
// negative binomial's. As of the Bernoulli likelihood, the logarithms of a block's factors 1 + exp(-|.|) are taken as one.
LIKELIHOOD(zero_inflated, 3, {
    const ptrdiff_t factors = 64 * LANES;
    dispersed_scratch s = take_dispersed_scratch(scratch, features);
    float *const exponentials = s.exponentials, *const dispersions = s.dispersions, *const slopes = s.slopes;
    const int is_shared = settings[0] != 0, is_rate = settings[1] != 0;
    FOR_EACH_ROW({
        float *inflations = output + features, *logs = output + 2 * features;
        if (row == 0 || !is_shared) take_dispersions(logs, dispersions, features);
        if (row == 0 && is_shared) fill_table(&s, x, rows, features);
        const count_row r = take_count_row(masked, is_rate, x, mask, output, exponentials, features);
        double sum =
            sum_of_dispersed_counts(masked, has_gradient, x, mask, output, logs, &s, &r, features);
        for (ptrdiff_t start = 0; start < features; start += factors) {
            const ptrdiff_t end = features - start < factors ? features : start + factors;
            float products[LANES];
            for (int lane = 0; lane < LANES; lane++) products[lane] = 1.0f;
            FOR_EACH_FEATURE(start, end, {
                const float seen = SEEN, count = seen * x[i], mean = exponentials[i] * r.factor, c = dispersions[i];
                const float z = inflations[i];
                const int is_zero = !(count > 0);
                const log1p_terms l = log1p_float(mean / c);
                const float a = c * l.log, y = z + a;
                const float t = exp_float(z < 0 ? z : -z), u = exp_float(y < 0 ? y : -y);
                const float inverse = 1.0f / (1.0f + t), other = 1.0f / (1.0f + u);
                products[lane] *= is_zero ? (1.0f + t) / (1.0f + u) : 1.0f + t;
                const float least = z < 0 ? (-z < a ? -z : a) : 0.0f;
                loss = is_zero ? least : z < 0 ? 0.0f : z;
                if (has_gradient) {
                    // The probability that a 0 is not of the inflation, before and after it was seen.
                    const float prior = z < 0 ? inverse : t * inverse, posterior = y < 0 ? other : u * other;
                    const float log = logs[i];
                    const int is_held = log < KERNEL_LIKELIHOOD_LOG_DISPERSION_LOW || log > KERNEL_LIKELIHOOD_LOG_DISPERSION_HIGH;
                    slopes[i] = is_zero ? posterior * (mean * l.share) : (mean - count) * l.share;
                    inflations[i] = (is_zero ? seen * (posterior - prior) : z < 0 ? t * inverse : inverse) * row_scale;
                    logs[i] = (is_zero ? (is_held ? 0.0f : posterior * (c * l.rest)) : log) * row_scale;
                }
            })
            // What is not a number stays one.
            for (int lane = 0; lane < LANES; lane++) lanes[lane] += log_float(products[lane]) + (products[lane] - products[lane]);
            sum += sum_of_lanes(lanes);
        }
        losses[row] = sum;
        if (has_gradient) softmax_backward(output, slopes, exponentials, &r, row_scale, features);
    })
})
