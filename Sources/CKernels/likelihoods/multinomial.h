// A row's l counts as draws of l columns by their probabilities rho: sum of log(x!) - x log(rho), less log(l!).
LIKELIHOOD(multinomial, 1, {
    float *exponentials = scratch;
    FOR_EACH_ROW({
        count_row r = take_count_row(masked, 0, x, mask, output, exponentials, features);
        r.log_factor = r.library > 0 ? -kernel_log(r.total) : 0.0;
        losses[row] = r.library > 0 ? sum_of_counts(masked, x, mask, output, &r, features, scratch + kernel_whole_vectors(features)) - log_factorial(r.library) : 0.0;
        if (has_gradient)
            for (ptrdiff_t i = 0; i < features; i++) output[i] = (exponentials[i] * r.factor - SEEN * x[i]) * row_scale;
    })
})
