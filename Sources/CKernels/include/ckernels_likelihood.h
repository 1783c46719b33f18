// Likelihoods: loss and gradient in one pass.
#pragma once
#include <stddef.h>

/// The limits of a learned log variance of the likelihood; beyond them it is held and gets no gradient.
#define KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT 10.0f

/// What there is, see likelihoods/all.h: `kernel_likelihood_bernoulli` and so on.
enum kernel_likelihood {
#define LIKELIHOOD(name, ...) kernel_likelihood_##name,
#include "../likelihoods/all.h"
};

/// Rows of data, and what the decoder says of them.
typedef struct {
    /// `[rows, features]`
    const float *x;
    /// The same, 0 for missing values, which count for nothing; NULL if none are missing.
    const float *mask;
    /// `[rows]`; NULL where no gradient is wanted.
    const float *weights;
    /// `[rows, heads * features]`, head after head in a row, of which a likelihood has as many as its file says; replaced by the gradient
    /// of `scale * weights[row] * loss` where there are weights.
    float *output;
    float scale;
    /// The likelihood's own numbers, see its file (of `gaussian` the standard deviation); NULL for none.
    const float *settings;
    /// `[rows]`: each row's loss in nats without its weight, summed over features.
    double *losses;
    ptrdiff_t rows, features;
} kernel_loss_terms;

/// The loss of each row and, with weights, the gradient.
void kernel_loss(enum kernel_likelihood kind, const kernel_loss_terms *terms);
