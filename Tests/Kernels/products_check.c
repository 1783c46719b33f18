// Compares the products with plain loops that follow their definition, for the set of instructions that MPI_VAE_ISA names, and prints a digest
// of all results, which must be the same for every set and on every processor.
//
//     products_check [ROUNDS]

#include "definition.h"

static void check_product(long m, long k, long n) {
    // Infinite terms in a long sum would hide all others.
    const int odd = (int)range(0, k > 150 ? 1 : 2), transposed = (int)range(0, 1);
    float *a = floats(m * k, odd), *b = floats(k * n, odd), *bias = floats(n, 0), *c = floats(m * n, 0), *values = floats(m * n, 1);
    float *wanted = floats(m * n, 0), *packed = scratch_bytes(kernel_packed_bytes(kernel_fp32, k, n));
    float *scratch = scratch_bytes(kernel_product_scratch(kernel_fp32, m, k, n));
    const long parts = range(1, 3);
    for (long part = 0; part < parts; part++) kernel_pack(kernel_fp32, k, n, b, transposed, part, parts, packed);
    const kernel_product_ends ends = {range(0, 1) ? bias : 0, (enum kernel_end)range(0, 4), 0.01f, values};
    kernel_product(kernel_fp32, m, k, n, a, packed, &ends, c, scratch);
    for (long i = 0; i < m; i++)
        for (long j = 0; j < n; j++) {
            chains s = {.chain = ends.bias ? bias[j] : 0};
            for (long p = 0; p < k; p++) term(&s, a[i * k + p], transposed ? b[j * k + p] : b[p * n + j]);
            const float x = sum(&s), y = values[i * n + j];
            wanted[i * n + j] = ends.end == kernel_end_relu ? (x < 0 ? 0 : x)
                : ends.end == kernel_end_leaky_relu ? (x < 0 ? x * 0.01f : x)
                : ends.end == kernel_end_relu_derivative ? (y > 0 ? x : 0)
                : ends.end == kernel_end_leaky_relu_derivative ? (y > 0 ? x : x * 0.01f) : x;
        }
    compare("product", c, wanted, m * n);
    if (!transposed) {
        // What lies behind b is read, and must not count.
        float *plain = floats(k * n + 15, 0);
        memcpy(plain, b, (size_t)(k * n) * 4);
        for (long i = 0; i < 15; i++) plain[k * n + i] = NAN;
        memset(c, 0, (size_t)(m * n) * 4);
        kernel_product_in_place(m, k, n, a, plain, &ends, c, scratch);
        compare("product in place", c, wanted, m * n);
        free(plain);
    }
    free(a), free(b), free(bias), free(c), free(values), free(wanted), free(packed), free(scratch);
}

/// Products half way between two floats, to which much less than their last digit in double precision is added: where a fused multiply-add is
/// computed with others, rounding twice would show here, and hardly elsewhere.
static void check_ties(void) {
    enum { count = 64 };
    float *a = floats(1, 0), *b = floats(count, 0), *bias = floats(count, 0), *c = floats(count, 0), *wanted = floats(count, 0);
    float *packed = scratch_bytes(kernel_packed_bytes(kernel_fp32, 1, count));
    *a = 0x1.001p0f;
    for (int j = 0; j < count; j++) {
        b[j] = (j & 1 ? -1 : 1) * (0x1.001p0f + (float)(j / 4) * 0x1p-11f), bias[j] = (j & 2 ? -1 : 1) * 0x1p-60f;
        wanted[j] = fmaf(*a, b[j], bias[j]);
    }
    kernel_pack(kernel_fp32, 1, count, b, 0, 0, 1, packed);
    const kernel_product_ends ends = {.bias = bias};
    kernel_product(kernel_fp32, 1, 1, count, a, packed, &ends, c, 0);
    compare("ties", c, wanted, count);
    free(a), free(b), free(bias), free(c), free(wanted), free(packed);
}

static void check_gradient(long shards, long least, long most, long inputs, long outputs) {
    long counts[128], rows = 0;
    for (long v = 0; v < shards; v++) rows += counts[v] = least == most || range(0, 9) ? range(least, most) : 0;
    const int odd = (int)range(0, 1), rounds = (int)range(0, 1);
    float *x = floats(rows * inputs, odd), *g = floats(rows * outputs, odd);
    // The same rows, others' values between them.
    const long stride = outputs + range(0, 20);
    float *apart = floats(rows > 0 ? (rows - 1) * stride + outputs : 0, odd);
    for (long r = 0; r < rows; r++) memcpy(apart + r * stride, g + r * outputs, (size_t)outputs * 4);
    const long weight = 16 * range(0, 2), bias = weight + (inputs * outputs + 15) / 16 * 16, count = bias + outputs + 16;
    float *buffers[12], *wanted = floats(count, 0);
    for (int i = 0; i < 12; i++) buffers[i] = floats(count, 0);
    float *const *sums = buffers + 3;
    memcpy(wanted, sums[0], (size_t)count * 4);
    float leaves[128];
    for (long i = 0; i <= inputs; i++)
        for (long j = 0; j < outputs; j++) {
            long row = 0;
            for (long v = 0; v < shards; v++) {
                chains s = {0};
                for (long r = row; r < row + counts[v]; r++) term(&s, i < inputs ? x[r * inputs + i] : 1, g[r * outputs + j]);
                leaves[v] = sum(&s), row += counts[v];
            }
            wanted[i < inputs ? weight + i * outputs + j : bias + j] = fold(leaves, 0, shards, shards, rounds);
        }
    shard_calls calls = {.counts = counts, .shards = shards, .unit = 1};
    long first = 0;
    while (calls.shard < shards) {
        const long row_count = next_call(&calls, rows), run_count = calls.run_count;
        const kernel_shard_rows *runs = calls.runs;
        const kernel_fold f = {runs, run_count, row_count, sums, {buffers[0], buffers[1], buffers[2]}, 8, rounds};
        const long parts = range(1, 3);
        float *scratch = scratch_bytes(kernel_weight_gradient_scratch(kernel_fp32, &f, inputs, outputs));
        // Exactly these rows, so that reading others would show.
        for (long part = 0; part < parts; part++) {
            kernel_weight_gradient(kernel_fp32, &f, inputs, outputs, x + first * inputs, g + first * outputs, weight, part, parts, scratch);
            kernel_column_gradient(&f, outputs, apart + first * stride, stride, bias, part, parts);
        }
        free(scratch);
        first += row_count;
    }
    compare("gradient", sums[0], wanted, count);
    for (int i = 0; i < 12; i++) free(buffers[i]);
    free(x), free(g), free(apart), free(wanted);
}

int main(int argc, char **argv) {
    const long rounds = argc > 1 ? atol(argv[1]) : 100;
    if (kernel_isa_problem()) return 78;
    check_ties();
    for (long k = 1; k <= 130; k++) check_product(range(1, 20), k, range(1, 70));
    for (long r = 0; r < rounds; r++) check_product(range(1, 60), range(1, 1200), range(1, 120));
    check_product(3, 4096, 40), check_product(5, 4097, 17), check_product(9, 9000, 50), check_product(2, 20000, 3);
    for (long r = 0; r < rounds; r++) {
        const long most = range(1, 40);
        check_gradient(range(1, 13), most / 2, most, range(1, 60), range(1, 120));
    }
    check_gradient(64, 2, 5, 40, 30), check_gradient(100, 1, 3, 7, 9), check_gradient(3, 350, 700, 20, 60);
    check_gradient(8, 150, 300, 150, 170), check_gradient(1, 100, 200, 300, 3);
    // One segment in the second block, whole and cut, and more.
    for (int r = 0; r < 6; r++) check_gradient(1, 4300, 4300, 9, 20);
    check_gradient(1, 9000, 9000, 9, 20);
    printf("%s: %ld compared, %ld wrong, digest %016llx\n", kernel_isa_name(kernel_isa()), compared, wrong, (unsigned long long)digest);
    return wrong > 0;
}
