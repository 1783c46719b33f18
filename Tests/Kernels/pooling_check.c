// Compares pooling and interpolation with plain loops that follow their definition in docs/arithmetic.md, for the set of instructions that
// MPI_VAE_ISA names, and prints a digest of all results, which must be the same for every set and on every processor.
//
//     pooling_check [ROUNDS]

#include "maps.h"

/// Pooling: an output at a time, by what its taps see in order; gradients are added where they lead, output after output.
static void check_pooling(kernel_convolution c, long rows) {
    c.groups = 1, c.outputs = c.channels;
    const long size = product_of(c.input) * c.channels, positions = product_of(c.output), count = rows * positions * c.channels;
    float *x = floats(rows * size, 0), *dy = floats(count, 0), *got = floats(rows * size + count, 0);
    float *wanted[4] = {floats(count, 0), floats(count, 0), floats(rows * size, 0), floats(rows * size, 0)};
    // Equal values are to be there.
    for (long i = 0; i < rows * size; i++) x[i] = (float)range(-4, 4) * 0.3f;
    memset(wanted[2], 0, (size_t)(rows * size) * 4), memset(wanted[3], 0, (size_t)(rows * size) * 4);
    long p[3], t[3], place[3], element = 0;
    for (long row = 0; row < rows; row++)
        FOR_PLACES(c.output, p)
            for (long i = 0; i < c.channels; i++, element++) {
                float sum = 0, largest = 0, seen = 0;
                long first = -1;
                for (int pass = 0; pass < 2; pass++)
                    FOR_PLACES(c.kernel, t) {
                        look(&c, p, t, place);
                        int is_inside = 1;
                        for (int a = 0; a < 3; a++) is_inside &= place[a] >= 0 && place[a] < c.input[a];
                        if (!is_inside) continue;
                        const long at = (((row * c.input[0] + place[0]) * c.input[1] + place[1]) * c.input[2] + place[2]) * c.channels + i;
                        if (pass == 0) {
                            if (seen == 0 || x[at] > largest) largest = x[at], first = at;
                            sum += x[at], seen += 1;
                        } else {
                            wanted[2][at] += dy[element] / seen;
                        }
                    }
                wanted[0][element] = seen > 0 ? sum / seen : 0, wanted[1][element] = largest;
                if (first >= 0) wanted[3][first] += dy[element];
            }
    kernel_pool_average(&c, rows, x, got), compare("mean", got, wanted[0], count);
    kernel_pool_max(&c, rows, x, got), compare("largest", got, wanted[1], count);
    kernel_pool_average_backward(&c, rows, dy, got), compare("mean's gradient", got, wanted[2], rows * size);
    kernel_pool_max_backward(&c, rows, x, dy, got), compare("largest's gradient", got, wanted[3], rows * size);
    // The nearest values of the output's sizes, and back.
    memset(wanted[2], 0, (size_t)(rows * size) * 4), element = 0;
    for (long row = 0; row < rows; row++)
        FOR_PLACES(c.output, p)
            for (long i = 0; i < c.channels; i++, element++) {
                for (int a = 0; a < 3; a++) place[a] = p[a] * c.input[a] / c.output[a];
                const long at = (((row * c.input[0] + place[0]) * c.input[1] + place[1]) * c.input[2] + place[2]) * c.channels + i;
                wanted[0][element] = x[at], wanted[2][at] += dy[element];
            }
    kernel_resize(c.input, c.output, c.channels, rows, x, got), compare("resized", got, wanted[0], count);
    kernel_resize_backward(c.input, c.output, c.channels, rows, dy, got), compare("resized gradient", got, wanted[2], rows * size);
    free(x), free(dy), free(got);
    for (int i = 0; i < 4; i++) free(wanted[i]);
}

/// The weight of position q of `from` for p of `to`: by the distance from where p lies, in exact fractions; what lies beyond the ends is at them.
static float weight_between(long from, long to, long p, long q) {
    long place = (2 * p + 1) * from - to;
    if (place < 0) place = 0;
    if (place > (from - 1) * 2 * to) place = (from - 1) * 2 * to;
    const long way = place - q * 2 * to;
    if (way <= -2 * to || way >= 2 * to) return 0;
    return way >= 0 ? 1 - (float)way / (float)(2 * to) : (float)(2 * to + way) / (float)(2 * to);
}

/// Interpolation from inputs to outputs: for all pairs of an output and an input, those of weight 0 left out.
static void check_interpolation(const kernel_convolution *c, long rows) {
    const long size = product_of(c->input) * c->channels, count = rows * product_of(c->output) * c->channels;
    float *x = floats(rows * size, 0), *dy = floats(count, 0), *got = floats(rows * size + count, 0);
    float *wanted = floats(count, 0), *wanted_back = floats(rows * size, 0);
    memset(wanted, 0, (size_t)count * 4), memset(wanted_back, 0, (size_t)(rows * size) * 4);
    long p[3], q[3], element = 0;
    for (long row = 0; row < rows; row++)
        FOR_PLACES(c->output, p)
            for (long i = 0; i < c->channels; i++, element++)
                FOR_PLACES(c->input, q) {
                    float weights[3];
                    for (int a = 0; a < 3; a++) weights[a] = weight_between(c->input[a], c->output[a], p[a], q[a]);
                    const float weight = weights[0] * weights[1] * weights[2];
                    if (weight == 0) continue;
                    const long at = (((row * c->input[0] + q[0]) * c->input[1] + q[1]) * c->input[2] + q[2]) * c->channels + i;
                    wanted[element] += weight * x[at], wanted_back[at] += weight * dy[element];
                }
    kernel_interpolate(c->input, c->output, c->channels, rows, x, got), compare("interpolated", got, wanted, count);
    kernel_interpolate_backward(c->input, c->output, c->channels, rows, dy, got);
    compare("interpolated gradient", got, wanted_back, rows * size);
    free(x), free(dy), free(got), free(wanted), free(wanted_back);
}

int main(int argc, char **argv) {
    const long rounds = argc > 1 ? atol(argv[1]) : 40;
    if (kernel_isa_problem()) return 78;
    for (long r = 0; r < rounds; r++) {
        const kernel_convolution line = random_convolution(1, 30, 40), area = random_convolution(2, 11, 24), room = random_convolution(3, 5, 12);
        check_pooling(line, 3), check_pooling(area, 2), check_pooling(room, 2);
        const kernel_convolution *const maps[] = {&line, &area, &room};
        for (int m = 0; m < 3; m++) {
            kernel_convolution other = *maps[m];
            check_interpolation(&other, 2);
            for (int a = 0; a < 3; a++) other.input[a] = maps[m]->output[a], other.output[a] = maps[m]->input[a];
            check_interpolation(&other, 2);
        }
    }
    printf("%s: %ld compared, %ld wrong, digest %016llx\n", kernel_isa_name(kernel_isa()), compared, wrong, (unsigned long long)digest);
    return wrong > 0;
}
