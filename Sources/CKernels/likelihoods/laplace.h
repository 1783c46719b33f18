// -log Laplace(x; o, b) = |x - o| / b + log(2 b); the settings are b.
LIKELIHOOD(laplace, 1, {
    const float b = *settings, inverse = 1.0f / b;
    const double constant = kernel_log(2.0 * (double)b);
    FOR_EACH_ROW({
        FOR_EACH_FEATURE(0, features, {
            const float d = SEEN * (output[i] - x[i]) * inverse;
            loss = d < 0 ? -d : d;
            if (has_gradient) output[i] = (d < 0 ? -inverse : d > 0 ? inverse : 0.0f) * row_scale;
        })
        losses[row] = sum_of_lanes(lanes) + seen_count(masked, mask, features) * constant;
    })
})
