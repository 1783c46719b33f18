#include "../math.h"

#define FORWARD(name, expression)                                                                                     \
    static void forward_##name(float *output, const float *input, ptrdiff_t count) {                                  \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                       \
            const float x = input[i];                                                                                 \
            output[i] = (expression);                                                                                 \
        }                                                                                                             \
    }
#define BACKWARD(name, expression)                                                                                    \
    static void backward_##name(float *restrict gradient, const float *restrict values, ptrdiff_t count) {            \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                       \
            const float x = values[i];                                                                                \
            gradient[i] *= (expression);                                                                              \
        }                                                                                                             \
    }

FORWARD(relu, x < 0 ? 0 : x)
FORWARD(leaky_relu, x < 0 ? 0.01f * x : x)
FORWARD(elu, x < 0 ? exp_float(x) - 1.0f : x)
FORWARD(gelu, x * (0.5f + 0.5f * erf_float(x * 0.70710678f)))
FORWARD(tanh, tanh_float(x))
FORWARD(sigmoid, sigmoid_float(x))
FORWARD(silu, x * sigmoid_float(x))

BACKWARD(relu, x > 0 ? 1.0f : 0.0f)
BACKWARD(leaky_relu, x > 0 ? 1.0f : 0.01f)
BACKWARD(elu, x > 0 ? 1.0f : x + 1.0f)
BACKWARD(gelu, (0.5f + 0.5f * erf_float(x * 0.70710678f)) + x * 0.39894228f * exp_float(-0.5f * x * x))
BACKWARD(tanh, 1.0f - x * x)
BACKWARD(sigmoid, x * (1.0f - x))
BACKWARD(silu, sigmoid_float(x) * (1.0f + x * (1.0f - sigmoid_float(x))))

static void KERNEL(activate)(enum kernel_activation kind, float *output, const float *input, ptrdiff_t count) {
    switch (kind) {
    case kernel_identity:
        if (output != input) __builtin_memcpy(output, input, (size_t)count * sizeof(float));
        return;
    case kernel_relu: forward_relu(output, input, count); return;
    case kernel_leaky_relu: forward_leaky_relu(output, input, count); return;
    case kernel_elu: forward_elu(output, input, count); return;
    case kernel_gelu: forward_gelu(output, input, count); return;
    case kernel_tanh: forward_tanh(output, input, count); return;
    case kernel_sigmoid: forward_sigmoid(output, input, count); return;
    case kernel_silu: forward_silu(output, input, count); return;
    }
}

static void KERNEL(activate_backward)(enum kernel_activation kind, float *gradient, const float *values, ptrdiff_t count) {
    switch (kind) {
    case kernel_identity: return;
    case kernel_relu: backward_relu(gradient, values, count); return;
    case kernel_leaky_relu: backward_leaky_relu(gradient, values, count); return;
    case kernel_elu: backward_elu(gradient, values, count); return;
    case kernel_gelu: backward_gelu(gradient, values, count); return;
    case kernel_tanh: backward_tanh(gradient, values, count); return;
    case kernel_sigmoid: backward_sigmoid(gradient, values, count); return;
    case kernel_silu: backward_silu(gradient, values, count); return;
    }
}
