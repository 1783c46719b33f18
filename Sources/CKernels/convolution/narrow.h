// Convolutions to few channels, for `kernel_planes_product`: all windows of neighbouring lines at once, also those between the end of a line and
// the beginning of the next, which nobody looks at.
#pragma once
#include "../products_bf16.h"
#include "parts.h"

/// Positions, all of a chunk of lines, that are summed at once.
static ptrdiff_t narrow_lines(const padded_map *p, const window *w) {
    const ptrdiff_t positions = 2048;
    return most_of(1, least_of(w->axes[1].windows, positions / p->size[2]));
}

static ptrdiff_t narrow_stride(const padded_map *p, const window *w) { return (narrow_lines(p, w) * p->size[2] + 31) / 16 * 16; }

/// A thread's memory: the planes of a map, of channels or, in bf16, of pairs of them, where each term lies, and sums.
static size_t narrow_planes_bytes(const padded_map *p, const window *w) { return floats_of(padded_count(p) * w->channels + 32); }
static size_t narrow_offsets_bytes(const window *w) { return lines_of(sizeof(ptrdiff_t) * (size_t)window_columns(w)); }
static size_t narrow_bytes(const padded_map *p, const window *w, ptrdiff_t n) {
    return narrow_planes_bytes(p, w) + narrow_offsets_bytes(w) + floats_of(n * narrow_stride(p, w));
}

/// Fills in the planes of a map.
static void make_planes(enum kernel_precision precision, const padded_map *p, const window *w, const float *map, void *memory) {
    if (precision == kernel_bf16) kernel_bf16_pad_planes(p, w, map, memory);
    else kernel_pad_planes(p, w, map, memory);
}

/// A part's product on the map whose planes lie in the memory; `b` is the matrix as it is, in bf16 as pairs of rows, values and `to` are those of
/// the map.
static void multiply_planes(enum kernel_precision precision, const convolution_part *part, const padded_map *p, const float *b,
                            const kernel_product_ends *ends, float *to, void *memory) {
    const window *w = &part->windows;
    const ptrdiff_t lines = narrow_lines(p, w), stride = narrow_stride(p, w);
    const float *const planes = memory;
    ptrdiff_t *const offsets = (ptrdiff_t *)((char *)memory + narrow_planes_bytes(p, w));
    float *const sums = (float *)((char *)offsets + narrow_offsets_bytes(w));
    for (ptrdiff_t tap = 0, term = 0; tap < window_taps(w); tap++)
        for (ptrdiff_t i = 0; i < w->channels; i++, term++)
            offsets[term] = (precision == kernel_bf16 ? i / 2 : i) * padded_count(p) + padded_tap(p, w, tap);
    for (ptrdiff_t d = 0; d < w->axes[0].windows; d++)
        for (ptrdiff_t h = 0; h < w->axes[1].windows; h += lines) {
            const ptrdiff_t some = least_of(lines, w->axes[1].windows - h), count = (some - 1) * p->size[2] + w->axes[2].windows;
            const float *const first = planes + (part->k ? padded_line(p, w, d, h) : 0);
            if (precision == kernel_bf16)
                kernel_bf16_planes_product(count, part->k, part->n, b, offsets, first, ends->bias, sums, stride);
            else kernel_planes_product(count, part->k, part->n, b, offsets, first, ends->bias, sums, stride);
            for (ptrdiff_t line = 0; line < some; line++)
                kernel_scatter_planes(&part->places, d, h + line, sums + line * p->size[2], stride, ends, to);
        }
}
