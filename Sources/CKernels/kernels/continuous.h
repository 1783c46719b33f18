#include "../math.h"

/// Of the continuous Bernoulli distribution of logit o: log(sinh(o / 2) / (o / 2)), and its derivative by o, which is the mean less 1/2.
typedef struct {
    float log_normalizer, slope;
} continuous_bernoulli;

INLINE continuous_bernoulli continuous_bernoulli_terms(float o) {
    const float a = o < 0 ? -o : o, z = a < 2.0f ? a * a : 4.0f;
    // B_2n / (2 n (2 n)!) z^n, with Bernoulli's numbers, and the derivative.
    float p = -2.1185501852e-14f;
    p = p * z + 9.5589546648e-13f;
    p = p * z - 4.4034917822e-11f;
    p = p * z + 2.0876756988e-9f;
    p = p * z - 1.0333994709e-7f;
    p = p * z + 5.5114638448e-6f;
    p = p * z - 3.4722222222e-4f;
    p = p * z + 4.1666666667e-2f;
    float q = -3.3896802963e-13f;
    q = q * z + 1.3382536531e-11f;
    q = q * z - 5.2841901387e-10f;
    q = q * z + 2.0876756988e-8f;
    q = q * z - 8.2671957672e-7f;
    q = q * z + 3.3068783069e-5f;
    q = q * z - 1.3888888889e-3f;
    q = q * z + 8.3333333333e-2f;
    // log((1 - exp(-a)) / a) + a / 2, and (1 + exp(-a)) / (1 - exp(-a)) / 2 - 1 / a.
    const float t = exp_float(-a), rest = 1.0f - t, large = 0.5f * a + log_float(rest / a), slope = 0.5f * (1.0f + t) / rest - 1.0f / a;
    const float magnitude = a < 2.0f ? q * a : slope;
    return (continuous_bernoulli){a < 2.0f ? p * z : large, o < 0 ? -magnitude : magnitude};
}

static void KERNEL(continuous_bernoulli_means)(float *restrict means, const float *restrict logits, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) means[i] = 0.5f + continuous_bernoulli_terms(logits[i]).slope;
}
