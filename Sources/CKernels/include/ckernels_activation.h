// Activations and their derivatives.
#pragma once
#include <stddef.h>

enum kernel_activation {
    kernel_identity,
    kernel_relu,
    /// Slope 0.01 below zero.
    kernel_leaky_relu,
    /// alpha = 1 (Clevert et al. 2016, equation 15).
    kernel_elu,
    /// x Phi(x) with the exact normal distribution function (Hendrycks & Gimpel 2016, section 2).
    kernel_gelu,
    kernel_tanh,
    kernel_sigmoid,
    /// x sigmoid(x)
    kernel_silu,
};

/// `output[i] = f(input[i])`; `output` may be `input`.
void kernel_activate(enum kernel_activation kind, float *output, const float *input, ptrdiff_t count);

/// `gradient[i] *= f'`
///
/// `values` is what the derivative is a function of: the output, or for GELU and SiLU the input.
void kernel_activate_backward(enum kernel_activation kind, float *gradient, const float *values, ptrdiff_t count);
