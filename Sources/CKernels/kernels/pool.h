#include "ckernels_pool.h"
#include "../math.h"

INLINE ptrdiff_t places_of(const ptrdiff_t *sizes) { return sizes[0] * sizes[1] * sizes[2]; }

/// The number of a place among all of `sizes`, and the next place; the last axis is the fastest.
INLINE ptrdiff_t number_of(const ptrdiff_t *sizes, const ptrdiff_t *place) { return (place[0] * sizes[1] + place[1]) * sizes[2] + place[2]; }
INLINE void move_on(const ptrdiff_t *sizes, ptrdiff_t *place) {
    for (int a = KERNEL_AXES - 1; a >= 0; a--) {
        if (++place[a] < sizes[a]) return;
        place[a] = 0;
    }
}

/// The input's place that tap `t` of output `p` looks at; less than 0 outside of the map.
INLINE ptrdiff_t seen_place(const kernel_convolution *c, const ptrdiff_t *p, const ptrdiff_t *t) {
    ptrdiff_t place[KERNEL_AXES];
    for (int a = 0; a < KERNEL_AXES; a++) {
        place[a] = p[a] * c->stride[a] + t[a] * c->dilation[a] - c->padding[a];
        if (place[a] < 0 || place[a] >= c->input[a]) return -1;
    }
    return number_of(c->input, place);
}

/// Calls a statement for each output p of all rows, with `x_row` and `y_row`, the first elements of its row and of its place.
#define FOR_OUTPUTS(c, rows, ...)                                                                                     \
    const ptrdiff_t channels = (c)->channels, outputs = places_of((c)->output), x_size = places_of((c)->input) * channels; \
    for (ptrdiff_t row = 0; row < (rows); row++) {                                                                    \
        ptrdiff_t p[KERNEL_AXES] = {0};                                                                               \
        const ptrdiff_t x_row = row * x_size;                                                                         \
        for (ptrdiff_t output = 0; output < outputs; output++, move_on((c)->output, p)) {                             \
            const ptrdiff_t y_row = (row * outputs + output) * channels;                                              \
            __VA_ARGS__                                                                                               \
        }                                                                                                             \
    }
/// Calls a statement for each tap of p that looks into the map, with its `place`.
#define FOR_SEEN(c, ...)                                                                                              \
    {                                                                                                                 \
        ptrdiff_t t[KERNEL_AXES] = {0};                                                                               \
        const ptrdiff_t taps = places_of((c)->kernel);                                                                \
        for (ptrdiff_t tap = 0; tap < taps; tap++, move_on((c)->kernel, t)) {                                         \
            const ptrdiff_t place = seen_place(c, p, t);                                                              \
            if (place < 0) continue;                                                                                  \
            __VA_ARGS__                                                                                               \
        }                                                                                                             \
    }

static void KERNEL(pool_average)(const kernel_convolution *c, ptrdiff_t rows, const float *restrict x, float *restrict y) {
    FOR_OUTPUTS(c, rows, {
        float *const to = y + y_row;
        float count = 0;
        for (ptrdiff_t i = 0; i < channels; i++) to[i] = 0;
        FOR_SEEN(c, {
            const float *from = x + x_row + place * channels;
            count += 1;
            for (ptrdiff_t i = 0; i < channels; i++) to[i] += from[i];
        })
        if (count == 0) continue;
        for (ptrdiff_t i = 0; i < channels; i++) to[i] /= count;
    })
}

static void KERNEL(pool_average_backward)(const kernel_convolution *c, ptrdiff_t rows, const float *restrict dy, float *restrict dx) {
    __builtin_memset(dx, 0, (size_t)(rows * places_of(c->input) * c->channels) * sizeof(float));
    FOR_OUTPUTS(c, rows, {
        const float *const from = dy + y_row;
        float count = 0;
        FOR_SEEN(c, count += 1;)
        FOR_SEEN(c, {
            float *to = dx + x_row + place * channels;
            for (ptrdiff_t i = 0; i < channels; i++) to[i] += from[i] / count;
        })
    })
}

static void KERNEL(pool_max)(const kernel_convolution *c, ptrdiff_t rows, const float *restrict x, float *restrict y) {
    FOR_OUTPUTS(c, rows, {
        float *const to = y + y_row;
        int is_first = 1;
        for (ptrdiff_t i = 0; i < channels; i++) to[i] = 0;
        FOR_SEEN(c, {
            const float *from = x + x_row + place * channels;
            for (ptrdiff_t i = 0; i < channels; i++) to[i] = is_first || from[i] > to[i] ? from[i] : to[i];
            is_first = 0;
        })
    })
}

static void KERNEL(pool_max_backward)(const kernel_convolution *c, ptrdiff_t rows, const float *restrict x, const float *restrict dy,
                                      float *restrict dx) {
    enum { most = 64 };
    __builtin_memset(dx, 0, (size_t)(rows * places_of(c->input) * c->channels) * sizeof(float));
    FOR_OUTPUTS(c, rows, {
        // Some channels at a time: the largest so far, and where it is.
        for (ptrdiff_t first = 0; first < channels; first += most) {
            const ptrdiff_t count = channels - first < most ? channels - first : most;
            float largest[most];
            ptrdiff_t where[most];
            int is_first = 1;
            FOR_SEEN(c, {
                const float *from = x + x_row + place * channels + first;
                for (ptrdiff_t i = 0; i < count; i++) {
                    const int is_larger = is_first || from[i] > largest[i];
                    largest[i] = is_larger ? from[i] : largest[i], where[i] = is_larger ? place : where[i];
                }
                is_first = 0;
            })
            for (ptrdiff_t i = 0; !is_first && i < count; i++) dx[x_row + where[i] * channels + first + i] += dy[y_row + first + i];
        }
    })
}
#undef FOR_OUTPUTS
#undef FOR_SEEN

/// The place of an output's nearest input.
INLINE ptrdiff_t nearest(const ptrdiff_t *from, const ptrdiff_t *to, const ptrdiff_t *p) {
    const ptrdiff_t place[] = {p[0] * from[0] / to[0], p[1] * from[1] / to[1], p[2] * from[2] / to[2]};
    return number_of(from, place);
}

static void KERNEL(resize)(const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows, const float *restrict x,
                           float *restrict y) {
    for (ptrdiff_t row = 0; row < rows; row++, x += places_of(from) * channels) {
        ptrdiff_t p[KERNEL_AXES] = {0};
        for (ptrdiff_t output = 0; output < places_of(to); output++, y += channels, move_on(to, p))
            __builtin_memcpy(y, x + nearest(from, to, p) * channels, (size_t)channels * sizeof(float));
    }
}

static void KERNEL(resize_backward)(const ptrdiff_t *from, const ptrdiff_t *to, ptrdiff_t channels, ptrdiff_t rows, const float *restrict dy,
                                    float *restrict dx) {
    __builtin_memset(dx, 0, (size_t)(rows * places_of(from) * channels) * sizeof(float));
    for (ptrdiff_t row = 0; row < rows; row++, dx += places_of(from) * channels) {
        ptrdiff_t p[KERNEL_AXES] = {0};
        for (ptrdiff_t output = 0; output < places_of(to); output++, dy += channels, move_on(to, p)) {
            float *const sum = dx + nearest(from, to, p) * channels;
            for (ptrdiff_t i = 0; i < channels; i++) sum[i] += dy[i];
        }
    }
}
