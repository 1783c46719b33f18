// Counts as Poisson variables of the means l rho: the sum of mean - x log(mean) + log(x!), where the means add up to l.
LIKELIHOOD(poisson, 1, {
    float *exponentials = scratch;
    FOR_EACH_ROW({
        const count_row r = take_count_row(masked, x, mask, output, exponentials, features);
        losses[row] = r.library + sum_of_counts(masked, x, mask, output, &r, features);
        if (has_gradient)
            for (ptrdiff_t i = 0; i < features; i++) output[i] = (exponentials[i] * r.factor - SEEN * x[i]) * row_scale;
    })
})
