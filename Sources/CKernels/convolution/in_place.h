// What windows see, read where it lies: maps are copied with margins of zeros, and for products in bf16 rounded, which takes less than to copy
// what each window sees.
#pragma once
#include "blocks.h"
#include "../products/windows.h"
#include "../products_bf16.h"
#include "padded.h"
#include <string.h>

/// Maps with `stride` values at each position, of so many positions.
typedef struct {
    padded_map padded;
    ptrdiff_t size[KERNEL_AXES], stride;
    int is_rounded;
    /// Bytes of a value that windows see.
    ptrdiff_t bytes;
} seen_maps;

static seen_maps make_seen_maps(enum kernel_precision precision, const kernel_convolution *c, enum kernel_direction direction) {
    const int forward = direction == kernel_convolve_forward, is_rounded = precision == kernel_bf16;
    seen_maps m = {.padded = make_padded(c, direction), .stride = forward ? c->channels : c->outputs, .is_rounded = is_rounded,
                   .bytes = is_rounded ? sizeof(uint16_t) : sizeof(float)};
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

/// Bytes of the copies of so many maps, none where windows see the maps themselves.
static size_t copied_bytes(const seen_maps *m, ptrdiff_t count) {
    return has_margins(m) || m->is_rounded ? lines_of((size_t)(count * padded_map_floats(m) * m->bytes)) : 0;
}

static void copy_values(const seen_maps *m, const float *from, ptrdiff_t count, void *to) {
    if (m->is_rounded) kernel_bf16_round(from, count, to);
    else memcpy(to, from, (size_t)count * sizeof(float));
}

/// `count` maps as windows see them: with margins and rounded; the maps themselves where they need neither.
static const void *pad_maps(const seen_maps *m, const float *maps, ptrdiff_t count, void *to) {
    if (!has_margins(m)) {
        if (!m->is_rounded) return maps;
        copy_values(m, maps, count * map_floats(m), to);
        return to;
    }
    const padded_map *p = &m->padded;
    const ptrdiff_t values = m->size[2] * m->stride, position = m->stride * m->bytes;
    const ptrdiff_t low = p->low[2] * position, line = m->size[2] * position, whole = p->size[2] * position;
    char *out = to;
    for (; count > 0; count--, maps += map_floats(m))
        for (ptrdiff_t z = -p->low[0]; z < p->size[0] - p->low[0]; z++)
            for (ptrdiff_t y = -p->low[1]; y < p->size[1] - p->low[1]; y++, out += whole) {
                if (z < 0 || z >= m->size[0] || y < 0 || y >= m->size[1]) {
                    memset(out, 0, (size_t)whole);
                    continue;
                }
                memset(out, 0, (size_t)low);
                copy_values(m, maps + (z * m->size[1] + y) * values, values, out + low);
                memset(out + low + line, 0, (size_t)(whole - low - line));
            }
    return to;
}

/// Where `count` windows begin, from the `first` on, counted from the first of the maps.
static void find_windows(const seen_maps *m, const window *w, const void *maps, ptrdiff_t first, ptrdiff_t count, const void **windows) {
    const ptrdiff_t lines = w->axes[1].windows, each = lines * w->axes[0].windows, step = w->axes[2].step * m->stride * m->bytes;
    ptrdiff_t at = first % w->axes[2].windows, line = first / w->axes[2].windows;
    for (; count > 0; at = 0, line++) {
        const ptrdiff_t d = line % each / lines, h = line % lines;
        const ptrdiff_t values = line / each * padded_map_floats(m) + padded_line(&m->padded, w, d, h) * m->stride + w->channel;
        const char *place = (const char *)maps + values * m->bytes + at * step;
        for (; count > 0 && at < w->axes[2].windows; at++, count--, place += step) *windows++ = place;
    }
}

/// Where `count` windows of one tap are on the maps that they lie on, from the `first` on.
static inline void find_places(const window *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t *places) {
    const window_axis *depth = &w->axes[0], *height = &w->axes[1], *width = &w->axes[2];
    const ptrdiff_t lines = height->windows * depth->windows, step = width->step * w->stride;
    ptrdiff_t at = first % width->windows, line = first / width->windows;
    for (; count > 0; at = 0, line++) {
        const ptrdiff_t y = line % height->windows * height->step + height->start;
        const ptrdiff_t z = line % lines / height->windows * depth->step + depth->start;
        ptrdiff_t place = (((line / lines * depth->size + z) * height->size + y) * width->size + width->start) * w->stride + at * step + w->channel;
        for (; count > 0 && at < width->windows; at++, count--, place += step) *places++ = place;
    }
}

/// The distances of what lies in columns from `column` on.
static void find_columns(const seen_maps *m, const window *w, ptrdiff_t column, ptrdiff_t count, ptrdiff_t *columns) {
    while (count > 0) {
        const ptrdiff_t tap = padded_tap(&m->padded, w, column / w->channels) * m->stride;
        for (ptrdiff_t i = column % w->channels; count > 0 && i < w->channels; i++, column++, count--) *columns++ = tap + i;
    }
}
