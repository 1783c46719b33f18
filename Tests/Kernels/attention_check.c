// Compares attention with plain loops that follow its definition in docs/arithmetic.md, for the set of instructions that MPI_VAE_ISA names, and prints a
// digest of all results, which must be the same for every set and on every processor.
//
//     attention_check [ROUNDS]

#pragma clang fp contract(off)
#include "definition.h"
#include "math.h"

static long least(long a, long b) { return a < b ? a : b; }

/// One row in plain loops; probabilities and the like are [queries][keys].
typedef struct {
    kernel_attention of;
    float scale;
    float *probabilities, *gradients;
} plain;

/// The query (0), key (1) or value (2) of a position.
static long place(const plain *p, long part, long head, long position) {
    const long channels = p->of.heads * p->of.width;
    return (3 * position + part) * channels + head * p->of.width;
}

static void attend(const plain *p, long head, const float *qkv, float *context, float *largest, float *factor) {
    const long n = p->of.positions, width = p->of.width;
    for (long i = 0; i < n; i++) {
        float *const row = p->probabilities + i * n, *const to = context + (i * p->of.heads + head) * width;
        float most = -INFINITY, sum = 0;
        for (long j = 0; j < n; j++) {
            float score = 0;
            for (long c = 0; c < width; c++) score = fmaf(qkv[place(p, 1, head, j) + c], qkv[place(p, 0, head, i) + c], score);
            row[j] = score * p->scale;
            most = row[j] > most ? row[j] : most;
        }
        for (long j = 0; j < n; j++) row[j] = exp_float(row[j] - most), sum += row[j];
        largest[i] = most, factor[i] = 1 / sum;
        for (long j = 0; j < n; j++) row[j] *= factor[i];
        for (long c = 0; c < width; c++) {
            to[c] = 0;
            for (long j = 0; j < n; j++) to[c] = fmaf(row[j], qkv[place(p, 2, head, j) + c], to[c]);
        }
    }
}

/// Of what `attend` left.
static void attend_back(const plain *p, long head, const float *qkv, const float *dcontext, float *dqkv) {
    const long n = p->of.positions, width = p->of.width;
    for (long i = 0; i < n; i++) {
        const float *const d = dcontext + (i * p->of.heads + head) * width;
        const float *const row = p->probabilities + i * n;
        float *const to = p->gradients + i * n, sum = 0;
        for (long j = 0; j < n; j++) {
            to[j] = 0;
            for (long c = 0; c < width; c++) to[j] = fmaf(qkv[place(p, 2, head, j) + c], d[c], to[j]);
            sum = fmaf(row[j], to[j], sum);
        }
        for (long j = 0; j < n; j++) to[j] = row[j] * (to[j] - sum) * p->scale;
    }
    for (long i = 0; i < n; i++)
        for (long c = 0; c < width; c++) {
            float q = 0, k = 0, v = 0;
            for (long j = 0; j < n; j++) {
                q = fmaf(p->gradients[i * n + j], qkv[place(p, 1, head, j) + c], q);
                k = fmaf(p->gradients[j * n + i], qkv[place(p, 0, head, j) + c], k);
                v = fmaf(p->probabilities[j * n + i], dcontext[(j * p->of.heads + head) * width + c], v);
            }
            dqkv[place(p, 0, head, i) + c] = q, dqkv[place(p, 1, head, i) + c] = k, dqkv[place(p, 2, head, i) + c] = v;
        }
}

static void check(kernel_attention of, long rows, float spread, int odd) {
    const long n = of.positions, size = n * of.heads * of.width, moments = 2 * of.heads * n;
    const plain p = {of, 1 / sqrtf((float)of.width), floats(n * n, 0), floats(n * n, 0)};
    float *qkv = floats(3 * rows * size, odd), *dcontext = floats(rows * size, odd);
    for (long i = 0; i < 3 * rows * size; i++) qkv[i] *= spread;
    float *context = floats(rows * size + 2, 0), *wanted = floats(rows * size, 0), *again = floats(rows * size, 0);
    float *found = floats(rows * moments + 2, 0), *wanted_moments = floats(rows * moments, 0);
    float *dqkv = floats(3 * rows * size + 2, 0), *wanted_back = floats(3 * rows * size, 0);
    float *qkv_again = floats(3 * rows * size, 0);
    memcpy(qkv_again, qkv, (size_t)(3 * rows * size) * sizeof(float));
    float *scratch = scratch_bytes(kernel_attend_scratch(&of));
    context[0] = context[rows * size + 1] = found[0] = found[rows * moments + 1] = dqkv[0] = dqkv[3 * rows * size + 1] = 7;
    kernel_attend(&of, rows, qkv, context + 1, found + 1, scratch);
    kernel_attend(&of, rows, qkv, again, 0, scratch);
    kernel_attend_backward(&of, rows, qkv, found + 1, dcontext, dqkv + 1, scratch);
    for (long row = 0; row < rows; row++)
        for (long head = 0; head < of.heads; head++) {
            float *const largest = wanted_moments + row * moments + 2 * head * n;
            attend(&p, head, qkv + 3 * row * size, wanted + row * size, largest, largest + n);
            attend_back(&p, head, qkv + 3 * row * size, dcontext + row * size, wanted_back + 3 * row * size);
        }
    // In place, too.
    kernel_attend_backward(&of, rows, qkv_again, found + 1, dcontext, qkv_again, scratch);
    // The largest score may be a zero of either sign.
    for (long i = 0; i < rows * moments; i++) found[i + 1] += 0.0f, wanted_moments[i] += 0.0f;
    compare("context", context + 1, wanted, rows * size), compare("context alone", again, wanted, rows * size);
    if (!odd) compare("moments", found + 1, wanted_moments, rows * moments);
    compare("gradient", dqkv + 1, wanted_back, 3 * rows * size), compare("gradient in place", qkv_again, wanted_back, 3 * rows * size);
    const float seven = 7;
    compare("before", context, &seven, 1), compare("behind", context + rows * size + 1, &seven, 1);
    compare("before", found, &seven, 1), compare("behind", found + rows * moments + 1, &seven, 1);
    compare("before", dqkv, &seven, 1), compare("behind", dqkv + 3 * rows * size + 1, &seven, 1);
    free(p.probabilities), free(p.gradients), free(qkv), free(dcontext), free(context), free(wanted), free(again), free(found);
    free(wanted_moments), free(dqkv), free(wanted_back), free(scratch), free(qkv_again);
}

int main(int argc, char **argv) {
    const long rounds = argc > 1 ? atol(argv[1]) : 40;
    if (kernel_isa_problem()) return 78;
    // Scores far apart leave most probabilities as small as exp can make them.
    static const float spreads[] = {1, 0.01f, 6, 40};
    for (long r = 0; r < rounds; r++) {
        const long width = range(1, 70), positions = least(range(1, 120), 3000 / width);
        check((kernel_attention){positions, range(1, 4), width}, range(0, 3), spreads[r % 4], r % 3 == 2 ? (int)range(1, 2) : 0);
    }
    // Blocks of queries, and vectors, that just fit or do not.
    static const long edges[] = {1, 2, 5, 15, 16, 17, 31, 33, 47, 48, 49, 64, 65, 96, 97, 145};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        for (long width = 3; width <= 17; width += 7) check((kernel_attention){edges[i], 2, width}, 1, 2, 0);
    check((kernel_attention){49, 4, 16}, 2, 3, 0), check((kernel_attention){64, 2, 64}, 2, 1, 0), check((kernel_attention){196, 3, 32}, 2, 1, 0);
    check((kernel_attention){401, 1, 8}, 1, 1, 0), check((kernel_attention){3, 1, 300}, 1, 1, 0);
    printf("%s: %ld compared, %ld wrong, digest %016llx\n", kernel_isa_name(kernel_isa()), compared, wrong, (unsigned long long)digest);
    return wrong > 0;
}
