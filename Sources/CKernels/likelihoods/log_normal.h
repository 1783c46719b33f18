// -log of a log-normal density: ((m - log x) / s)^2 / 2 + log s + log x + log(2 pi) / 2; the settings are s.
LIKELIHOOD(log_normal, 1, {
    const float deviation = *settings, inverse = 1.0f / deviation;
    const double constant = HALF_LOG_2_PI + kernel_log((double)deviation);
    FOR_EACH_ROW({
        FOR_EACH_FEATURE(0, features, {
            const float log = log_float(x[i]), d = SEEN * (output[i] - log) * inverse;
            loss = 0.5f * d * d + SEEN * log;
            if (has_gradient) output[i] = d * inverse * row_scale;
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * constant;
    })
})
