// Grades x of 0 to K - 1 by cumulative logits: P(x <= k) = sigmoid(t_k - o) (McCullagh 1980, "Regression models for ordinal data"). The heads are o
// and r_0 ... r_(K-2), of which the thresholds are t_0 = r_0, t_k = t_(k-1) + exp(r_k), so that they rise; r_k is held to its limits. The settings are K.
LIKELIHOOD(ordinal, *settings > 2 ? (ptrdiff_t)*settings : 2, {
    const float limit = KERNEL_LIKELIHOOD_LOG_STEP_LIMIT;
    const int grades = *settings > 2 ? (int)*settings : 2, last = grades - 1;
    FOR_EACH_ROW({
        FOR_EACH_FEATURE(0, features, {
            const float o = output[i];
            const int grade = (int)clamp(x[i], 0.0f, (float)last);
            float *rises = output + features + i;
            // The thresholds below and above the grade, and how far they are apart.
            float low = 0; float high = rises[0]; float width = 0;
            for (int k = 1; k <= grade; k++) {
                low = high;
                if (k == last) break;
                width = exp_float(clamp(rises[k * features], -limit, limit));
                high += width;
            }
            const logistic_interval share = logistic_share(low - o, high - o, width, grade > 0, grade < last);
            loss = SEEN * share.loss;
            if (has_gradient) {
                const float factor = SEEN * row_scale, both = share.below - share.above;
                output[i] = -both * factor;
                rises[0] = both * factor;
                for (int k = 1; k < last; k++) {
                    const float r = rises[k * features], held = clamp(r, -limit, limit);
                    const float slope = k < grade ? both : k == grade ? -share.above - share.rest : 0.0f;
                    rises[k * features] = r == held ? slope * exp_float(held) * factor : 0.0f;
                }
            }
        })
        losses[row] = sum_of_lanes(lanes);
    })
})
