#include "../convolution/window.h"
#include "../math.h"

#define COPY_FLOATS(count) __builtin_memcpy(to, from, (count) * sizeof(float))

/// Whole vectors, the last of which may overlap the one before.
INLINE void copy_floats(float *to, const float *from, ptrdiff_t count) {
    if (count >= 16) {
        for (; count > 16; count -= 16, to += 16, from += 16) COPY_FLOATS(16);
        to += count - 16, from += count - 16;
        COPY_FLOATS(16);
    } else if (count >= 4) {
        for (; count > 4; count -= 4, to += 4, from += 4) COPY_FLOATS(4);
        to += count - 4, from += count - 4;
        COPY_FLOATS(4);
    } else {
        for (ptrdiff_t i = 0; i < count; i++) to[i] = from[i];
    }
}
#undef COPY_FLOATS

INLINE void clear_floats(float *to, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) to[i] = 0;
}

/// Neighbouring values of a line, the same of each of several windows.
typedef struct {
    /// Positions of the line, values at each, and where it begins; NULL outside of the map.
    ptrdiff_t size, stride;
    const float *line;
    /// The position of the first window's first tap, from window to window, and taps.
    ptrdiff_t start, step, taps;
    /// The values of these taps that are wanted, `from` to `end`, for taps of `channels` values.
    ptrdiff_t channels, from, end;
} window_run;

static void gather_run(const window_run *r, ptrdiff_t windows, ptrdiff_t row, float *to) {
    const ptrdiff_t count = r->end - r->from;
    ptrdiff_t at = r->start;
    for (ptrdiff_t i = 0; i < windows; i++, at += r->step, to += row) {
        if (r->line && at >= 0 && at + r->taps <= r->size) {
            copy_floats(to, r->line + at * r->stride + r->from, count);
            continue;
        }
        // The taps from `low` to `high` see the line.
        ptrdiff_t low = r->line && at < 0 ? -at : 0, high = r->line ? r->size - at : 0;
        if (low > r->taps) low = r->taps;
        if (high > r->taps) high = r->taps;
        if (high < low) high = low;
        ptrdiff_t begin = low * r->channels, end = high * r->channels;
        begin = begin < r->from ? r->from : begin > r->end ? r->end : begin;
        end = end < begin ? begin : end > r->end ? r->end : end;
        clear_floats(to, begin - r->from);
        if (end > begin) copy_floats(to + begin - r->from, r->line + at * r->stride + begin, end - begin);
        clear_floats(to + end - r->from, r->end - end);
    }
}

static void KERNEL(gather_windows)(const window *w, const float *maps, ptrdiff_t first, ptrdiff_t count, ptrdiff_t column, ptrdiff_t columns,
                                   float *to) {
    const window_axis *depth = &w->axes[0], *height = &w->axes[1], *width = &w->axes[2];
    if (count <= 0 || columns <= 0) return;
    // Where neighbouring taps lie side by side, those of a line are copied as one.
    const ptrdiff_t taps = width->spacing == 1 && w->channels == w->stride ? width->taps : 1;
    const ptrdiff_t run = taps * w->channels, runs = width->taps / taps;
    // The run that `column` is in.
    const ptrdiff_t first_run = column / run, run_x = first_run % runs, run_y = first_run / runs % height->taps;
    const ptrdiff_t run_z = first_run / runs / height->taps, line_count = height->windows * depth->windows;
    ptrdiff_t at = first % width->windows, line = first / width->windows;
    while (count > 0) {
        const ptrdiff_t windows = count < width->windows - at ? count : width->windows - at;
        const ptrdiff_t y0 = line % height->windows * height->step + height->start;
        const ptrdiff_t z0 = line % line_count / height->windows * depth->step + depth->start;
        const float *const map = maps + line / line_count * (depth->size * height->size * width->size * w->stride) + w->channel;
        ptrdiff_t x = run_x, y = run_y, z = run_z, from = column - first_run * run;
        for (ptrdiff_t done = 0; done < columns;) {
            const ptrdiff_t line_y = y0 + y * height->spacing, line_z = z0 + z * depth->spacing;
            const int is_inside = line_y >= 0 && line_y < height->size && line_z >= 0 && line_z < depth->size;
            const window_run r = {
                .size = width->size, .stride = w->stride,
                .line = is_inside ? map + (line_z * height->size + line_y) * width->size * w->stride : 0,
                .start = at * width->step + width->start + x * width->spacing, .step = width->step, .taps = taps,
                .channels = w->channels, .from = from, .end = from + columns - done < run ? from + columns - done : run,
            };
            gather_run(&r, windows, columns, to + done);
            done += r.end - r.from, from = 0;
            if (++x == runs) x = 0, y++;
            if (y == height->taps) y = 0, z++;
        }
        to += windows * columns, count -= windows, at = 0, line++;
    }
}

/// The same for all ends of a product; `values` is read where the end depends on it.
INLINE float ended(enum kernel_end end, float slope, float x, const float *values) {
    switch (end) {
    case kernel_end_none: return x;
    case kernel_end_relu: return x < 0 ? 0 : x;
    case kernel_end_leaky_relu: return x < 0 ? x * slope : x;
    case kernel_end_relu_derivative: return *values > 0 ? x : 0;
    default: return *values > 0 ? x : x * slope;
    }
}

INLINE void scatter(enum kernel_end end, const window *w, const float *restrict sums, ptrdiff_t first, ptrdiff_t count, float slope,
                            const float *values, float *restrict maps) {
    const window_axis *depth = &w->axes[0], *height = &w->axes[1], *width = &w->axes[2];
    const ptrdiff_t line_count = height->windows * depth->windows, channels = w->channels;
    ptrdiff_t at = first % width->windows, line = first / width->windows;
    while (count > 0) {
        const ptrdiff_t windows = count < width->windows - at ? count : width->windows - at;
        const ptrdiff_t y = line % height->windows * height->step + height->start;
        const ptrdiff_t z = line % line_count / height->windows * depth->step + depth->start;
        const ptrdiff_t x = at * width->step + width->start;
        ptrdiff_t place = (((line / line_count * depth->size + z) * height->size + y) * width->size + x) * w->stride + w->channel;
        for (ptrdiff_t i = 0; i < windows; i++, place += width->step * w->stride, sums += channels)
            for (ptrdiff_t j = 0; j < channels; j++) maps[place + j] = ended(end, slope, sums[j], values + place + j);
        count -= windows, at = 0, line++;
    }
}

static void KERNEL(scatter_windows)(const window *w, const float *sums, ptrdiff_t first, ptrdiff_t count, const kernel_product_ends *ends,
                                    float *maps) {
    switch (ends->end) {
    // The end is a constant in each loop; where it needs no values the sums stand for them.
#define END(e, values)                                                                                                \
    case e: scatter(e, w, sums, first, count, ends->slope, values, maps); break;
        END(kernel_end_none, sums)
        END(kernel_end_relu, sums)
        END(kernel_end_leaky_relu, sums)
        END(kernel_end_relu_derivative, ends->values)
        END(kernel_end_leaky_relu_derivative, ends->values)
#undef END
    }
}
