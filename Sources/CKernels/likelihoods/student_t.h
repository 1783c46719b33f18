// -log of Student's t density of n degrees of freedom and scale s, with d = (m - x) / s: (n + 1) / 2 log(1 + d^2 / n) + log s +
// log(n pi) / 2 + log Gamma(n / 2) - log Gamma((n + 1) / 2); the settings are s and n.
LIKELIHOOD(student_t, 1, {
    const float inverse = 1.0f / settings[0], degrees = settings[1], part = 1.0f / degrees, half = 0.5f * (degrees + 1.0f);
    const double n = (double)degrees;
    // log Gamma(n / 2) - log Gamma((n + 1) / 2) = -R(1/2, n / 2) - log(n / 2) / 2
    const double constant = kernel_log((double)settings[0]) + 0.5 * kernel_log(6.28318530717958647693) -
                            kernel_log_rising_ratio(0.5, 0.5 * n);
    FOR_EACH_ROW({
        FOR_EACH_FEATURE(0, features, {
            const float d = SEEN * (output[i] - x[i]) * inverse, square = clamp(d * d * part, 0.0f, 1e30f);
            const log1p_terms l = log1p_float(square);
            loss = half * l.log;
            if (has_gradient) output[i] = 2.0f * half * (d * part) * l.share * inverse * row_scale;
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * constant;
    })
})
