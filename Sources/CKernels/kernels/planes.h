#include "../convolution/padded.h"
#include "../math.h"

typedef float four __attribute__((vector_size(16)));
typedef float loose_four __attribute__((vector_size(16), aligned(4), may_alias));

/// A line of `count` positions with `channels` of `stride` values each to lines of its channels, `plane` apart.
static void take_line_apart(ptrdiff_t count, ptrdiff_t channels, const float *line, ptrdiff_t stride, float *to, ptrdiff_t plane) {
    ptrdiff_t x = 0;
    for (; x + 4 <= count; x += 4, line += 4 * stride) {
        ptrdiff_t i = 0;
        for (; i + 4 <= channels; i += 4) {
            const four a = *(const loose_four *)(line + i), b = *(const loose_four *)(line + stride + i);
            const four c = *(const loose_four *)(line + 2 * stride + i), d = *(const loose_four *)(line + 3 * stride + i);
            const four e = __builtin_shufflevector(a, b, 0, 4, 1, 5), f = __builtin_shufflevector(c, d, 0, 4, 1, 5);
            const four g = __builtin_shufflevector(a, b, 2, 6, 3, 7), h = __builtin_shufflevector(c, d, 2, 6, 3, 7);
            float *const out = to + i * plane + x;
            *(loose_four *)out = __builtin_shufflevector(e, f, 0, 1, 4, 5);
            *(loose_four *)(out + plane) = __builtin_shufflevector(e, f, 2, 3, 6, 7);
            *(loose_four *)(out + 2 * plane) = __builtin_shufflevector(g, h, 0, 1, 4, 5);
            *(loose_four *)(out + 3 * plane) = __builtin_shufflevector(g, h, 2, 3, 6, 7);
        }
        for (; i < channels; i++)
            for (int q = 0; q < 4; q++) to[i * plane + x + q] = line[q * stride + i];
    }
    for (; x < count; x++, line += stride)
        for (ptrdiff_t i = 0; i < channels; i++) to[i * plane + x] = line[i];
}

static void KERNEL(pad_planes)(const padded_map *p, const window *w, const float *map, float *planes) {
    const ptrdiff_t size[] = {w->axes[0].size, w->axes[1].size, w->axes[2].size}, plane = padded_count(p);
    __builtin_memset(planes, 0, (size_t)(plane * w->channels) * sizeof(float));
    for (ptrdiff_t z = 0; z < size[0]; z++)
        for (ptrdiff_t y = 0; y < size[1]; y++) {
            const float *line = map + (z * size[1] + y) * size[2] * w->stride + w->channel;
            float *to = planes + ((z + p->low[0]) * p->size[1] + y + p->low[1]) * p->size[2] + p->low[2];
            take_line_apart(size[2], w->channels, line, w->stride, to, plane);
        }
}

INLINE void scatter_line(enum kernel_end end, const window *w, ptrdiff_t place, const float *restrict sums, ptrdiff_t stride, float slope,
                         const float *values, float *restrict map) {
    const ptrdiff_t step = w->axes[2].step * w->stride;
    for (ptrdiff_t j = 0; j < w->channels; j++)
        for (ptrdiff_t i = 0; i < w->axes[2].windows; i++)
            map[place + i * step + j] = ended(end, slope, sums[j * stride + i], values + place + i * step + j);
}

static void KERNEL(scatter_planes)(const window *places, ptrdiff_t d, ptrdiff_t h, const float *sums, ptrdiff_t stride,
                                   const kernel_product_ends *ends, float *map) {
    const window_axis *depth = &places->axes[0], *height = &places->axes[1], *width = &places->axes[2];
    const ptrdiff_t line = (d * depth->step + depth->start) * height->size + h * height->step + height->start;
    const ptrdiff_t place = (line * width->size + width->start) * places->stride + places->channel;
    switch (ends->end) {
#define END(e, values)                                                                                                \
    case e: scatter_line(e, places, place, sums, stride, ends->slope, values, map); break;
        END(kernel_end_none, sums)
        END(kernel_end_relu, sums)
        END(kernel_end_leaky_relu, sums)
        END(kernel_end_relu_derivative, ends->values)
        END(kernel_end_leaky_relu_derivative, ends->values)
#undef END
    }
}
