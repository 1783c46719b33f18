#include "../lanes.h"
#include "../math.h"

static void KERNEL(softmax)(float *restrict output, const float *restrict values, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t row = 0; row < rows; row++, output += columns, values += columns) {
        float top = values[0];
        for (ptrdiff_t i = 1; i < columns; i++) top = values[i] > top ? values[i] : top;
        FOR_EACH_FEATURE(0, columns, {
            loss = exp_float(values[i] - top);
            output[i] = loss;
        })
        const float factor = (float)(1.0 / sum_of_lanes(lanes));
        for (ptrdiff_t i = 0; i < columns; i++) output[i] *= factor;
    }
}

// That of the values is output (gradient - output . gradient).
static void KERNEL(softmax_backward)(float *restrict gradient, const float *restrict output, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t row = 0; row < rows; row++, gradient += columns, output += columns) {
        FOR_EACH_FEATURE(0, columns, { loss = gradient[i] * output[i]; })
        const float product = (float)sum_of_lanes(lanes);
        for (ptrdiff_t i = 0; i < columns; i++) gradient[i] = output[i] * (gradient[i] - product);
    }
}
