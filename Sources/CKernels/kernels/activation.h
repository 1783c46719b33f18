#include "../math.h"

#define ACTIVATION(name, typed, forward, of, derivative)                                                              \
    static void forward_##name(float *output, const float *input, ptrdiff_t count) {                                  \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                       \
            const float x = input[i];                                                                                 \
            output[i] = (forward);                                                                                    \
        }                                                                                                             \
    }                                                                                                                 \
    static void backward_##name(float *restrict gradient, const float *restrict values, ptrdiff_t count) {            \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                       \
            const float of = values[i];                                                                               \
            gradient[i] *= (derivative);                                                                              \
        }                                                                                                             \
    }
#include "../activations/all.h"

static void KERNEL(activate)(enum kernel_activation kind, float *output, const float *input, ptrdiff_t count) {
    switch (kind) {
    case kernel_identity:
        if (output != input) __builtin_memcpy(output, input, (size_t)count * sizeof(float));
        return;
#define ACTIVATION(name, ...) case kernel_##name: forward_##name(output, input, count); return;
#include "../activations/all.h"
    }
}

static void KERNEL(activate_backward)(enum kernel_activation kind, float *gradient, const float *values, ptrdiff_t count) {
    switch (kind) {
    case kernel_identity: return;
#define ACTIVATION(name, ...) case kernel_##name: backward_##name(gradient, values, count); return;
#include "../activations/all.h"
    }
}
