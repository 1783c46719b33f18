// Values 0, 1/255, ..., 1 by mixtures of logistic distributions, of which each value has the share of the 255th part around it, and the ends all
// beyond (Salimans et al. 2017, "PixelCNN++", section 2.1). With y = 2 x - 1 the heads are the weights' logits, the means and the logarithms of the
// scales of N components, held to their limits, component by component; the settings are N.
LIKELIHOOD(discretized_logistic, 3 * (*settings > 1 ? (ptrdiff_t)*settings : 1), {
    const ptrdiff_t components = *settings > 1 ? (ptrdiff_t)*settings : 1, step = components * features;
    float *joints = scratch; float *tops = joints + step; float *totals = tops + features;
    float *prior_tops = totals + features; float *prior_totals = prior_tops + features;
    FOR_EACH_ROW({
        for (ptrdiff_t i = 0; i < features; i++) {
            tops[i] = prior_tops[i] = -__builtin_inff();
            totals[i] = prior_totals[i] = 0;
        }
        for (ptrdiff_t m = 0; m < components; m++)
            for (ptrdiff_t i = 0; i < features; i++) {
                const ptrdiff_t place = m * features + i;
                const float logit = output[place];
                const float joint = logit - step_of_component(x[i], output[step + place], output[2 * step + place]).share.loss;
                joints[place] = joint;
                tops[i] = joint > tops[i] ? joint : tops[i];
                prior_tops[i] = logit > prior_tops[i] ? logit : prior_tops[i];
            }
        for (ptrdiff_t m = 0; m < components; m++)
            for (ptrdiff_t i = 0; i < features; i++) {
                totals[i] += exp_float(joints[m * features + i] - tops[i]);
                prior_totals[i] += exp_float(output[m * features + i] - prior_tops[i]);
            }
        FOR_EACH_FEATURE(0, features, {
            loss = SEEN * ((prior_tops[i] - tops[i]) + (log_float(prior_totals[i]) - log_float(totals[i])));
        })
        losses[row] = sum_of_lanes(lanes);
        if (has_gradient)
            for (ptrdiff_t m = 0; m < components; m++)
                for (ptrdiff_t i = 0; i < features; i++) {
                    const ptrdiff_t place = m * features + i;
                    const float log_scale = output[2 * step + place], factor = SEEN * row_scale;
                    const logistic_step s = step_of_component(x[i], output[step + place], log_scale);
                    const float posterior = exp_float(joints[place] - tops[i]) / totals[i];
                    const float prior = exp_float(output[place] - prior_tops[i]) / prior_totals[i];
                    const float slope = s.share.above * s.b - s.share.below * s.a + s.share.rest * s.width;
                    output[place] = (prior - posterior) * factor;
                    output[step + place] = posterior * (s.share.above - s.share.below) * s.inverse * factor;
                    output[2 * step + place] = log_scale == held_log_scale(log_scale) ? posterior * slope * factor : 0.0f;
                }
    })
})
