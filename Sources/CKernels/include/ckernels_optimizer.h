// Updates of parameters.
#pragma once
#include <stddef.h>

/// The constants of a step of Adam.
typedef struct {
    /// Times the gradient.
    float factor;
    /// The learning rate over the first moment's bias correction, and one over the root of the second's.
    float rate, inverse_root;
    float beta1, beta2, epsilon;
    /// Adam's L2 term, and AdamW's (Loshchilov & Hutter 2019, algorithm 2).
    float decay, shrink;
} kernel_adam_step;

/// Adam (Kingma & Ba 2015, algorithm 1), with PyTorch's order of operations:
/// p *= 1 - shrink; g = factor * g + decay * p; m, v moments; p -= rate * m / (sqrt(v) * inverse_root + epsilon).
void kernel_adam(float *parameters, const float *gradient, float *m, float *v, kernel_adam_step step, ptrdiff_t count);

/// Gradient descent with momentum as in PyTorch: g = factor * g + decay * p; m = momentum * m + g; p -= rate * m.
void kernel_sgd(float *parameters, const float *gradient, float *m, float factor, float rate, float momentum,
                float decay, ptrdiff_t count);
