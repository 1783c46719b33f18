// Maps with the zeros around them that windows see, so that what a column of windows sees lies at the same distance from each of them.
#pragma once
#include "phases.h"

/// A map with margins: where it begins, and the size with them.
typedef struct {
    ptrdiff_t low[KERNEL_AXES], size[KERNEL_AXES];
} padded_map;

static inline ptrdiff_t padded_count(const padded_map *p) { return p->size[0] * p->size[1] * p->size[2]; }

static inline void pad_for(padded_map *p, const window *w) {
    if (window_columns(w) == 0 || window_count(w) == 0) return;
    for (int a = 0; a < KERNEL_AXES; a++) {
        const window_axis *axis = w->axes + a;
        const ptrdiff_t end = axis->start + (axis->windows - 1) * axis->step + (axis->taps - 1) * axis->spacing + 1;
        const ptrdiff_t low = -axis->start, more = low - p->low[a];
        if (more > 0) p->low[a] = low, p->size[a] += more;
        if (p->low[a] + end > p->size[a]) p->size[a] = p->low[a] + end;
    }
}

/// Margins for all windows of a direction.
static inline padded_map make_padded(const kernel_convolution *c, enum kernel_direction direction) {
    const int forward = direction == kernel_convolve_forward;
    padded_map p = {{0}, {0}};
    for (int a = 0; a < KERNEL_AXES; a++) p.size[a] = forward ? c->input[a] : c->output[a];
    for (ptrdiff_t index = 0; index < (forward ? 1 : phase_count(c)); index++) {
        const window w = forward ? input_windows(c, 0) : make_phase(c, 0, index).seen_from;
        pad_for(&p, &w);
    }
    return p;
}

/// Where the first window of the d-th plane and h-th line of windows begins.
static inline ptrdiff_t padded_line(const padded_map *p, const window *w, ptrdiff_t d, ptrdiff_t h) {
    const window_axis *axes = w->axes;
    return ((p->low[0] + axes[0].start + d * axes[0].step) * p->size[1] + p->low[1] + axes[1].start + h * axes[1].step) * p->size[2]
        + p->low[2] + axes[2].start;
}

/// From a window to what its tap number `index` sees.
static inline ptrdiff_t padded_tap(const padded_map *p, const window *w, ptrdiff_t index) {
    const window_axis *axes = w->axes;
    const ptrdiff_t z = index / axes[2].taps / axes[1].taps, y = index / axes[2].taps % axes[1].taps, x = index % axes[2].taps;
    return (z * axes[0].spacing * p->size[1] + y * axes[1].spacing) * p->size[2] + x * axes[2].spacing;
}

// Elementwise kernels, for the processor's instructions.

/// The channels of a map that windows see, each by itself, [channel][padded map].
void kernel_pad_planes(const padded_map *p, const window *w, const float *map, float *planes);
/// `count` sums of each channel, `stride` apart, to neighbouring windows of a line from (d, h, 0) on: end(sum) to its place on the map. The ends'
/// values lie as the map.
void kernel_scatter_planes(const window *places, ptrdiff_t d, ptrdiff_t h, const float *sums, ptrdiff_t stride,
                           const kernel_product_ends *ends, float *map);
