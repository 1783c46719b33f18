// The bf16 products against their definition in docs/reproducibility.md, a number at a time, with every kind of instructions that the
// processor has. Build: clang -O2 -iquote CKernels -ICKernels/include bf16_check.c CKernels/{products_bf16,isa}.c -lm
#include "ckernels_isa.h"
#include "definition_bf16.h"
#include "products_bf16.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma clang fp contract(off)

static long comparisons, differences;
static int shown;

static uint64_t state = 88172645463325252u;
static uint32_t random_bits(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 32);
}
static ptrdiff_t below(ptrdiff_t count) { return (ptrdiff_t)(random_bits() % (uint32_t)count); }
/// Exponents around 1; of a wide range; such that products and sums are subnormal now and then; and subnormal operands.
enum range { usual, wide, tiny, smallest, range_count };

static float random_float(enum range range) {
    static const int centre[] = {127, 127, 64, 8}, width[] = {4, 60, 6, 12};
    if (below(40) == 0) return 0;
    const uint32_t exponent = (uint32_t)(centre[range] + (int)below(width[range]) - width[range] / 2);
    return float_of((random_bits() & 0x807fffffu) | (below(60) == 0 ? 0 : exponent) << 23);
}
static float *random_floats(ptrdiff_t count, enum range range) {
    float *x = malloc((size_t)count * sizeof *x + 1);
    for (ptrdiff_t i = 0; i < count; i++) x[i] = random_float(range);
    return x;
}
static void *cache_lines(size_t bytes) {
    // Of just as many bytes, so that a sanitizer sees every byte beyond; what is in them means nothing.
    void *memory;
    if (posix_memalign(&memory, 64, bytes + (bytes == 0))) abort();
    memset(memory, 0xff, bytes);
    return memory;
}

static float end_of(const kernel_product_ends *ends, float x, ptrdiff_t element) {
    switch (ends->end) {
    case kernel_end_relu: return x < 0 ? 0 : x;
    case kernel_end_leaky_relu: return x < 0 ? ends->slope * x : x;
    case kernel_end_relu_derivative: return ends->values[element] > 0 ? x : 0;
    case kernel_end_leaky_relu_derivative: return ends->values[element] > 0 ? x : ends->slope * x;
    default: return x;
    }
}

static float rounded(float x) { return float_of((bits_of(x) + 0x7fff + (bits_of(x) >> 16 & 1)) & 0xffff0000u); }

static void compare(float is, float wanted, const char *what, ptrdiff_t a, ptrdiff_t b, ptrdiff_t c, ptrdiff_t i, ptrdiff_t j) {
    comparisons++;
    if (bits_of(is) == bits_of(wanted)) return;
    differences++;
    if (shown++ < 10)
        printf("%s %td x %td x %td, element %td, %td: %a instead of %a\n", what, a, b, c, i, j, (double)is, (double)wanted);
}

/// Of large matrices every so many elements are looked at.
static ptrdiff_t stride_of(ptrdiff_t terms) { return terms / 4000000 * 7 + 1; }

static void check_product(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, enum range range) {
    const int transposed = (int)below(2);
    float *a = random_floats(m * k, range), *b = random_floats(k * n, range == usual ? usual : range == wide ? wide : usual);
    float *bias = random_floats(n, range), *values = random_floats(m * n, usual), *c = malloc((size_t)(m * n + 2) * 4);
    const kernel_product_ends ends = {below(2) ? bias : NULL, (enum kernel_end)below(5), 0.01f, values};
    void *packed = cache_lines(kernel_bf16_packed_bytes(k, n)), *scratch = cache_lines(kernel_bf16_product_scratch(m, k, n));
    const ptrdiff_t parts = 1 + below(3);
    for (ptrdiff_t part = 0; part < parts; part++) kernel_bf16_pack(k, n, b, transposed, part, parts, packed);
    c[0] = c[m * n + 1] = 7;
    kernel_bf16_product(m, k, n, a, 0, packed, &ends, 0, c + 1, scratch);
    compare(c[0], 7, "before", m, k, n, 0, 0);
    compare(c[m * n + 1], 7, "behind", m, k, n, 0, 0);
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) {
            if ((i * n + j) % stride_of(m * n * k) != 0) continue;
            const float x = transposed ? sum_of_chains(ends.bias ? bias[j] : 0, k, a + i * k, 1, b + j * k, 1)
                                       : sum_of_chains(ends.bias ? bias[j] : 0, k, a + i * k, 1, b + j, n);
            compare(c[1 + i * n + j], end_of(&ends, x, i * n + j), "product", m, k, n, i, j);
        }
    free(a), free(b), free(bias), free(values), free(c), free(packed), free(scratch);
}

enum { most_runs = 400, most_levels = 10 };

/// Shards' gradients along a binary counter's tree whose last sum adds up what is left, in calls that are cut anywhere.
static void check_gradient(ptrdiff_t inputs, ptrdiff_t outputs, ptrdiff_t shards, const ptrdiff_t *shard_rows, int is_rounded,
                           ptrdiff_t calls, enum range range) {
    ptrdiff_t rows = 0;
    for (ptrdiff_t s = 0; s < shards; s++) rows += shard_rows[s];
    float *x = random_floats(rows * inputs, range), *g = random_floats(rows * outputs, range == smallest ? usual : range);
    const ptrdiff_t count = inputs * outputs, weight = 1 + below(40);
    float *sums[most_levels + 1], *unfinished[3], *wanted[most_levels];
    for (int l = 0; l <= most_levels; l++) sums[l] = random_floats(weight + count + 1, usual);
    for (int l = 0; l < 3; l++) unfinished[l] = random_floats(weight + count, usual);
    for (int l = 0; l < most_levels; l++) wanted[l] = random_floats(count, usual);
    sums[most_levels][0] = sums[most_levels][weight - 1] = sums[most_levels][weight + count] = 7;

    // In one call the sums of inner nodes need no place outside of the tiles' own memory.
    static kernel_shard_rows runs[most_runs];
    ptrdiff_t run_count = 0;
    for (ptrdiff_t s = 0; s < shards; s++) {
        kernel_shard_rows last = {.is_last = 1, .destination = most_levels};
        const int closes_all = s == shards - 1;
        int level = 0;
        for (; closes_all ? s >> level : s >> level & 1; level++)
            if (s >> level & 1) last.adds[last.add_count++] = calls > 1 ? level : ~level;
        if (!closes_all) last.destination = calls > 1 ? level : ~level;
        ptrdiff_t left = shard_rows[s], before = 0;
        while (left > 32 && calls > 1 && below(3) > 0 && run_count < most_runs - shards) {
            const ptrdiff_t piece = (1 + below((left - 1) / 32)) * 32;
            runs[run_count++] = (kernel_shard_rows){.row_count = piece, .before = before};
            before += piece, left -= piece;
        }
        last.row_count = left, last.before = before;
        runs[run_count++] = last;
        ptrdiff_t first = 0;
        for (ptrdiff_t q = 0; q < s; q++) first += shard_rows[q];
        for (ptrdiff_t i = 0; i < inputs; i++)
            for (ptrdiff_t j = 0; j < outputs; j++) {
                if ((i * outputs + j) % stride_of(count * rows) != 0) continue;
                float sum = sum_of_chains(0, shard_rows[s], x + first * inputs + i, inputs, g + first * outputs + j, outputs);
                if (is_rounded) sum = rounded(sum);
                for (int l = 0; closes_all ? s >> l : s >> l & 1; l++) {
                    if (s >> l & 1) sum = wanted[l][i * outputs + j] + sum;
                    if (s >> l & 1 && is_rounded) sum = rounded(sum);
                }
                wanted[closes_all ? 0 : level][i * outputs + j] = sum;
            }
    }
    ptrdiff_t first_run = 0, first_row = 0;
    for (ptrdiff_t call = 0; call < calls; call++) {
        const ptrdiff_t end_run = run_count * (call + 1) / calls, parts = 1 + below(4);
        kernel_fold fold = {runs + first_run, end_run - first_run, 0, sums, {unfinished[0], unfinished[1], unfinished[2]}, most_levels, is_rounded};
        for (ptrdiff_t r = first_run; r < end_run; r++) fold.row_count += runs[r].row_count;
        for (ptrdiff_t part = 0; part < parts; part++) {
            void *scratch = cache_lines(kernel_bf16_weight_gradient_scratch(&fold, inputs, outputs));
            kernel_bf16_weight_gradient(&fold, inputs, outputs, x + first_row * inputs, 0, g + first_row * outputs, weight, part, parts, scratch);
            free(scratch);
        }
        first_run = end_run, first_row += fold.row_count;
    }
    const float *is = sums[most_levels];
    compare(is[0], 7, "before", inputs, rows, outputs, 0, 0);
    compare(is[weight - 1], 7, "before", inputs, rows, outputs, 0, 0);
    compare(is[weight + count], 7, "behind", inputs, rows, outputs, 0, 0);
    for (ptrdiff_t i = 0; i < count; i += stride_of(count * rows))
        compare(is[weight + i], wanted[0][i], "gradient", inputs, rows, outputs, i / outputs, i % outputs);
    free(x), free(g);
    for (int l = 0; l <= most_levels; l++) free(sums[l]);
    for (int l = 0; l < 3; l++) free(unfinished[l]);
    for (int l = 0; l < most_levels; l++) free(wanted[l]);
}

static void check_all(void) {
    static ptrdiff_t shard_rows[128];
    for (ptrdiff_t k = 0; k <= 130; k++) {
        check_product(1 + below(40), k, 1 + below(70), (enum range)(k % range_count));
        *shard_rows = k;
        check_gradient(1 + below(70), 1 + below(70), 1, shard_rows, (int)(k % 2), 1 + below(3), (enum range)(k % range_count));
    }
    for (int i = 0; i < 60; i++) check_product(1 + below(100), 1 + below(300), 1 + below(100), (enum range)(i % range_count));
    for (ptrdiff_t m = 1; m <= 66; m++) check_product(m, 1 + below(70), m, usual);
    check_product(700, 40, 20, usual), check_product(40, 40, 700, wide);
    check_product(33, 4096, 3, usual), check_product(3, 4097, 33, usual), check_product(150, 9000, 17, usual);

    // More than fits into the second level cache.
    check_product(900, 1000, 450, usual), check_product(70, 5000, 300, usual);

    static const ptrdiff_t shard_counts[] = {1, 2, 3, 5, 8, 13, 64, 100};
    for (size_t v = 0; v < sizeof shard_counts / sizeof *shard_counts; v++)
        for (int i = 0; i < 6; i++) {
            const ptrdiff_t shards = shard_counts[v], at_most = 1 + below(shards > 20 ? 40 : 100);
            for (ptrdiff_t s = 0; s < shards; s++) shard_rows[s] = i < 2 ? at_most : below(at_most + 1);
            check_gradient(1 + below(90), 1 + below(90), shards, shard_rows, i % 2, i < 3 ? 1 : 1 + below(7), (enum range)(i % range_count));
        }
    static const ptrdiff_t large_shards[] = {500, 16, 700};
    check_gradient(900, 450, 3, large_shards, 0, 1, usual), check_gradient(450, 900, 3, large_shards, 1, 4, usual);
    static const ptrdiff_t long_shards[] = {4096, 9000, 0, 4095, 4097};
    for (int i = 0; i < 6; i++) check_gradient(3 + 16 * i, 35 - i, 5, long_shards, i % 2, i < 2 ? 1 : 1 + below(8), usual);
}

int main(void) {
    int failed = 0;
    static const char *const kinds[] = {"", "avx512", "fma"};
    for (int i = 0; i < 3; i++) {
        fflush(stdout);
        // The kind is chosen once in a process.
        const pid_t child = fork();
        if (child == 0) {
            setenv("MPI_VAE_TEST_BF16", kinds[i], 1);
            const enum kernel_bf16_kind kind = kernel_bf16_kind();
            if (kind != kernel_bf16_none) check_all();
            printf("bf16 products, %s: %ld comparisons, %ld differ\n", kernel_bf16_kind_name(kind), comparisons, differences);
            fflush(stdout);
            _exit(differences != 0);
        }
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) failed = 1;
    }
    return failed;
}
