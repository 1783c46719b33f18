#include "../lanes.h"
#include "../math.h"

static void KERNEL(normalize)(float *restrict output, float *restrict moments, const float *restrict values,
                              const float *restrict gain, const float *restrict shift, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t row = 0; row < rows; row++, output += columns, values += columns, moments += 2) {
        double sum, squares;
        {
            FOR_EACH_FEATURE(0, columns, { loss = values[i]; })
            sum = sum_of_lanes(lanes);
        }
        const float mean = (float)(sum / (double)columns);
        {
            FOR_EACH_FEATURE(0, columns, {
                const float d = values[i] - mean;
                loss = d * d;
            })
            squares = sum_of_lanes(lanes);
        }
        const float factor = 1.0f / square_root((float)(squares / (double)columns) + KERNEL_NORMALIZE_EPSILON);
        for (ptrdiff_t i = 0; i < columns; i++) output[i] = (values[i] - mean) * factor * gain[i] + shift[i];
        moments[0] = mean;
        moments[1] = factor;
    }
}

// With n = (values - mean) factor and h = gradient gain, that of the values is factor (h - mean(h) - n mean(h n)).
static void KERNEL(normalize_backward)(float *restrict gradient, const float *restrict values, const float *restrict moments,
                                       const float *restrict gain, float *restrict products, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t row = 0; row < rows; row++, gradient += columns, values += columns, products += columns, moments += 2) {
        const float mean = moments[0], factor = moments[1];
        double sum, product;
        {
            FOR_EACH_FEATURE(0, columns, {
                const float g = gradient[i];
                products[i] = g * ((values[i] - mean) * factor);
                loss = g * gain[i];
            })
            sum = sum_of_lanes(lanes);
        }
        {
            FOR_EACH_FEATURE(0, columns, { loss = gradient[i] * gain[i] * ((values[i] - mean) * factor); })
            product = sum_of_lanes(lanes);
        }
        const float level = (float)(sum / (double)columns), slope = (float)(product / (double)columns);
        for (ptrdiff_t i = 0; i < columns; i++)
            gradient[i] = factor * (gradient[i] * gain[i] - level - (values[i] - mean) * factor * slope);
    }
}

static void KERNEL(unit_normalize)(float *restrict output, float *restrict lengths, const float *restrict values, ptrdiff_t rows,
                                   ptrdiff_t columns) {
    for (ptrdiff_t row = 0; row < rows; row++, output += columns, values += columns) {
        double squares;
        {
            FOR_EACH_FEATURE(0, columns, { loss = values[i] * values[i]; })
            squares = sum_of_lanes(lanes);
        }
        // A row of zeros stays one.
        const float length = squares > 0 ? square_root((float)squares) : 1.0f, factor = 1.0f / length;
        for (ptrdiff_t i = 0; i < columns; i++) output[i] = values[i] * factor;
        lengths[row] = length;
    }
}

// That of the values is (gradient - output (output . gradient)) / length.
static void KERNEL(unit_normalize_backward)(float *restrict gradient, const float *restrict output, const float *lengths,
                                            ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t row = 0; row < rows; row++, gradient += columns, output += columns) {
        double sum;
        {
            FOR_EACH_FEATURE(0, columns, { loss = output[i] * gradient[i]; })
            sum = sum_of_lanes(lanes);
        }
        const float product = (float)sum, factor = 1.0f / lengths[row];
        for (ptrdiff_t i = 0; i < columns; i++) gradient[i] = (gradient[i] - output[i] * product) * factor;
    }
}
