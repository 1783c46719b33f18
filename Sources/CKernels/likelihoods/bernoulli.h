// -log Bernoulli(x; sigmoid(l)) = softplus(l) - x l, stable for every logit l; x in 0...1.
//
// The row's sum of log(1 + exp(-|l|)) is the logarithm of a product of factors in 1...2: one logarithm for many features, and less
// rounding than many logarithms.
LIKELIHOOD(bernoulli, 1, {
    // The features whose factors the lanes multiply before they take the logarithm: 64 a lane, whose product is at most 2^64.
    const ptrdiff_t factors = 64 * LANES;
    FOR_EACH_ROW({
        double sum = 0;
        for (ptrdiff_t start = 0; start < features; start += factors) {
            const ptrdiff_t end = features - start < factors ? features : start + factors;
            float products[LANES];
            for (int lane = 0; lane < LANES; lane++) products[lane] = 1.0f;
            FOR_EACH_FEATURE(start, end, {
                const float l = output[i];
                const float t = exp_float(l < 0 ? l : -l);
                const float factor = 1.0f + t, inverse = 1.0f / factor;
                products[lane] *= 1.0f + SEEN * t;
                loss = SEEN * ((l < 0 ? 0 : l) - x[i] * l);
                if (has_gradient) output[i] = SEEN * ((l < 0 ? t * inverse : inverse) - x[i]) * row_scale;
            })
            for (int lane = 0; lane < LANES; lane++) lanes[lane] += log_float(products[lane]);
            sum += sum_of_lanes(lanes);
        }
        losses[row] = sum;
    })
})
