#include "../math.h"

static void KERNEL(adam)(float *restrict parameters, const float *restrict gradient, float *restrict m, float *restrict v,
                         kernel_adam_step step, ptrdiff_t count) {
    const float factor = step.factor, rate = step.rate, inverse_root = step.inverse_root, epsilon = step.epsilon;
    const float beta1 = step.beta1, beta2 = step.beta2, decay = step.decay;
    const float rest1 = 1.0f - beta1, rest2 = 1.0f - beta2, keep = 1.0f - step.shrink;
    for (ptrdiff_t i = 0; i < count; i++) {
        const float p = parameters[i] * keep;
        const float g = factor * gradient[i] + decay * p;
        const float mean = beta1 * m[i] + rest1 * g;
        const float square = beta2 * v[i] + rest2 * (g * g);
        m[i] = mean;
        v[i] = square;
        parameters[i] = p - rate * (mean / (square_root(square) * inverse_root + epsilon));
    }
}

static void KERNEL(sgd)(float *restrict parameters, const float *restrict gradient, float *restrict m, float factor, float rate,
                        float momentum, float decay, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const float g = factor * gradient[i] + decay * parameters[i];
        const float velocity = momentum * m[i] + g;
        m[i] = velocity;
        parameters[i] -= rate * velocity;
    }
}
