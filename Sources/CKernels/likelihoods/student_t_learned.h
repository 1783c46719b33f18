// The same with the decoder's outputs m and v = log s^2, held as in gaussian_learned.h; the second of the settings is n.
LIKELIHOOD(student_t_learned, 2, {
    const float limit = KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT;
    const float degrees = settings[1], part = 1.0f / degrees, half = 0.5f * (degrees + 1.0f);
    const double constant = 0.5 * kernel_log(6.28318530717958647693) - kernel_log_rising_ratio(0.5, 0.5 * (double)degrees);
    FOR_EACH_ROW({
        FOR_EACH_FEATURE(0, features, {
            const float v = output[features + i], held = clamp(v, -limit, limit), inverse = exp_float(-0.5f * held);
            const float d = SEEN * (output[i] - x[i]) * inverse, square = clamp(d * d * part, 0.0f, 1e30f);
            const log1p_terms l = log1p_float(square);
            loss = half * l.log + SEEN * (0.5f * held);
            if (has_gradient) {
                output[i] = 2.0f * half * (d * part) * l.share * inverse * row_scale;
                output[features + i] = (v == held ? 0.5f * SEEN - half * (square * l.share) : 0.0f) * row_scale;
            }
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * constant;
    })
})
