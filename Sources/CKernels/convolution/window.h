// Windows on maps: what the taps of a convolution see from each of the positions of a grid.
#pragma once
#include "ckernels_convolution.h"

/// Windows along one axis.
typedef struct {
    /// Positions of the map, and windows on it.
    ptrdiff_t size, windows;
    /// From one window to the next, the position of the first one's first tap, from one tap to the next, and taps. May reach out of the map.
    ptrdiff_t step, start, spacing, taps;
} window_axis;

/// Windows on maps with `stride` values at each position, of which they see `channels` from `channel` on. The columns of a window are its taps,
/// the last axis fastest, and then the channels.
typedef struct {
    window_axis axes[KERNEL_AXES];
    ptrdiff_t stride, channel, channels;
} window;

/// Windows on each map.
static inline ptrdiff_t window_count(const window *w) { return w->axes[0].windows * w->axes[1].windows * w->axes[2].windows; }
static inline ptrdiff_t window_taps(const window *w) { return w->axes[0].taps * w->axes[1].taps * w->axes[2].taps; }
static inline ptrdiff_t window_columns(const window *w) { return window_taps(w) * w->channels; }

// Elementwise kernels, for the processor's instructions.

/// Columns `column` to `column + columns` of `count` windows from the `first` on, counted over all maps, as [window][column]. What lies outside
/// of the map is 0.
void kernel_gather_windows(const window *w, const float *maps, ptrdiff_t first, ptrdiff_t count, ptrdiff_t column, ptrdiff_t columns,
                           float *to);
/// The other way round for windows of one tap: end(sum) to its place. The ends' values lie as `maps`.
void kernel_scatter_windows(const window *w, const float *sums, ptrdiff_t first, ptrdiff_t count, const kernel_product_ends *ends,
                            float *maps);

/// What the outputs' windows see of the input's channels of a group.
static inline window input_windows(const kernel_convolution *c, ptrdiff_t group) {
    const ptrdiff_t channels = c->channels / c->groups;
    window w = {.stride = c->channels, .channel = group * channels, .channels = channels};
    for (int a = 0; a < KERNEL_AXES; a++)
        w.axes[a] = (window_axis){c->input[a], c->output[a], c->stride[a], -c->padding[a], c->dilation[a], c->kernel[a]};
    return w;
}

/// Every position of an output, its channels of a group.
static inline window output_positions(const kernel_convolution *c, ptrdiff_t group) {
    const ptrdiff_t channels = c->outputs / c->groups;
    window w = {.stride = c->outputs, .channel = group * channels, .channels = channels};
    for (int a = 0; a < KERNEL_AXES; a++) w.axes[a] = (window_axis){c->output[a], c->output[a], 1, 0, 1, 1};
    return w;
}
