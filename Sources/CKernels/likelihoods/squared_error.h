// (m - x)^2, which is not a log likelihood.
LIKELIHOOD(squared_error, 1, {
    FOR_EACH_ROW({
        FOR_EACH_FEATURE(0, features, {
            const float d = SEEN * (output[i] - x[i]);
            loss = d * d;
            if (has_gradient) output[i] = 2.0f * d * row_scale;
        })
        losses[row] = sum_of_lanes(lanes);
    })
})
