// Columns in blocks of N, each a category's indicators: log sum exp(o) times the sum of x, less x o, of each block; the settings are N. Where a
// block's columns are missing, the others are all that there is.
LIKELIHOOD(categorical, 1, {
    const ptrdiff_t categories = *settings > 1 ? (ptrdiff_t)*settings : 1;
    FOR_EACH_ROW({
        double sum = 0;
        for (ptrdiff_t start = 0; start < features; start += categories) {
            const ptrdiff_t end = features - start < categories ? features : start + categories;
            const float top = largest_seen(masked, mask + start * masked, output + start, end - start);
            double total;
            double weight;
            {
                FOR_EACH_FEATURE(start, end, { loss = SEEN * exp_float(output[i] - top); })
                total = sum_of_lanes(lanes);
            }
            {
                FOR_EACH_FEATURE(start, end, { loss = SEEN * x[i]; })
                weight = sum_of_lanes(lanes);
            }
            {
                FOR_EACH_FEATURE(start, end, { loss = SEEN * x[i] * (top - output[i]); })
                sum += sum_of_lanes(lanes) + (weight > 0 ? weight * kernel_log(total) : 0.0);
            }
            const float share = total > 0 ? (float)(weight / total) : 0.0f;
            if (has_gradient)
                for (ptrdiff_t i = start; i < end; i++)
                    output[i] = SEEN * (exp_float(output[i] - top) * share - x[i]) * row_scale;
        }
        losses[row] = sum;
    })
})
