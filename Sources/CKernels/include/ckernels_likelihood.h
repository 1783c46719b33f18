// Likelihoods: loss and gradient in one pass.
#pragma once
#include <stddef.h>

/// The limits of a learned log variance of the likelihood; beyond them it is held and gets no gradient.
#define KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT 10.0f

/// The limits of the logarithm of a dispersion of counts, likewise.
#define KERNEL_LIKELIHOOD_LOG_DISPERSION_LOW -10.0f
#define KERNEL_LIKELIHOOD_LOG_DISPERSION_HIGH 18.0f

/// Those of the logarithm of a step between the thresholds of grades, and of the logarithm of a logistic distribution's scale.
#define KERNEL_LIKELIHOOD_LOG_STEP_LIMIT 10.0f
#define KERNEL_LIKELIHOOD_LOG_SCALE_LOW -7.0f
#define KERNEL_LIKELIHOOD_LOG_SCALE_HIGH 7.0f

/// The floats of scratch memory, on a cache line, that a loss of counts needs for each of `kernel_whole_vectors` features; those with
/// dispersions; and mixtures for each feature, which need one more for each component.
#define KERNEL_LIKELIHOOD_COUNTS_SCRATCH 4
#define KERNEL_LIKELIHOOD_DISPERSED_SCRATCH 46
#define KERNEL_LIKELIHOOD_MIXTURE_SCRATCH 4

/// So many features up to a multiple of 32.
static inline ptrdiff_t kernel_whole_vectors(ptrdiff_t features) { return (features + 31) / 32 * 32; }

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
    /// The likelihood's own numbers, see its file (of `gaussian` the standard deviation): 2 of them; NULL for none.
    const float *settings;
    /// As many floats as is said above, of any value.
    float *scratch;
    /// `[rows]`: each row's loss in nats without its weight, summed over features.
    double *losses;
    ptrdiff_t rows, features;
} kernel_loss_terms;

/// The loss of each row and, with weights, the gradient.
void kernel_loss(enum kernel_likelihood kind, const kernel_loss_terms *terms);

/// Means of counts `[rows, features]`: l softmax(o), o the first `features` of each row's `width` outputs; times 1 - sigmoid of the next
/// ones where they are inflated by zeros.
///
/// l is the sum of the row's counts `x`, and the softmax sums over its columns that are there, by `mask` (NULL for all), so what is missing
/// gets what the others let expect; or, where x is NULL, l is `library`. Of rates they are exp(o).
void kernel_count_means(float *means, const float *output, ptrdiff_t width, int is_rate, int is_inflated, const float *x,
                        const float *mask, float library, ptrdiff_t rows, ptrdiff_t features);

/// Means of continuous Bernoulli variables by their logits: 1 / (1 - exp(-o)) - 1 / o.
void kernel_continuous_bernoulli_means(float *means, const float *logits, ptrdiff_t count);

/// Means of values 0, 1/255, ..., 1 by mixtures of so many logistic distributions, see likelihoods/discretized_logistic.h.
void kernel_discretized_logistic_means(float *means, const float *output, ptrdiff_t components, ptrdiff_t rows,
                                       ptrdiff_t features);
