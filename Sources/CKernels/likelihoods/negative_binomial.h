// Counts as negative binomial variables of the means l rho and the dispersions c = exp(r): variance mean + mean^2 / c. The heads are the
// logits of rho and r, held to its limits; the settings are 1 where r is the same in all rows, and
// 1 where the means are exp(o) of their own.
//
// -log of the probability of 0 is c log(1 + mean / c); of others see kernels/dispersed_counts.h.
LIKELIHOOD(negative_binomial, 2, {
    dispersed_scratch s = take_dispersed_scratch(scratch, features);
    float *const exponentials = s.exponentials, *const dispersions = s.dispersions, *const slopes = s.slopes;
    const int is_shared = settings[0] != 0, is_rate = settings[1] != 0;
    FOR_EACH_ROW({
        float *logs = output + features;
        if (row == 0 || !is_shared) take_dispersions(logs, dispersions, features);
        if (row == 0 && is_shared) fill_table(&s, x, rows, features);
        const count_row r = take_count_row(masked, is_rate, x, mask, output, exponentials, features);
        const double counts =
            sum_of_dispersed_counts(masked, has_gradient, x, mask, output, logs, &s, &r, features);
        FOR_EACH_FEATURE(0, features, {
            const float count = SEEN * x[i], mean = exponentials[i] * r.factor, c = dispersions[i];
            const log1p_terms l = log1p_float(mean / c);
            loss = count > 0 ? 0.0f : c * l.log;
            if (has_gradient) {
                const float log = logs[i];
                const int is_held = log < KERNEL_LIKELIHOOD_LOG_DISPERSION_LOW || log > KERNEL_LIKELIHOOD_LOG_DISPERSION_HIGH;
                logs[i] = (count > 0 ? log : is_held ? 0.0f : c * l.rest) * row_scale;
                slopes[i] = (mean - count) * l.share;
            }
        })
        losses[row] = sum_of_lanes(lanes) + counts;
        if (has_gradient) softmax_backward(output, slopes, exponentials, &r, row_scale, features);
    })
})
