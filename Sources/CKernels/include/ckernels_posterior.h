// The diagonal Gaussian posterior: sampling, KL, and their gradients.
#pragma once
#include <stddef.h>

/// The limits of the posterior's log variance; beyond them it is held and gets no gradient.
#define KERNEL_POSTERIOR_LOG_VARIANCE_LIMIT 20.0f

/// What is fixed of posterior and prior, the same for all latents.
typedef struct {
    /// Added to the posterior's variances.
    float floor;
    /// Of the prior N(0, 1 / precision), and the logarithm of its variance: 1 and 0 of N(0, 1).
    float precision, log_variance;
} kernel_normal_terms;

/// z = mean + sqrt(exp(v) + floor) noise, and KL(N(mean, exp(v) + floor) || prior) per row in nats, from `code[rows, 2 size]`, which holds the
/// mean and, behind it, v.
void kernel_posterior(const float *code, const float *noise, kernel_normal_terms terms, float *z, double *kl, ptrdiff_t rows,
                      ptrdiff_t size);

/// The gradient with regard to `code` of `loss(z) + scale * weights[row] * KL`, where `dz` is the loss's with regard to z.
void kernel_posterior_backward(const float *code, const float *noise, kernel_normal_terms terms, const float *dz, float scale,
                               const float *weights, float *gradient, ptrdiff_t rows, ptrdiff_t size);

/// `samples` draws z `[rows, samples, size]` of each row's posterior by their noise, and log p(z) - log q(z | x) of each, in nats.
void kernel_posterior_samples(const float *code, const float *noise, kernel_normal_terms terms, ptrdiff_t samples, float *z,
                              double *log_ratios, ptrdiff_t rows, ptrdiff_t size);

/// The gradient with regard to `code` of `loss(z)` less `factors[row, sample] * (log p(z) - log q(z | x))`, summed over a row's samples, where
/// `dz` is the loss's with regard to z.
void kernel_posterior_samples_backward(const float *code, const float *noise, kernel_normal_terms terms, ptrdiff_t samples,
                                       const float *z, const float *dz, const float *factors, float *gradient, ptrdiff_t rows,
                                       ptrdiff_t size);
