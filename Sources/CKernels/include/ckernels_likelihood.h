// Likelihoods: loss and gradient in one pass.
#pragma once
#include <stddef.h>

/// The limits of a learned log variance of the likelihood; beyond them it is held and gets no gradient.
#define KERNEL_LIKELIHOOD_LOG_VARIANCE_LIMIT 10.0f

// All of them: `x[rows, features]` is the data, `output` the decoder's output, which is replaced by the gradient of
// `scale * weights[row] * loss` with regard to it, or stays as it is where `weights` is NULL; `losses[rows]` gets each row's loss in
// nats, without its weight, summed over features. Where there is a `mask[rows, features]`, values whose mask is 0 are missing and
// count for nothing; NULL if none are.

/// -log Bernoulli(x; sigmoid(l)) = softplus(l) - x l, stable for every logit l; x in 0...1.
void kernel_bernoulli(const float *x, const float *mask, const float *weights, float *output, float scale, double *losses,
                      ptrdiff_t rows, ptrdiff_t features);

/// -log Normal(x; m, deviation^2), with its constant.
void kernel_gaussian(const float *x, const float *mask, const float *weights, float *output, float deviation, float scale,
                     double *losses, ptrdiff_t rows, ptrdiff_t features);

/// -log Normal(x; m, exp(v)), with its constant; `output[rows, 2 features]` is m and, behind it, v.
void kernel_gaussian_learned(const float *x, const float *mask, const float *weights, float *output, float scale,
                             double *losses, ptrdiff_t rows, ptrdiff_t features);

/// The squared error, summed over features: not a log likelihood.
void kernel_squared_error(const float *x, const float *mask, const float *weights, float *output, float scale, double *losses,
                          ptrdiff_t rows, ptrdiff_t features);
