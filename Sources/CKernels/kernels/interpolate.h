#include "ckernels_interpolate.h"
#include "../math.h"

/// The neighbours along an axis that an output is between, and their weights: one alone where it lies at a position, or behind the last.
typedef struct {
    ptrdiff_t first, count;
    float weights[2];
} neighbours;

INLINE neighbours find_neighbours(ptrdiff_t from, ptrdiff_t to, ptrdiff_t p) {
    // In units of 1 / (2 to), so that nothing is rounded but the weights.
    const ptrdiff_t unit = 2 * to, place = (2 * p + 1) * from - to, held = place < 0 ? 0 : place, first = held / unit;
    if (held % unit == 0 || first + 1 == from) return (neighbours){first, 1, {1, 0}};
    const float weight = (float)(held % unit) / (float)unit;
    return (neighbours){first, 2, {1.0f - weight, weight}};
}

/// Calls a statement for each output of all rows and each input that it sees, with the offsets of their first channels `at` and `seen`, and the weight.
/// `FIRST` comes before the inputs of an output.
#define FOR_NEIGHBOURS(FIRST, ...)                                                                                    \
    const ptrdiff_t size = from[0] * from[1] * from[2] * channels;                                                    \
    ptrdiff_t at = 0;                                                                                                 \
    for (ptrdiff_t row = 0; row < rows; row++)                                                                        \
        for (ptrdiff_t d = 0; d < to[0]; d++) {                                                                       \
            const neighbours deep = find_neighbours(from[0], to[0], d);                                               \
            for (ptrdiff_t h = 0; h < to[1]; h++) {                                                                   \
                const neighbours high = find_neighbours(from[1], to[1], h);                                           \
                for (ptrdiff_t w = 0; w < to[2]; w++, at += channels) {                                               \
                    const neighbours wide = find_neighbours(from[2], to[2], w);                                       \
                    FIRST                                                                                             \
                    for (ptrdiff_t a = 0; a < deep.count; a++)                                                        \
                        for (ptrdiff_t b = 0; b < high.count; b++)                                                    \
                            for (ptrdiff_t c = 0; c < wide.count; c++) {                                              \
                                const ptrdiff_t line = (deep.first + a) * from[1] + high.first + b;                   \
                                const ptrdiff_t seen = row * size + (line * from[2] + wide.first + c) * channels;     \
                                const float weight = deep.weights[a] * high.weights[b] * wide.weights[c];             \
                                __VA_ARGS__                                                                           \
                            }                                                                                         \
                }                                                                                                     \
            }                                                                                                         \
        }

static void KERNEL(interpolate)(const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows, const float *restrict x,
                                float *restrict y) {
    FOR_NEIGHBOURS(for (ptrdiff_t i = 0; i < channels; i++) y[at + i] = 0;,
                   for (ptrdiff_t i = 0; i < channels; i++) y[at + i] += weight * x[seen + i];)
}

static void KERNEL(interpolate_backward)(const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows,
                                         const float *restrict dy, float *restrict dx) {
    __builtin_memset(dx, 0, (size_t)(rows * from[0] * from[1] * from[2] * channels) * sizeof(float));
    FOR_NEIGHBOURS(, for (ptrdiff_t i = 0; i < channels; i++) dx[seen + i] += weight * dy[at + i];)
}
#undef FOR_NEIGHBOURS
