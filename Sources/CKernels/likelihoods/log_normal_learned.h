// The same with the decoder's outputs m and v = log s^2, held as in gaussian_learned.h.
LIKELIHOOD(log_normal_learned, 2, {
    const float limit = KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT;
    FOR_EACH_ROW({
        FOR_EACH_FEATURE(0, features, {
            const float v = output[features + i], held = clamp(v, -limit, limit), precision = exp_float(-held);
            const float log = log_float(x[i]), d = SEEN * (output[i] - log), squares = d * d * precision;
            loss = 0.5f * (SEEN * held + squares) + SEEN * log;
            if (has_gradient) {
                output[i] = d * precision * row_scale;
                output[features + i] = (v == held ? 0.5f * (SEEN - squares) : 0.0f) * row_scale;
            }
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * HALF_LOG_2_PI;
    })
})
