// Activations and their derivatives.
#pragma once
#include <stddef.h>

/// What there is, see activations/all.h: `kernel_relu` and so on.
enum kernel_activation {
    kernel_identity,
#define ACTIVATION(name, ...) kernel_##name,
#include "../activations/all.h"
};

/// The activations are 1 to this number; 0 is the identity.
int kernel_activation_count(void);

/// What users type, such as "leaky-relu".
const char *kernel_activation_name(enum kernel_activation kind);

/// Whether the derivative is a function of the input; of the others' it is a function of the output.
int kernel_activation_needs_input(enum kernel_activation kind);

/// `output[i] = f(input[i])`; `output` may be `input`.
void kernel_activate(enum kernel_activation kind, float *output, const float *input, ptrdiff_t count);

/// `gradient[i] *= f'`
///
/// `values` is what the derivative is a function of: the output, or where `kernel_activation_needs_input` the input.
void kernel_activate_backward(enum kernel_activation kind, float *gradient, const float *values, ptrdiff_t count);
