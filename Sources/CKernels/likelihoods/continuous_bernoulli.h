// -log of the density o exp(o x) / (exp(o) - 1) on 0...1: log(sinh(o / 2) / (o / 2)) + o (1/2 - x), by the logit o.
//
// The first is even in o; its series around 0 is taken up to |o| = 2, where it converges by a tenth a term. Its derivative is the mean less 1/2.
LIKELIHOOD(continuous_bernoulli, 1, {
    FOR_EACH_ROW({
        FOR_EACH_FEATURE(0, features, {
            const float o = output[i];
            const continuous_bernoulli c = continuous_bernoulli_terms(o);
            loss = SEEN * (c.log_normalizer + o * (0.5f - x[i]));
            if (has_gradient) output[i] = SEEN * (c.slope + (0.5f - x[i])) * row_scale;
        })
        losses[row] = sum_of_lanes(lanes);
    })
})
