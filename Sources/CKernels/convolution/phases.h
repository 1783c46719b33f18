// The way back through a convolution, without adding up in place: positions of the input with the same rest of (position + padding) / stride
// are seen by the same taps, from neighbouring outputs. Each such phase is a convolution of stride 1 over the outputs.
#pragma once
#include "window.h"

/// Positions of the input, along each axis every stride-th, and the taps that see them.
typedef struct {
    /// On the output: what was seen from, in ascending order.
    window seen_from;
    /// On the input, of one tap: the phase's positions.
    window positions;
    /// Tap i of `seen_from` along an axis is the convolution's tap `last - i * apart`.
    ptrdiff_t last[KERNEL_AXES], apart[KERNEL_AXES];
} phase;

static inline ptrdiff_t phase_count(const kernel_convolution *c) { return c->stride[0] * c->stride[1] * c->stride[2]; }

static inline ptrdiff_t greatest_divisor(ptrdiff_t a, ptrdiff_t b) {
    while (b) {
        const ptrdiff_t rest = a % b;
        a = b, b = rest;
    }
    return a;
}

static inline phase make_phase(const kernel_convolution *c, ptrdiff_t group, ptrdiff_t index) {
    const ptrdiff_t channels = c->channels / c->groups, outputs = c->outputs / c->groups;
    phase p = {
        .seen_from = {.stride = c->outputs, .channel = group * outputs, .channels = outputs},
        .positions = {.stride = c->channels, .channel = group * channels, .channels = channels},
    };
    for (int a = KERNEL_AXES - 1; a >= 0; a--) {
        const ptrdiff_t stride = c->stride[a], dilation = c->dilation[a], kernel = c->kernel[a];
        const ptrdiff_t at = index % stride, from = at + c->padding[a], windows = at < c->input[a] ? (c->input[a] - at - 1) / stride + 1 : 0;
        index /= stride;
        const ptrdiff_t divisor = greatest_divisor(stride, dilation), apart = stride / divisor;
        ptrdiff_t tap = 0;
        while (tap < apart && tap < kernel && (from - tap * dilation) % stride != 0) tap++;
        const ptrdiff_t taps = tap < apart && tap < kernel ? (kernel - 1 - tap) / apart + 1 : 0;
        p.last[a] = tap + (taps - 1) * apart, p.apart[a] = apart;
        const ptrdiff_t start = taps ? (from - p.last[a] * dilation) / stride : 0;
        p.seen_from.axes[a] = (window_axis){c->output[a], windows, 1, start, dilation / divisor, taps};
        p.positions.axes[a] = (window_axis){c->input[a], windows, stride, at, 1, 1};
    }
    return p;
}

/// The convolution's tap that is number `index` of the phase's.
static inline ptrdiff_t phase_tap(const phase *p, const kernel_convolution *c, ptrdiff_t index) {
    const window_axis *axes = p->seen_from.axes;
    const ptrdiff_t place[] = {index / axes[2].taps / axes[1].taps, index / axes[2].taps % axes[1].taps, index % axes[2].taps};
    ptrdiff_t tap = 0;
    for (int a = 0; a < KERNEL_AXES; a++) tap = tap * c->kernel[a] + p->last[a] - place[a] * p->apart[a];
    return tap;
}
