// What windows see, read where it lies: maps are copied with margins of zeros, which takes less than to copy what each window sees.
#pragma once
#include "blocks.h"
#include "../products/windows.h"
#include "padded.h"
#include <string.h>

/// Maps with `stride` values at each position, of so many positions.
typedef struct {
    padded_map padded;
    ptrdiff_t size[KERNEL_AXES], stride;
} seen_maps;

static seen_maps make_seen_maps(const kernel_convolution *c, enum kernel_direction direction) {
    const int forward = direction == kernel_convolve_forward;
    seen_maps m = {.padded = make_padded(c, direction), .stride = forward ? c->channels : c->outputs};
    for (int a = 0; a < KERNEL_AXES; a++) m.size[a] = forward ? c->input[a] : c->output[a];
    return m;
}

/// Whether products can read windows of so many channels where they lie.
static int can_be_in_place(enum kernel_precision precision, ptrdiff_t channels) {
    return precision == kernel_fp32 || channels % window_run == 0;
}

static ptrdiff_t map_floats(const seen_maps *m) { return m->size[0] * m->size[1] * m->size[2] * m->stride; }
static ptrdiff_t padded_map_floats(const seen_maps *m) { return padded_count(&m->padded) * m->stride; }
static int has_margins(const seen_maps *m) { return padded_map_floats(m) != map_floats(m); }

/// `count` maps with margins; the maps themselves where they need none.
static const float *pad_maps(const seen_maps *m, const float *maps, ptrdiff_t count, float *to) {
    if (!has_margins(m)) return maps;
    const padded_map *p = &m->padded;
    const ptrdiff_t line = m->size[2] * m->stride, low = p->low[2] * m->stride, whole = p->size[2] * m->stride;
    float *out = to;
    for (; count > 0; count--, maps += map_floats(m))
        for (ptrdiff_t z = -p->low[0]; z < p->size[0] - p->low[0]; z++)
            for (ptrdiff_t y = -p->low[1]; y < p->size[1] - p->low[1]; y++, out += whole) {
                if (z < 0 || z >= m->size[0] || y < 0 || y >= m->size[1]) {
                    memset(out, 0, (size_t)whole * sizeof(float));
                    continue;
                }
                memset(out, 0, (size_t)low * sizeof(float));
                memcpy(out + low, maps + (z * m->size[1] + y) * line, (size_t)line * sizeof(float));
                memset(out + low + line, 0, (size_t)(whole - low - line) * sizeof(float));
            }
    return to;
}

/// Where `count` windows begin, from the `first` on, counted from the first of the maps.
static void find_windows(const seen_maps *m, const window *w, const float *maps, ptrdiff_t first, ptrdiff_t count, const float **windows) {
    const ptrdiff_t lines = w->axes[1].windows, each = lines * w->axes[0].windows, step = w->axes[2].step * m->stride;
    ptrdiff_t at = first % w->axes[2].windows, line = first / w->axes[2].windows;
    for (; count > 0; at = 0, line++) {
        const ptrdiff_t d = line % each / lines, h = line % lines;
        const float *place = maps + line / each * padded_map_floats(m) + padded_line(&m->padded, w, d, h) * m->stride + w->channel + at * step;
        for (; count > 0 && at < w->axes[2].windows; at++, count--, place += step) *windows++ = place;
    }
}

/// The distances of what lies in columns from `column` on.
static void find_columns(const seen_maps *m, const window *w, ptrdiff_t column, ptrdiff_t count, ptrdiff_t *columns) {
    while (count > 0) {
        const ptrdiff_t tap = padded_tap(&m->padded, w, column / w->channels) * m->stride;
        for (ptrdiff_t i = column % w->channels; count > 0 && i < w->channels; i++, column++, count--) *columns++ = tap + i;
    }
}
