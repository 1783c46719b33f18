// Counts as Poisson variables of the means l rho: the sum of mean - x log(mean) + log(x!), where the means add up to l; or of the means exp(o)
// where the second of the settings is not 0.
LIKELIHOOD(poisson, 1, {
    float *exponentials = scratch;
    const int is_rate = settings[1] != 0;
    FOR_EACH_ROW({
        const count_row r = take_count_row(masked, is_rate, x, mask, output, exponentials, features);
        losses[row] = (is_rate ? r.total : r.library) + sum_of_counts(masked, x, mask, output, &r, features, scratch + kernel_whole_vectors(features));
        if (has_gradient)
            for (ptrdiff_t i = 0; i < features; i++) output[i] = (exponentials[i] * r.factor - SEEN * x[i]) * row_scale;
    })
})
