static void KERNEL(add_condition)(float *output, const float *values, const float *conditions, const float *weight, ptrdiff_t rows,
                                  ptrdiff_t positions, ptrdiff_t channels, ptrdiff_t width) {
    for (ptrdiff_t row = 0; row < rows; row++, conditions += width) {
        for (ptrdiff_t place = 0; place < positions; place++, output += channels, values += channels) {
            if (output != values) memcpy(output, values, sizeof(float) * (size_t)channels);
            for (ptrdiff_t c = 0; c < width; c++) {
                const float condition = conditions[c];
                const float *added = weight + c * channels;
                // Of a category all numbers but one are 0, which would change nothing.
                if (condition == 0) continue;
                for (ptrdiff_t i = 0; i < channels; i++) output[i] = output[i] + condition * added[i];
            }
        }
    }
}

static void KERNEL(sum_positions)(float *sums, const float *values, ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t channels) {
    for (ptrdiff_t row = 0; row < rows; row++, sums += channels) {
        memset(sums, 0, sizeof(float) * (size_t)channels);
        for (ptrdiff_t place = 0; place < positions; place++, values += channels) {
            for (ptrdiff_t i = 0; i < channels; i++) sums[i] += values[i];
        }
    }
}
