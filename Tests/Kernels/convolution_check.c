// Compares convolutions with plain loops that follow their definition in docs/arithmetic.md, for the set of instructions that MPI_VAE_ISA
// names, and prints a digest of all results in fp32, which must be the same for every set and on every processor. bf16 is compared with
// every kind of instructions that the processor has.
//
//     convolution_check [ROUNDS]

#include "definition.h"
#include "definition_bf16.h"
#include "maps.h"
#include <sys/wait.h>
#include <unistd.h>

/// Terms of a sum.
typedef struct {
    float *a, *b;
    long count;
} terms;

static void add_term(terms *t, float a, float b) { t->a[t->count] = a, t->b[t->count++] = b; }

static float sum_of(enum kernel_precision precision, float start, const terms *t) {
    if (precision == kernel_bf16) return sum_of_chains(start, t->count, t->a, 1, t->b, 1);
    chains s = {.chain = start};
    for (long i = 0; i < t->count; i++) term(&s, t->a[i], t->b[i]);
    return sum(&s);
}

static float ended(const kernel_product_ends *e, float x, long element) {
    const float y = e->values[element];
    return e->end == kernel_end_relu ? (x < 0 ? 0 : x)
        : e->end == kernel_end_leaky_relu ? (x < 0 ? x * e->slope : x)
        : e->end == kernel_end_relu_derivative ? (y > 0 ? x : 0)
        : e->end == kernel_end_leaky_relu_derivative ? (y > 0 ? x : x * e->slope) : x;
}

/// A map's value, or 0 outside of it.
static float value_at(const float *maps, const ptrdiff_t *sizes, long channels, long row, const long *place, long channel) {
    for (int a = 0; a < 3; a++)
        if (place[a] < 0 || place[a] >= sizes[a]) return 0;
    return maps[(((row * sizes[0] + place[0]) * sizes[1] + place[1]) * sizes[2] + place[2]) * channels + channel];
}

static float weight_at(const kernel_convolution *c, const float *w, long group, const long *t, long i, long j) {
    const long tap = (t[0] * c->kernel[1] + t[1]) * c->kernel[2] + t[2], channels = c->channels / c->groups, outputs = c->outputs / c->groups;
    return w[((group * product_of(c->kernel) + tap) * channels + i) * outputs + j];
}

static void forward_terms(const kernel_convolution *c, const float *x, const float *w, long row, const long *p, long output, terms *to) {
    const long channels = c->channels / c->groups, outputs = c->outputs / c->groups, group = output / outputs;
    long t[3], place[3];
    to->count = 0;
    FOR_PLACES(c->kernel, t) {
        look(c, p, t, place);
        for (long i = 0; i < channels; i++)
            add_term(to, value_at(x, c->input, c->channels, row, place, group * channels + i), weight_at(c, w, group, t, i, output % outputs));
    }
}

/// The outputs, there or not, that see position q by some tap, in ascending order.
static void transposed_terms(const kernel_convolution *c, const float *g, const float *w, long row, const long *q, long channel, terms *to) {
    const long channels = c->channels / c->groups, outputs = c->outputs / c->groups, group = channel / channels;
    long p[3], t[3], low[3], high[3];
    for (int a = 0; a < 3; a++) {
        const long reach = (c->kernel[a] - 1) * c->dilation[a], from = q[a] + c->padding[a];
        low[a] = (from - reach) / c->stride[a] - 1, high[a] = from / c->stride[a] + 1;
    }
    to->count = 0;
    for (p[0] = low[0]; p[0] <= high[0]; p[0]++)
        for (p[1] = low[1]; p[1] <= high[1]; p[1]++)
            for (p[2] = low[2]; p[2] <= high[2]; p[2]++) {
                int sees = 1;
                for (int a = 0; a < 3; a++) {
                    const long way = q[a] + c->padding[a] - p[a] * c->stride[a];
                    t[a] = way / c->dilation[a];
                    sees &= way >= 0 && way % c->dilation[a] == 0 && t[a] < c->kernel[a];
                }
                for (long j = 0; sees && j < outputs; j++)
                    add_term(to, value_at(g, c->output, c->outputs, row, p, group * outputs + j),
                             weight_at(c, w, group, t, channel % channels, j));
            }
}

static void check_direction(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction, long rows, int odd) {
    const int forward = direction == kernel_convolve_forward;
    const long from_size = forward ? product_of(c->input) * c->channels : product_of(c->output) * c->outputs;
    const ptrdiff_t *to_sizes = forward ? c->output : c->input;
    const long to_channels = forward ? c->outputs : c->channels, count = rows * product_of(to_sizes) * to_channels;
    const long weights = product_of(c->kernel) * c->channels * c->outputs / c->groups;
    const long most = product_of(c->kernel) * (forward ? c->channels : c->outputs);
    float *from = floats(rows * from_size, odd), *w = floats(weights, odd), *bias = floats(to_channels, 0), *values = floats(count, 1);
    float *to = floats(count + 2, 0), *wanted = floats(count, 0);
    terms t = {floats(most, 0), floats(most, 0), 0};
    float *packed = scratch_bytes(kernel_convolution_packed_bytes(precision, c, direction));
    float *scratch = scratch_bytes(kernel_convolve_scratch(precision, c, direction));
    const long parts = range(1, 3);
    for (long part = 0; part < parts; part++) kernel_convolution_pack(precision, c, direction, w, part, parts, packed);
    const kernel_product_ends ends = {range(0, 1) ? bias : 0, (enum kernel_end)range(0, 4), 0.01f, values};
    to[0] = to[count + 1] = 7;
    kernel_convolve(precision, c, direction, rows, from, packed, &ends, to + 1, scratch);
    long p[3], element = 0;
    for (long row = 0; row < rows; row++)
        FOR_PLACES(to_sizes, p)
            for (long j = 0; j < to_channels; j++, element++) {
                if (forward) forward_terms(c, from, w, row, p, j, &t);
                else transposed_terms(c, from, w, row, p, j, &t);
                wanted[element] = ended(&ends, sum_of(precision, ends.bias ? bias[j] : 0, &t), element);
            }
    compare(forward ? "convolution" : "transposed convolution", to + 1, wanted, count);
    const float seven = 7;
    compare("before", to, &seven, 1), compare("behind", to + count + 1, &seven, 1);
    free(from), free(w), free(bias), free(values), free(to), free(wanted), free(t.a), free(t.b), free(packed), free(scratch);
}

/// Of long sums every so many elements are looked at.
static void check_gradient(enum kernel_precision precision, const kernel_convolution *c, long shards, long least, long most, int odd) {
    long counts[most_shards], rows = 0, longest = 0;
    for (long v = 0; v < shards; v++) {
        rows += counts[v] = least == most || range(0, 9) ? range(least, most) : 0;
        longest = counts[v] > longest ? counts[v] : longest;
    }
    const int rounds = (int)range(0, 1);
    const long inputs = product_of(c->input) * c->channels, positions = product_of(c->output), channels = c->channels / c->groups;
    const long outputs = c->outputs / c->groups, weights = product_of(c->kernel) * c->channels * outputs;
    float *x = floats(rows * inputs, odd), *g = floats(rows * positions * c->outputs, odd);
    const long weight = 16 * range(0, 2), bias = weight + (weights + 15) / 16 * 16, count = bias + c->outputs + 16;
    float *buffers[12];
    for (int i = 0; i < 12; i++) buffers[i] = floats(count, 0);
    float *const *sums = buffers + 3;
    const float before = sums[0][weight - (weight > 0)], behind = sums[0][weight + weights];
    shard_calls calls = {.counts = counts, .shards = shards, .unit = precision == kernel_bf16 ? 32 : 1};
    long first = 0;
    while (calls.shard < shards) {
        const long row_count = next_call(&calls, rows), parts = range(1, 3);
        const kernel_fold f = {calls.runs, calls.run_count, row_count, sums, {buffers[0], buffers[1], buffers[2]}, most_nodes, rounds};
        float *scratch = scratch_bytes(kernel_convolution_gradient_scratch(precision, c, &f));
        float *scaled = scratch_bytes(kernel_position_gradient_scratch(&f));
        for (long part = 0; part < parts; part++) {
            kernel_convolution_gradient(precision, c, &f, x + first * inputs, g + first * positions * c->outputs, weight, part, parts, scratch);
            kernel_position_gradient(&f, positions, c->outputs, g + first * positions * c->outputs, bias, part, parts, scaled);
        }
        free(scratch), free(scaled);
        first += row_count;
    }
    terms t = {floats(longest * positions, 0), floats(longest * positions, 0), 0};
    float leaves[most_shards];
    const long stride = rows * positions * (weights + c->outputs) / 3000000 * 7 + 1;
    for (long element = 0; element < weights + c->outputs; element += stride) {
        // A bias' gradient is that of a weight of an input that is 1, in fp32 always.
        const long is_bias = element >= weights, j = is_bias ? element - weights : element % outputs, i = element / outputs % channels;
        const long tap = element / outputs / channels % product_of(c->kernel), group = element / outputs / channels / product_of(c->kernel);
        const long at[3] = {tap / c->kernel[2] / c->kernel[1], tap / c->kernel[2] % c->kernel[1], tap % c->kernel[2]};
        long row = 0, p[3], place[3];
        for (long v = 0; v < shards; v++) {
            t.count = 0;
            for (long end = row + counts[v]; row < end; row++)
                FOR_PLACES(c->output, p) {
                    look(c, p, at, place);
                    add_term(&t, is_bias ? 1 : value_at(x, c->input, c->channels, row, place, group * channels + i),
                             value_at(g, c->output, c->outputs, row, p, is_bias ? j : group * outputs + j));
                }
            leaves[v] = sum_of(is_bias ? kernel_fp32 : precision, 0, &t);
        }
        const float wanted = fold(leaves, 0, shards, shards, rounds);
        compare(is_bias ? "bias' gradient" : "gradient", sums[0] + (is_bias ? bias + j : weight + element), &wanted, 1);
    }
    compare("before", sums[0] + weight - (weight > 0), weight > 0 ? &before : sums[0], 1);
    if (weight + weights < bias) compare("behind", sums[0] + weight + weights, &behind, 1);
    for (int i = 0; i < 12; i++) free(buffers[i]);
    free(x), free(g), free(t.a), free(t.b);
}

static void check_all(enum kernel_precision precision, const kernel_convolution *c, long rows, int odd) {
    check_direction(precision, c, kernel_convolve_forward, rows, odd);
    check_direction(precision, c, kernel_convolve_transposed, rows, odd);
    check_gradient(precision, c, range(1, 5), 1, rows, odd);
}

static kernel_convolution square(long size, long channels, long outputs, long kernel, long stride, long padding) {
    const long output = (size + 2 * padding - kernel) / stride + 1;
    return (kernel_convolution){{1, size, size}, {1, output, output}, {1, kernel, kernel}, {1, stride, stride}, {0, padding, padding},
                                {1, 1, 1}, channels, outputs, 1};
}

static void check(enum kernel_precision precision, long rounds) {
    // bf16 takes infinite and subnormal numbers for others, which its own check looks at.
    const int odd = precision == kernel_fp32;
    for (long r = 0; r < rounds; r++) {
        const kernel_convolution line = random_convolution(1, 30, 40), area = random_convolution(2, 11, 24), room = random_convolution(3, 5, 12);
        check_all(precision, &line, range(1, 4), odd && r % 2), check_all(precision, &area, range(1, 3), odd && r % 2);
        check_all(precision, &room, range(1, 3), odd && r % 2);
    }
    // Layers as they are used: few channels first and last, many in between; and depthwise.
    const kernel_convolution usual[] = {square(28, 1, 32, 4, 2, 1), square(14, 32, 64, 4, 2, 1), square(16, 3, 32, 4, 2, 1),
                                        square(9, 7, 2, 3, 1, 1), square(35, 1, 3, 3, 2, 1), square(7, 40, 130, 3, 1, 1)};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) check_all(precision, usual + i, 2, 0);
    const kernel_convolution narrow = square(3, 1056, 2, 2, 1, 0);
    check_all(precision, &narrow, 2, 0);
    kernel_convolution depthwise = square(10, 37, 37, 3, 1, 1);
    depthwise.groups = 37;
    check_all(precision, &depthwise, 3, 0);
    // Sums of more than a block of terms, and more columns than are summed at once.
    const kernel_convolution wide = square(2, 1100, 5, 2, 1, 0), deep = square(6, 130, 3, 3, 1, 1), large = square(40, 2, 3, 3, 1, 1);
    check_all(precision, &wide, 2, 0), check_all(precision, &deep, 2, 0), check_gradient(precision, &large, 3, 3, 6, 0);
    check_gradient(precision, &deep, 20, 0, 3, 0), check_gradient(precision, &usual[3], 3, 100, 150, 0);
}

/// Channels that bf16 reads where they lie.
static void check_runs(void) {
    // Along three axes, in groups, with gaps, and to few.
    for (long r = 0; r < 12; r++) {
        kernel_convolution run = random_convolution(range(1, 3), 6, 1);
        run.groups = range(1, 2), run.channels = 32 * run.groups * range(1, 2);
        run.outputs = run.groups * (range(0, 1) ? 32 : range(1, 3));
        check_all(kernel_bf16, &run, range(1, 4), 0);
    }
    // Back to every other position, with each end: of a room, and of more windows than are multiplied at once.
    const kernel_convolution room = {{4, 5, 6}, {2, 3, 3}, {3, 3, 3}, {2, 2, 2}, {1, 1, 1}, {1, 1, 1}, 40, 32, 1};
    const kernel_convolution area = square(64, 5, 32, 3, 2, 1);
    for (int r = 0; r < 8; r++) {
        check_direction(kernel_bf16, &room, kernel_convolve_transposed, 3, 0);
        check_direction(kernel_bf16, &area, kernel_convolve_transposed, 1, 0);
    }
    // Gradients of one output and of some more than are summed at once, of a shard in pieces, and of one that calls cut.
    const kernel_convolution one = square(7, 32, 1, 3, 1, 1), some = square(9, 64, 9, 3, 1, 1), large = square(40, 64, 5, 3, 1, 1);
    const kernel_convolution small = square(4, 32, 20, 3, 1, 1);
    check_gradient(kernel_bf16, &one, 3, 1, 4, 0), check_gradient(kernel_bf16, &some, 3, 1, 4, 0), check_gradient(kernel_bf16, &large, 1, 3, 3, 0);
    for (int r = 0; r < 4; r++) check_gradient(kernel_bf16, &small, 3, 64, 100, 0);
}

int main(int argc, char **argv) {
    const long rounds = argc > 1 ? atol(argv[1]) : 40;
    if (kernel_isa_problem()) return 78;
    int failed = 0;
    static const char *const kinds[] = {"", "avx512", "fma"};
    for (int i = 0; i < 3; i++) {
        // The kind is chosen once in a process.
        const pid_t child = fork();
        if (child == 0) {
            setenv("MPI_VAE_TEST_BF16", kinds[i], 1);
            const enum kernel_bf16_kind kind = kernel_bf16_kind();
            if (kind != kernel_bf16_none) check(kernel_bf16, rounds / 4 + 1), check_runs();
            if (wrong) printf("bf16, %s: %ld compared, %ld wrong\n", kernel_bf16_kind_name(kind), compared, wrong);
            fflush(stdout);
            _exit(wrong > 0);
        }
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) failed = 1;
        if (child > 0 && WIFSIGNALED(status)) printf("bf16, %s: ended by signal %d\n", kinds[i], WTERMSIG(status));
    }
    check(kernel_fp32, rounds);
    printf("%s: %ld compared, %ld wrong, digest %016llx\n", kernel_isa_name(kernel_isa()), compared, wrong, (unsigned long long)digest);
    return failed || wrong > 0;
}
