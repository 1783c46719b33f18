// Updates of parameters.
#pragma once
#include <stddef.h>

/// Adam (Kingma & Ba 2015, algorithm 1), with PyTorch's order of operations:
/// p *= 1 - shrink; g = factor * g + decay * p; m, v moments; p -= rate * m / (sqrt(v) * inverse_root + epsilon).
///
/// `rate` is the learning rate over the first moment's bias correction, `inverse_root` one over the root of the second's; `decay`
/// is Adam's L2 term and `shrink` AdamW's (Loshchilov & Hutter 2019, algorithm 2).
void kernel_adam(float *parameters, const float *gradient, float *m, float *v, float factor, float rate,
                 float inverse_root, float beta1, float beta2, float epsilon, float decay, float shrink, ptrdiff_t count);

/// Gradient descent with momentum as in PyTorch: g = factor * g + decay * p; m = momentum * m + g; p -= rate * m.
void kernel_sgd(float *parameters, const float *gradient, float *m, float factor, float rate, float momentum,
                float decay, ptrdiff_t count);
