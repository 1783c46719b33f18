#include "../math.h"

static void KERNEL(adam)(float *restrict parameters, const float *restrict gradient, float *restrict m, float *restrict v,
                         float factor, float rate, float inverse_root, float beta1, float beta2, float epsilon, float decay,
                         float shrink, ptrdiff_t count) {
    const float rest1 = 1.0f - beta1, rest2 = 1.0f - beta2, keep = 1.0f - shrink;
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
