// Runs every elementwise kernel in every instance that this processor has, on random numbers and on those at the edges, and compares
// the bytes of the results. Prints a digest of them, which must be the same on every architecture.
//
// What is not a number has no sign and no digits that mean anything; all such results count as equal.

#include "elementwise.h"
#include "elementwise_model.h"

// MARK: - Kernels

static void run_folds(const struct kernels *k, struct results *r, ptrdiff_t count, int edges) {
    const float *sources[8];
    for (int i = 0; i < 8; i++) sources[i] = floats(edges);
    float *sum = floats(0);
    uint16_t rounded[most];
#define RUN(name, ...)                                                                                                \
    k->name(sum, __VA_ARGS__, count);                                                                                 \
    take_floats(r, #name, sum, count);
    RUN(add, sources[0], sources[1])
    RUN(add_bf16, sources[0], sources[1])
    RUN(fold4, sources, 3)
    RUN(fold4_bf16, sources, 3)
    RUN(fold8, sources, 3)
    RUN(fold8_bf16, sources, 3)
#undef RUN
    k->to_bf16(rounded, sources[0], count);
    take(r, "to_bf16", rounded, (size_t)count * 2);
    k->from_bf16(sum, rounded, count);
    take_floats(r, "from_bf16", sum, count);
    double squares = k->sum_of_squares(sources[0], count);
    take_doubles(r, "sum_of_squares", &squares, 1);
    for (int i = 0; i < 8; i++) free((void *)sources[i]);
    free(sum);
}

static void run_random(const struct kernels *k, struct results *r, ptrdiff_t rows, ptrdiff_t features, int edges) {
    const ptrdiff_t count = rows * features;
    int64_t numbers[most];
    for (ptrdiff_t i = 0; i < rows; i++) numbers[i] = (int64_t)(random_bits() >> 16);
    float *values = floats(edges), *chances = units(), *output = floats(0);
    const uint64_t seed = random_bits();
    k->normal(output, numbers, rows, features, seed, 3, 7);
    take_floats(r, "normal", output, count);
    k->corrupt_gaussian(output, values, numbers, rows, features, 0.3f, seed, 4, 7);
    take_floats(r, "corrupt_gaussian", output, count);
    k->corrupt_masking(output, values, numbers, rows, features, 0.3f, seed, 5, 7);
    take_floats(r, "corrupt_masking", output, count);
    k->dropout(output, values, numbers, rows, features, 0.3f, seed, 5, 7);
    take_floats(r, "dropout", output, count);
    k->corrupt_salt_and_pepper(output, values, numbers, rows, features, 0.3f, seed, 6, 7);
    take_floats(r, "corrupt_salt_and_pepper", output, count);
    k->draw_bernoulli(chances, numbers, rows, features, seed, 7, 7);
    take_floats(r, "draw_bernoulli", chances, count);
    free(values), free(chances), free(output);
}

static void run_preparation(const struct kernels *k, struct results *r, ptrdiff_t rows, ptrdiff_t features, int edges) {
    const ptrdiff_t count = rows * features;
    float *values = floats(edges), *chances = units(), *mask = floats(0), *joined = floats(0);
    k->scale_to_total(chances, 10, rows, features);
    take_floats(r, "scale_to_total", chances, count);
    k->log1p(chances, count);
    take_floats(r, "log1p", chances, count);
    k->take_missing(values, mask, count);
    take_floats(r, "take_missing", values, count);
    k->join_mask(values, mask, joined, rows, features);
    take_floats(r, "join_mask", joined, 2 * count);
    k->clamp(values, -1, 2, count);
    take_floats(r, "clamp", values, count);
    k->threshold(values, 0.5f, count);
    take_floats(r, "threshold", values, count);
    free(values), free(chances), free(mask), free(joined);
}

static void run_exact(const struct kernels *k, struct results *r, ptrdiff_t features, int edges) {
    double *row = doubles(edges), *positive = doubles(edges), *shift = doubles(0), *factor = doubles(0);
    float *values = floats(edges);
    for (int i = 0; i < most; i++) positive[i] = positive[i] < 0 ? -positive[i] : positive[i];
    k->exact_log1p(positive, features);
    take_doubles(r, "exact_log1p", positive, features);
    double *moments[6];
    for (int i = 0; i < 6; i++) moments[i] = calloc(most, sizeof(double));
    for (int i = 0; i < 3; i++) {
        k->exact_take_moments(row, moments[0], moments[1], moments[2], moments[3], moments[4], moments[5], features);
        k->exact_take_moments(shift, moments[0], moments[1], moments[2], moments[3], moments[4], moments[5], features);
    }
    for (int i = 0; i < 6; i++) take_doubles(r, "exact_take_moments", moments[i], features), free(moments[i]);
    k->exact_scale_to_total(shift, 10, features);
    take_doubles(r, "exact_scale_to_total", shift, features);
    k->exact_shift_and_scale(row, shift, factor, features);
    take_doubles(r, "exact_shift_and_scale", row, features);
    k->exact_clamp(row, -3, 5, features);
    take_doubles(r, "exact_clamp", row, features);
    k->exact_restore(positive, values, shift, factor, 1, features);
    take_doubles(r, "exact_restore", positive, features);
    k->exact_threshold(row, 0.5, features);
    take_doubles(r, "exact_threshold", row, features);

    const ptrdiff_t columns = features / 7;
    k->add_products(shift, values, 3, values + 5, columns, 6, columns);
    take_doubles(r, "add_products", shift, columns);
    k->add_products_double(shift, factor, row, columns, 7, columns);
    take_doubles(r, "add_products_double", shift, columns);
    free(row), free(positive), free(shift), free(factor), free(values);
}

/// Against plain loops by their definition, too, since all instances are of one source.
static void run_symmetric(const struct kernels *k, struct results *r, ptrdiff_t rows, ptrdiff_t count) {
    double *a = doubles(0), *b = doubles(0), *c = doubles(0), *sums = doubles(0);
    static double scratch[kernel_double_scratch], wanted[most];
    take_doubles(r, "dot_double", (double[]){k->dot_double(a, b, count)}, 1);
    k->secular_sums(sums, a, b, 0.25, 0.125, count);
    take_doubles(r, "secular_sums", sums, 2);
    k->secular_weights(sums, a, 0.25, 0.125, 0.375, count);
    take_doubles(r, "secular_weights", sums, count);
    k->secular_vector(sums, a, b, 0.25, 0.125, count);
    take_doubles(r, "secular_vector", sums, count);

    // Rows 8 to 8 + rows of a matrix of 60 columns.
    const ptrdiff_t stride = 60, first = 8, end = first + rows < 13 ? 13 : first + rows;
    k->symmetric_rows(sums, c, a, stride, b, first, rows, end);
    take_doubles(r, "symmetric_rows", sums + first, rows);
    take_doubles(r, "symmetric_rows", c, first);

    const ptrdiff_t m = rows + 20, n = 17 + rows, terms = count < 700 ? count : 700;
    ptrdiff_t places[700];
    for (ptrdiff_t p = 0; p < terms; p++) places[p] = (p * 7 + 3) % 100;
    for (int subtracts = 0; subtracts < 2; subtracts++) {
        const kernel_factor left = {a, 5, 3, NULL}, right = {b, 1, 30, places};
        for (ptrdiff_t i = 0; i < m * n; i++) {
            double sum = 0;
            wanted[i] = subtracts ? c[i] : 0;
            for (ptrdiff_t p = 0; p < terms; p++) {
                sum += a[i / n * 5 + p * 3] * b[i % n + places[p] * 30];
                if ((p + 1) % kernel_double_terms && p + 1 < terms) continue;
                wanted[i] = subtracts ? wanted[i] - sum : p < kernel_double_terms ? sum : wanted[i] + sum;
                sum = 0;
            }
        }
        k->multiply_double(subtracts, m, n, terms, &left, &right, c, n, scratch);
        take_doubles(r, "multiply_double", c, m * n);
        if (memcmp(c, wanted, (size_t)(m * n) * sizeof *c) != 0) {
            fprintf(stderr, "multiply_double: other bits than by its definition\n");
            exit(1);
        }
    }
    free(a), free(b), free(c), free(sums);
}

/// Channels of positions: sums against plain loops over one channel after the other, and what is normalised by them.
static void run_moments(const struct kernels *k, struct results *r, ptrdiff_t positions, ptrdiff_t channels, int edges) {
    float *x = floats(edges), *dy = floats(edges), *means = floats(0), *factors = units(), *gain = floats(0), *shift = floats(0), *y = floats(0);
    double sums[most], products[most], wanted[3][most] = {{0}};
    for (ptrdiff_t i = 0; i < positions * channels; i++) {
        const ptrdiff_t c = i % channels;
        const float d = x[i] - means[c];
        wanted[0][c] += (double)x[i];
        wanted[1][c] += (double)d * (double)d;
        wanted[2][c] += (double)dy[i] * (double)(d * factors[c]);
    }
    // Threads share the channels.
    for (int which = 0; which < 3; which++) {
        for (int part = 0; part < 3; part++) {
            const ptrdiff_t first = part * channels / 3, last = (part + 1) * channels / 3;
            if (which == 0) k->channel_sums(sums, x, positions, channels, first, last);
            if (which == 1) k->channel_squares(sums, x, means, positions, channels, first, last);
            if (which == 2) k->channel_gradients(products, sums, x, dy, means, factors, positions, channels, first, last);
        }
        static const char *const names[] = {"channel_sums", "channel_squares", "channel_gradients"};
        take_doubles(r, names[which], sums, channels);
        for (ptrdiff_t c = 0; c < channels; c++) {
            if (memcmp(&sums[c], &wanted[which][c], sizeof *sums) == 0 || wanted[which][c] != wanted[which][c]) continue;
            fprintf(stderr, "%s: other bits than by its definition\n", names[which]);
            exit(1);
        }
    }
    take_doubles(r, "channel_gradients", products, channels);
    k->channel_normalize(y, x, means, factors, gain, shift, positions, channels);
    take_floats(r, "channel_normalize", y, positions * channels);
    const kernel_channel_terms terms = {.means = means, .factors = factors, .slopes = gain, .levels = shift, .tilts = y};
    float *dx = floats(0);
    k->channel_normalize_backward(dx, dy, x, &terms, positions, channels);
    take_floats(r, "channel_normalize_backward", dx, positions * channels);
    free(x), free(dy), free(means), free(factors), free(gain), free(shift), free(y), free(dx);
}

static void run_decoding(const struct kernels *k, struct results *r, ptrdiff_t count) {
    uint64_t numbers[most];
    uint8_t bytes[8 * most];
    for (int i = 0; i < most; i++) numbers[i] = random_bits() >> (random_bits() & 48);
    float *values = floats(0);
    double *exact = doubles(0);
    for (enum kernel_number type = kernel_pixel; type <= kernel_bit; type++) {
        k->to_float(values, numbers, type, count);
        take_floats(r, "to_float", values, count);
        k->to_double(exact, numbers, type, count);
        take_doubles(r, "to_double", exact, count);
    }
    for (ptrdiff_t size = 1; size <= 8; size++) {
        k->unshuffle(bytes, (const uint8_t *)numbers, size, 3 * count);
        take(r, "unshuffle", bytes, (size_t)(3 * count));
        k->swap_bytes(numbers, size, count);
        take(r, "swap_bytes", numbers, sizeof numbers);
    }
    const uint32_t sum = k->fletcher32(bytes, 3 * count);
    take(r, "fletcher32", &sum, sizeof sum);
    float *odd = floats(1);
    double *odd_exact = doubles(1);
    for (int missing = 0; missing < 2; missing++) {
        const int64_t found[] = {k->find_outside(odd, -1000, 1000, missing, count),
                                 k->find_outside_exact(odd_exact, -1000, 1000, missing, count)};
        take(r, "find_outside", found, sizeof found);
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        odd[i] = (float)(random_bits() >> 40) - 0x1p23f;
        odd_exact[i] = (double)(random_bits() >> 11) - 0x1p52;
    }
    odd[random_bits() % (uint64_t)count] = random_unit() + 1000;
    odd_exact[random_bits() % (uint64_t)count] = (double)random_unit() + 0x1p30;
    const int64_t found[] = {k->find_fraction(odd, count), k->find_fraction_exact(odd_exact, count)};
    take(r, "find_fraction", found, sizeof found);
    free(values), free(exact), free(odd), free(odd_exact);
}

static void run(const struct kernels *k, struct results *r) {
    r->count = 0;
    state = 1;
    static const ptrdiff_t shapes[][2] = {{1, 1}, {1, 3}, {3, 31}, {5, 32}, {2, 33}, {7, 97}, {3, 300}, {1, 2200}, {60, 33}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int edges = 0; edges < 2; edges++) {
            const ptrdiff_t rows = shapes[i][0], features = shapes[i][1], count = rows * features;
            run_activations(k, r, count, edges);
            run_likelihoods(k, r, rows, features, edges);
            run_model(k, r, rows, features, edges);
            run_softmax(k, r, rows, features, edges);
            run_folds(k, r, count, edges);
            run_random(k, r, rows, features, edges);
            run_preparation(k, r, rows, features, edges);
            run_exact(k, r, count, edges);
            run_decoding(k, r, count);
            run_symmetric(k, r, rows, count);
            run_moments(k, r, rows, features, edges);
            run_moments(k, r, features, rows, edges);
        }
}

static void finish(struct results *r, uint8_t (*digests)[32]) {
    for (int i = 0; i < r->count; i++) kernel_sha256_finish(&r->digests[i], digests[i]);
}

int main(int argc, char **argv) {
    static const struct kernels *instances[3] = {&kernels_baseline};
    int instance_count = 1;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("x86-64-v3")) instances[instance_count++] = &kernels_avx2;
    if (__builtin_cpu_supports("x86-64-v4")) instances[instance_count++] = &kernels_avx512;
#endif
    static struct results results;
    static uint8_t first[kernel_limit][32], other[kernel_limit][32];
    run(instances[0], &results);
    finish(&results, first);
    int difference = 0;
    for (int instance = 1; instance < instance_count; instance++) {
        run(instances[instance], &results);
        finish(&results, other);
        for (int i = 0; i < results.count; i++) {
            if (memcmp(first[i], other[i], 32) == 0) continue;
            fprintf(stderr, "%s: instance %d gives other bits\n", results.names[i], instance);
            difference = 1;
        }
    }
    const int shows_all = argc > 1 && strcmp(argv[1], "--all") == 0;
    for (int i = 0; i < results.count && shows_all; i++) {
        for (int byte = 0; byte < 8; byte++) printf("%02x", first[i][byte]);
        printf(" %s\n", results.names[i]);
    }
    kernel_sha256 digest;
    uint8_t total[32];
    kernel_sha256_begin(&digest);
    kernel_sha256_update(&digest, first, (size_t)results.count * 32);
    kernel_sha256_finish(&digest, total);
    for (int byte = 0; byte < 32; byte++) printf("%02x", total[byte]);
    printf("\n");
    fprintf(stderr, "%d kernels, %d instances\n", results.count, instance_count);
    return difference;
}
