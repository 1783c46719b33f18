#include "../lanes.h"
#include "../math.h"

// What the logistic distribution gives to an interval of its axis, from a to b: sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b)),
// which loses nothing far out or where the interval is short.

/// -log of the share of an interval, and what its derivatives by a and b consist of.
typedef struct {
    float loss;
    /// sigmoid(-b), and sigmoid(a).
    float above, below;
    /// 1 / (exp(w) - 1) for the interval's length w; 0 where it has no end.
    float rest;
} logistic_interval;

/// - Parameters:
///   - has_low, has_high: whether it ends at a and at b; else it goes on for ever.
///   - width: b - a, with all its digits.
INLINE logistic_interval logistic_share(float a, float b, float width, int has_low, int has_high) {
    const int is_bounded = has_low && has_high;
    // 1 - exp(-w) = 2 t / (1 + t) with t = tanh(w / 2)
    const float t = tanh_float(0.5f * (is_bounded ? width : 1.0f));
    const float log = log_float(2.0f * t / (1.0f + t));
    const float loss = (has_high ? softplus_float(-b) : 0.0f) + (has_low ? softplus_float(a) : 0.0f) - (is_bounded ? log : 0.0f);
    return (logistic_interval){loss, has_high ? sigmoid_float(-b) : 0.0f, has_low ? sigmoid_float(a) : 0.0f,
                               is_bounded ? (1.0f - t) / (2.0f * t) : 0.0f};
}

/// The logarithm of a scale is held to these limits.
INLINE float held_log_scale(float log) {
    return clamp(log, KERNEL_LIKELIHOOD_LOG_SCALE_LOW, KERNEL_LIKELIHOOD_LOG_SCALE_HIGH);
}

/// A value 0, 1/255, ..., 1 as y = 2 x - 1, seen from a component: the 255th part around it, of which the first goes on below and the last above.
typedef struct {
    /// Its ends in scales of the component, and their distance.
    float a, b, width;
    /// exp(-s), s the logarithm of the scale.
    float inverse;
    logistic_interval share;
} logistic_step;

INLINE logistic_step step_of_component(float x, float mean, float log_scale) {
    const float half = 1.0f / 255.0f, y = 2.0f * x - 1.0f, d = y - mean, inverse = exp_float(-held_log_scale(log_scale));
    const float a = (d - half) * inverse, b = (d + half) * inverse, width = 2.0f * half * inverse;
    return (logistic_step){a, b, width, inverse, logistic_share(a, b, width, y > half - 1.0f, y < 1.0f - half)};
}

/// The sum over k of the share of a component above k + 1/2.
INLINE double sum_above(float mean, float inverse) {
    FOR_EACH_FEATURE(0, 255, { loss = sigmoid_float((mean - ((float)(2 * i + 1) / 255.0f - 1.0f)) * inverse); })
    return sum_of_lanes(lanes);
}

/// Means of values 0, 1/255, ..., 1: the sum over k of the share above k + 1/2, divided by 255.
static void KERNEL(discretized_logistic_means)(float *restrict means, const float *restrict output, ptrdiff_t components,
                                               ptrdiff_t rows, ptrdiff_t features) {
    for (ptrdiff_t row = 0; row < rows; row++, means += features, output += 3 * components * features)
        for (ptrdiff_t i = 0; i < features; i++) {
            float top = output[i];
            for (ptrdiff_t m = 1; m < components; m++) {
                const float logit = output[m * features + i];
                top = logit > top ? logit : top;
            }
            double sum = 0, total = 0;
            for (ptrdiff_t m = 0; m < components; m++) {
                const float weight = exp_float(output[m * features + i] - top);
                const float mean = output[(components + m) * features + i];
                const float inverse = exp_float(-held_log_scale(output[(2 * components + m) * features + i]));
                sum += (double)weight * sum_above(mean, inverse);
                total += (double)weight;
            }
            means[i] = (float)(sum / total / 255.0);
        }
}
