// -log Normal(x; m, exp(v)) = ((m - x)^2 exp(-v) + v) / 2 + log(2 pi) / 2; the decoder's outputs are m and, behind it, v, which is held to
// its limits and has no gradient beyond them.
LIKELIHOOD(gaussian_learned, 2, {
    const float limit = KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT;
    FOR_EACH_ROW({
        FOR_EACH_FEATURE(0, features, {
            const float v = output[features + i];
            const float held = clamp(v, -limit, limit);
            const float precision = exp_float(-held);
            const float d = SEEN * (output[i] - x[i]);
            const float squares = d * d * precision;
            loss = 0.5f * (SEEN * held + squares);
            if (has_gradient) {
                output[i] = d * precision * row_scale;
                output[features + i] = (v == held ? 0.5f * (SEEN - squares) : 0.0f) * row_scale;
            }
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * HALF_LOG_2_PI;
    })
})
